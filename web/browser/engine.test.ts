// The page served by the real binary. GROUNDSWELL_URL names one that runs; GROUNDSWELL_BIN one to start, on a free port
// and an empty data folder, where the first numbers take as long as a minute takes to close.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { violations, watch } from './checks';
import { launch } from './chromium.mjs';
import { toured } from './harness';
import { startEngine } from './engine.mjs';

const givenUrl = process.env['GROUNDSWELL_URL'];
const binary = process.env['GROUNDSWELL_BIN'];
/** Simulator after 10 s, a minute to fill, lateness, and room for a busy machine. */
const FIRST_NUMBERS_MS = 240_000;

if (givenUrl === undefined && binary === undefined) {
  console.log('SKIPPED: neither GROUNDSWELL_URL nor GROUNDSWELL_BIN is set; the page was tested against the stand-in only');
}

describe.skipIf(givenUrl === undefined && binary === undefined)('the real binary', () => {
  let folder: string;
  let engine: Awaited<ReturnType<typeof startEngine>> | null = null;
  let browser: Browser;
  let url = givenUrl ?? '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'groundswell-engine-'));
    if (givenUrl === undefined && binary !== undefined) {
      engine = await startEngine(binary, folder);
      url = engine.url;
    }
    browser = await launch(join(folder, 'browser'));
  });

  afterAll(async () => {
    await browser?.close();
    await engine?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('the content policy has no inline exception', async () => {
    const policy = (await fetch(url)).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/unsafe-(inline|eval)/);
  });

  test('says what is happening, then draws its first numbers by itself, in both themes and on a phone', { timeout: FIRST_NUMBERS_MS + 60_000 }, async () => {
    const page = await browser.newPage({ locale: 'en-GB', viewport: { width: 1280, height: 900 } });
    await page.addInitScript(toured);
    const { errors, foreign } = watch(page, url);
    await page.goto(url);
    await page.getByRole('heading', { name: 'Posts per minute' }).waitFor();
    await page.locator('.empty, .total canvas').first().waitFor();
    await page.locator('.total canvas').waitFor({ timeout: FIRST_NUMBERS_MS });
    await page.locator('.total .figure b').first().waitFor({ timeout: FIRST_NUMBERS_MS });
    await page.locator('.top tbody tr').first().waitFor({ timeout: 60_000 });

    const status = (await (await fetch(new URL('api/v1/status', url))).json()) as { simulated: boolean; k: number };
    expect(await page.getByText('SIMULATED DATA').count()).toBe(status.simulated ? 1 : 0);
    expect(await page.locator('footer').innerText()).toContain(`k = ${status.k}`);
    expect(await page.locator('.top').count()).toBe(4);

    await page.locator('.total').getByText('Numbers as a table').click();
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
    for (const name of ['Narratives', 'Feeds', 'Sources', 'Audit', 'Watches']) {
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
      await page.getByRole('heading', { name: new RegExp(name), level: 2 }).first().waitFor();
      await page.reload(); // The server answers every page's own address with the page.
      await page.getByRole('heading', { name: new RegExp(name), level: 2 }).first().waitFor();
      expect(await violations(page), name).toEqual([]);
    }
    if (engine !== null) {
      const held = page.locator('.watch', { hasText: 'rail-strike' });
      expect(await held.locator('.latest').innerText()).toContain('fewer than 10 authors');
      await held.getByRole('button', { name: /fewer than 10 authors/ }).click();
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.locator('.watch', { hasText: 'storm-and-flood' }).getByText(/\d posts by \d+ authors/).waitFor({ timeout: 60_000 });
    }
    expect(await page.locator('.trouble').count()).toBe(0);
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
    await page.close();
  });
});
