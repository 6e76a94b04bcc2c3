// Signing in and out of the real binary in a real browser: whether what the server asks of a form is what a browser sends.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { violations, watch } from './checks';
import { launch } from './chromium.mjs';
import { toured } from './harness';
import { startEngine } from './engine.mjs';

const binary = process.env['GROUNDSWELL_BIN'];
const PASSWORD = 'correct horse battery staple';

if (binary === undefined) console.log('SKIPPED: GROUNDSWELL_BIN is not set; nobody signed in');

describe.skipIf(binary === undefined)('with accounts', () => {
  let folder: string;
  let engine: Awaited<ReturnType<typeof startEngine>>;
  let browser: Browser;
  let elsewhere: Server;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'groundswell-signin-'));
    const added = spawnSync(binary as string, ['account', 'add', 'ada', '--role', 'viewer', '--data', join(folder, 'data')], {
      input: `${PASSWORD}\n`,
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GROUNDSWELL_'))),
    });
    expect(added.status, String(added.stderr)).toBe(0);
    engine = await startEngine(binary as string, folder, ['--simulated', '--workers', '1']);
    browser = await launch(join(folder, 'browser'));
    // Another site, which would like to act here.
    elsewhere = createServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<form method="post" action="${engine.url}signin"><input name="account" value="ada"><input name="password" value="${PASSWORD}"><button>go</button></form>`);
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  }, 120_000);

  afterAll(async () => {
    elsewhere?.close();
    await browser?.close();
    await engine?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('in with the right password, out with a click, and no other site may do either', { timeout: 120_000 }, async () => {
    const context = await browser.newContext({ locale: 'en-GB' });
    await context.addInitScript(toured);
    const page = await context.newPage();
    const { errors, foreign } = watch(page, engine.url);
    const refused = /Failed to load resource: the server responded with a status of 40[13]/;

    await page.goto(engine.url);
    await page.getByRole('heading', { name: 'Groundswell' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Account').fill('ada');
    await page.getByLabel('Password').fill('wrong password here');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect.poll(() => page.getByRole('alert').innerText()).toBe('Account or password is wrong.');
    expect(await violations(page)).toEqual([]);

    await page.getByLabel('Account').fill('ada');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Signed in as ada, viewer').waitFor();
    expect(await page.evaluate(() => document.cookie)).toBe('');
    const cookies = await context.cookies();
    expect(cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite])).toEqual([[true, 'Strict']]);

    const other = await context.newPage();
    await other.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`);
    const [answer] = await Promise.all([
      other.waitForResponse((response) => response.url().endsWith('/signin')),
      other.getByRole('button').click(),
    ]);
    expect(answer.status()).toBe(403);
    await other.close();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Password').waitFor();
    expect((await context.request.get(new URL('api/v1/status', engine.url).href)).status()).toBe(401);
    expect(errors.filter((error) => !refused.test(error))).toEqual([]);
    expect(foreign).toEqual([]);
    await context.close();
  });
});
