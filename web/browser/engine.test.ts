// The page served by the real binary. GROUNDSWELL_URL names one that runs; GROUNDSWELL_BIN one to start, on a free port
// and an empty data folder, where the first numbers take as long as a minute takes to close.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { violations, watch } from './checks';
import { launch } from './chromium.mjs';

const givenUrl = process.env['GROUNDSWELL_URL'];
const binary = process.env['GROUNDSWELL_BIN'];
/** Simulator after 10 s, a minute to fill, lateness, and room for a busy machine. */
const FIRST_NUMBERS_MS = 240_000;
const READY_MS = 60_000;

if (givenUrl === undefined && binary === undefined) {
  console.log('SKIPPED: neither GROUNDSWELL_URL nor GROUNDSWELL_BIN is set; the page was tested against the stand-in only');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

describe.skipIf(givenUrl === undefined && binary === undefined)('the real binary', () => {
  let folder: string;
  let engine: ChildProcess | null = null;
  let browser: Browser;
  let url = givenUrl ?? '';
  let log = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'groundswell-engine-'));
    if (givenUrl === undefined && binary !== undefined) {
      const port = await freePort();
      url = `http://127.0.0.1:${port}/`;
      engine = spawn(binary, ['run', '--listen', `127.0.0.1:${port}`, '--data', join(folder, 'data')], {
        stdio: ['ignore', 'pipe', 'pipe'],
        // The engine refuses GROUNDSWELL_ variables that are no settings of its own, such as those of this test.
        env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GROUNDSWELL_'))),
      });
      for (const out of [engine.stdout, engine.stderr]) out?.on('data', (bytes: Buffer) => (log = (log + bytes.toString()).slice(-10_000)));
      const until = Date.now() + READY_MS;
      const ready = (): Promise<boolean> => fetch(new URL('readyz', url)).then((answer) => answer.ok, () => false);
      while (!(await ready())) {
        if (engine.exitCode !== null) throw new Error(`the engine ended with ${engine.exitCode}:\n${log}`);
        if (Date.now() > until) throw new Error(`the engine is not ready after ${READY_MS} ms:\n${log}`);
        await setTimeout(100);
      }
    }
    browser = await launch(join(folder, 'browser'));
  });

  afterAll(async () => {
    await browser?.close();
    if (engine !== null && engine.exitCode === null) {
      const ended = new Promise((resolve) => engine?.once('exit', resolve));
      engine.kill('SIGTERM');
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  });

  test('the content policy has no inline exception', async () => {
    const policy = (await fetch(url)).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/unsafe-(inline|eval)/);
  });

  test('says what is happening, then draws its first numbers by itself, in both themes and on a phone', { timeout: FIRST_NUMBERS_MS + 60_000 }, async () => {
    const page = await browser.newPage({ locale: 'en-GB', viewport: { width: 1280, height: 900 } });
    const { errors, foreign } = watch(page, url);
    await page.goto(url);
    await page.getByRole('heading', { name: 'Posts per minute' }).waitFor();
    await page.locator('.empty, .total canvas').first().waitFor();
    await page.locator('table[role=table] tbody tr').first().waitFor();
    await page.locator('.total canvas').waitFor({ timeout: FIRST_NUMBERS_MS });
    await page.locator('.total .figure b').first().waitFor({ timeout: FIRST_NUMBERS_MS });
    await page.locator('.top tbody tr').first().waitFor({ timeout: 60_000 });

    const status = (await (await fetch(new URL('api/v1/status', url))).json()) as { simulated: boolean; k: number };
    expect(await page.getByText('SIMULATED DATA').count()).toBe(status.simulated ? 1 : 0);
    expect(await page.locator('footer').innerText()).toContain(`k = ${status.k}`);
    expect(await page.locator('.top').count()).toBe(4);

    await page.locator('.total summary').click();
    await page.locator('.total tbody tr').first().waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Dark theme' }).click();
    expect(await violations(page)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(await violations(page)).toEqual([]);
    for (const step of ['Hour', 'Day', 'Minute']) {
      await page.getByRole('radio', { name: step }).check();
      await page.getByRole('heading', { name: `Posts per ${step.toLowerCase()}` }).waitFor();
      await page.locator('.total canvas, .empty').first().waitFor();
    }
    expect(await page.locator('.trouble').count()).toBe(0);
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
    await page.close();
  });
});
