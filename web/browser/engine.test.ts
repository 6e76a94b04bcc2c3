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
    await expect.poll(() => page.getByText('SIMULATED DATA').count()).toBe(status.simulated ? 1 : 0);
    await expect.poll(() => page.locator('footer').innerText()).toContain(`k = ${status.k}`);
    await expect.poll(() => page.locator('.top').count()).toBe(4);

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
      await expect.poll(() => held.locator('.latest').innerText()).toContain('fewer than 10 authors');
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

  test.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)('the flows of a reader and an editor, on the running engine with simulated posts: %s, %d pixels', { timeout: FIRST_NUMBERS_MS + 180_000 }, async (colorScheme, width) => {
    const context = await browser.newContext({ locale: 'en-GB', colorScheme, viewport: { width, height: 900 } });
    // What one makes is there when the other comes.
    const [weather, feed] = [`weather-${width}`, `flow-${width}`];
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(url).origin });
    await context.addInitScript(toured);
    const page = await context.newPage();
    const { errors, foreign } = watch(page, url);
    const go = (path: string): Promise<unknown> => page.goto(new URL(path, url).href);
    const clean = async (where: string): Promise<void> => {
      expect(await violations(page), where).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), where).toBeLessThanOrEqual(0);
      expect(await page.locator('.trouble').count(), where).toBe(0);
    };
    // A watch is written, read by the server's own parser, refused where it must be, saved, and is in the register.
    await go('/watches?new=1');
    const query = page.getByLabel('Query', { exact: true });
    await query.fill('storm AND author:jane');
    await page.locator('.reading').getByText('never who says it').waitFor();
    await expect.poll(() => page.locator('.caret mark').innerText()).toContain('author:');
    await query.fill('storm* OR rain*');
    await page.locator('.reading').getByText(/cost/).first().waitFor();
    await clean('/watches?new=1');
    await page.getByLabel('Name', { exact: true }).fill(weather);
    await page.getByLabel('Purpose', { exact: true }).fill('crisis-response');
    await page.getByLabel('In a sentence').fill('See where the weather is discussed.');
    // Tried before it is made: over what the simulator has made up so far, once an hour of it is over.
    const hours = async (): Promise<number> => ((await (await fetch(new URL('api/v1/volumes?by=total&step=hour', url))).json()) as { items: unknown[] }).items.length;
    await expect.poll(hours, { timeout: FIRST_NUMBERS_MS, interval: 1_000 }).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Try it over the last days' }).click();
    await page.getByText(/^In \d+ hours? it would have counted about [\d,]+ posts/).waitFor({ timeout: 60_000 });
    await clean('a trial');
    await page.getByRole('button', { name: 'Make the watch' }).click();
    await page.locator('.watch', { hasText: weather }).waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toBe(`/watches/${weather}`);
    await page.getByText('Who decided this?').click();
    await page.getByText(/Made by/).waitFor();
    await clean(`/watches/${weather}`);
    // A feed is tried, made, and ended again.
    await go('/feeds');
    await page.getByText('Make a feed').click();
    await page.getByLabel('Name', { exact: true }).fill(feed);
    await page.getByRole('button', { name: 'What would this have told me?' }).click();
    // In the first minutes there may be none.
    await page.getByText(/detections? in|Nothing was detected/).first().waitFor();
    await page.getByRole('button', { name: 'Make it' }).click();
    await page.getByRole('link', { name: feed, exact: true }).click();
    await page.locator('.ways').waitFor();
    await page.getByText('What receivers get').click();
    await page.getByRole('radio', { name: 'Slack' }).or(page.getByText('There is nothing to be shown yet')).first().waitFor();
    await clean(`/feed/${feed}`);
    await page.getByRole('button', { name: 'End this feed' }).click();
    await page.getByRole('button', { name: `End ${feed}` }).click();
    await page.getByRole('link', { name: feed, exact: true }).waitFor({ state: 'detached' });
    // Explore, in all its forms: what closes at all has closed in the test before this one.
    for (const [path, wanted] of [['/explore', /^1 line/], ['/explore?by=language&compare=before&span=60', /lines?, 60 windows/], ['/explore?form=long&span=1440', /^Posts per minute, 1,440 minutes/]] as const) {
      await go(path);
      await page.getByRole('group', { name: wanted }).waitFor({ timeout: 60_000 });
      await clean(path);
    }
    await go('/explore?by=term&form=week');
    await page.locator('.week rect, .none').first().waitFor();
    await go('/explore?by=spoken&of=storm-and-flood');
    await page.locator('.legend li, .none').first().waitFor();
    await clean('/explore?by=spoken');
    // The log is checked in the browser, against the head that the engine signed.
    await go('/audit');
    await page.getByRole('button', { name: 'Check it here' }).click();
    await page.getByText(/what the head is over, and it is signed by the key below/).waitFor({ timeout: 60_000 });
    await clean('/audit');
    // The palette, the keys, the wall, the settings.
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Go to, or do' }).waitFor();
    await page.keyboard.type(weather);
    // It can be found once the watches have been read.
    await page.getByRole('option', { name: new RegExp(weather) }).first().waitFor();
    await page.keyboard.press('Enter');
    await expect.poll(() => new URL(page.url()).pathname).toBe(`/watches/${weather}`);
    for (const path of ['/wall', '/settings', '/narratives', '/sources']) {
      await go(path);
      await page.locator('main h2, main h1').first().waitFor();
      await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => {});
      await clean(path);
    }
    // A detection, where there is one already.
    await go('/');
    await page.locator('.total canvas').waitFor();
    const found = await page.locator('.detection h3 a').count();
    if (found > 0) {
      await page.locator('.detection h3 a').first().click();
      await page.locator('.chart svg rect').first().waitFor({ timeout: 60_000 });
      await page.getByRole('button', { name: 'Copy as a message' }).click();
      await page.getByRole('button', { name: 'Useful' }).first().click();
      await page.getByText('Marked useful.').waitFor();
      await clean('a detection');
    }
    console.log(`detections at hand: ${found}`);
    expect(errors.filter((error) => !/status of 40[04]/.test(error))).toEqual([]);
    expect(foreign).toEqual([]);
    await context.close();
  });
});
