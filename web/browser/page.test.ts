// The built page in a real Chromium, against the stand-in server: every state that a running engine may have.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { startMock } from '../mock/server.mjs';
import { violations } from './checks';
import { overflow, pages, settled } from './harness';

const { open, cleanups } = pages();

/** Every page that the navigation leads to. */
const PATHS = ['/', '/explore', '/narratives', '/watches', '/feeds', '/sources', '/audit'] as const;

async function drawn(page: Page): Promise<void> {
  await page.locator('.total canvas').waitFor();
  await page.locator('.top tbody tr').first().waitFor();
}

/** Share of the chart's pixels that are painted at all. */
async function painted(page: Page): Promise<number> {
  return page.locator('.total canvas').evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? new Uint8ClampedArray();
    let count = 0;
    for (let i = 3; i < pixels.length; i += 4) if ((pixels[i] ?? 0) > 0) count += 1;
    return count / (pixels.length / 4);
  });
}

describe('with numbers', () => {
  test('all parts are there, without an error and without another host', async () => {
    const { page, errors, foreign } = await open('live');
    await drawn(page);
    expect(await painted(page)).toBeGreaterThan(0.2);
    await expect.poll(() => page.locator('.top').count()).toBe(4);
    await expect.poll(() => page.locator('.narrative h3').allInnerTexts()).toEqual(['river, bridge, closed', 'train strike, Thursday']);
    await expect.poll(() => page.locator('.top').nth(0).locator('tbody tr').count()).toBe(10);
    await expect.poll(() => page.locator('.top', { hasText: 'Languages' }).innerText()).toContain('Portuguese');
    await expect.poll(() => page.locator('.pill').innerText()).toBe('Live');
    expect(await page.getByText('SIMULATED DATA').count()).toBe(0);
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
  });

  test('simulated data are called so across the whole width, and stay so while scrolling', async () => {
    const { page } = await open('simulated');
    await drawn(page);
    const banner = page.getByRole('region', { name: 'Simulated data' });
    await expect.poll(() => banner.innerText()).toContain('SIMULATED DATA');
    await page.mouse.wheel(0, 1_500);
    await page.waitForFunction(() => scrollY > 500);
    const box = await banner.boundingBox();
    expect(box?.y).toBe(0);
    expect(box?.width).toBe(await page.evaluate(() => document.documentElement.clientWidth));
  });

  test('a held-back watch is no zero, and its reason is one click away', async () => {
    const { page } = await open('live', { path: '/watches' });
    const card = page.locator('.watch', { hasText: 'Rail strike' });
    const why = card.getByRole('button', { name: /fewer than 10 authors/ });
    expect(await card.locator('.latest').innerText()).not.toMatch(/\b0 posts/);
    await why.click();
    const dialog = page.getByRole('dialog', { name: /held back/i });
    await dialog.waitFor();
    await expect.poll(() => dialog.innerText()).toContain('k = 10');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await why.evaluate((button) => button === document.activeElement)).toBe(true);
  });

  test('gaps and held-back minutes are named under the chart and in its table', async () => {
    const { page } = await open('live');
    await drawn(page);
    const total = page.locator('.total');
    await expect.poll(() => total.locator('.legend').innerText()).toMatch(/held back: fewer than 10 authors[\s\S]*not recorded/);
    await total.locator('summary', { hasText: 'Numbers as a table' }).click();
    const rows = total.locator('tbody tr');
    await expect.poll(() => rows.count()).toBe(170);
    await expect.poll(() => rows.filter({ hasText: 'fewer than 10 authors' }).count()).toBe(4);
    await expect.poll(() => rows.filter({ hasText: 'not recorded' }).count()).toBe(8);
  });

  test('the strip under the chart stands on its time axis, and says what was missed and what is', async () => {
    const { page } = await open('simulated');
    await drawn(page);
    const strip = page.locator('.total .band > svg');
    await expect.poll(() => strip.getAttribute('aria-label')).toMatch(/\d+ listened to, 3 partly listened to, 8 not listened to, 10 not known/);
    const plot = await page.locator('.total .u-over').boundingBox();
    const box = await strip.boundingBox();
    expect(Math.abs((plot?.x ?? 0) - (box?.x ?? 9))).toBeLessThan(1);
    expect(Math.abs((plot?.width ?? 0) - (box?.width ?? 9))).toBeLessThan(1);
    await expect.poll(() => page.locator('.blind').innerText()).toMatch(/Blind since .* to bluesky: the connection was refused/);
    await page.locator('.gaps summary').click();
    await expect.poll(() => page.locator('.gaps li').count()).toBe(2);
  });

  test('a minute that closes is drawn without reloading', async () => {
    const { page, mock } = await open('live');
    await drawn(page);
    await expect.poll(() => mock.listeners()).toBe(1);
    const newest = page.locator('.total header .small').first();
    const before = await newest.innerText();
    mock.closeMinute();
    await expect.poll(() => newest.innerText(), { timeout: 10_000 }).not.toBe(before);
  });

  test('another step shows other windows', async () => {
    const { page } = await open('live');
    await drawn(page);
    await page.getByRole('radio', { name: 'Day' }).check();
    await page.getByRole('heading', { name: 'Posts per day' }).waitFor();
    await drawn(page);
    await expect.poll(() => page.locator('.total').innerText()).toContain('(UTC)');
  });

  test('the theme follows the system, and the switch outlasts a reload', async () => {
    const { page } = await open('live', { scheme: 'dark' });
    await drawn(page);
    const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    const toggle = page.getByRole('button', { name: 'Dark theme' });
    await expect.poll(() => toggle.getAttribute('aria-pressed')).toBe('true');
    await toggle.click();
    const light = await ground();
    expect(light).not.toBe(dark);
    await page.reload();
    await drawn(page);
    expect(await ground()).toBe(light);
    expect(await painted(page)).toBeGreaterThan(0.2);
  });

  test('everything is reached by keyboard, and the chart is read by arrow keys', async () => {
    const { page } = await open('live');
    await drawn(page);
    const seen = new Set<string>();
    for (let i = 0; i < 120; i += 1) {
      await page.keyboard.press('Tab');
      const name = await page.evaluate(() => {
        const at = document.activeElement;
        return at === null || at === document.body ? '' : (at.getAttribute('aria-label') ?? at.textContent ?? '').trim().slice(0, 60) || (at as HTMLInputElement).value;
      });
      if (name.startsWith('Posts and authors per minute')) {
        await page.keyboard.press('ArrowLeft');
        await page.keyboard.press('ArrowLeft');
        await expect.poll(() => page.locator('.chart [aria-live]').textContent()).toMatch(/posts, .* authors/);
        expect(await page.locator('.tip').isVisible()).toBe(true);
      }
      seen.add(name);
    }
    const names = [...seen].join('\n');
    for (const wanted of ['Skip to the numbers', 'Dark theme', 'Now', 'Watches', 'minute', 'What is held back?', 'Posts and authors', 'Numbers as a table', 'fewer than 10 authors', 'How this is counted']) {
      expect(names).toContain(wanted);
    }
  });

  test.each([320, 390, 768, 1280, 2560])('nothing runs over the side at %d pixels', async (width) => {
    const { page, mock } = await open('simulated', { width, height: 844 });
    await drawn(page);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    for (const path of PATHS.slice(1)) {
      await page.goto(new URL(path, mock.url).href);
      await settled(page);
      expect(await overflow(page), path).toBeLessThanOrEqual(0);
    }
  });

  test('numbers follow the locale', async () => {
    const { page } = await open('live', { locale: 'de-DE' });
    await drawn(page);
    await expect.poll(() => page.locator('.figure b').first().innerText()).toMatch(/^\d\.\d{3}$/);
    await page.locator('.top', { hasText: 'Languages' }).getByText('Portugiesisch').first().waitFor();
  });

  test('reduced motion is honoured', async () => {
    const { page } = await open('live', { reducedMotion: 'reduce' });
    await drawn(page);
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  });
});

describe('without numbers', () => {
  test('before the first closed minute the page says what is happening', async () => {
    const { page, errors } = await open('empty');
    await page.getByText(/Reading posts: 812,447 so far/).waitFor();
    await expect.poll(() => page.locator('.empty').innerText()).toContain('The first minute');
    expect(errors).toEqual([]);
  });

  test('before the first post too', async () => {
    const { page } = await open('silent');
    await page.getByText('Listening. There is nothing to tell of yet.').waitFor();
  });

  test('what the server refuses is said calmly, and the rest stands', async () => {
    const { page } = await open('failing');
    await page.locator('.total .trouble').waitFor();
    await expect.poll(() => page.locator('.total').innerText()).toContain('the store could not be read: database is locked');
    await expect.poll(() => page.locator('.narrative').count()).toBe(2);
  });

  test('a server that goes away leaves the numbers, says so, and is found again', async () => {
    const { page, mock } = await open('live');
    await drawn(page);
    // The lists come when there is time for them.
    const lines = () => page.locator('.top tbody tr').count();
    await expect.poll(lines).toBeGreaterThan(30);
    const port = Number(new URL(mock.url).port);
    await mock.close();
    const bar = page.getByRole('alert');
    await bar.waitFor({ timeout: 20_000 });
    await expect.poll(() => bar.innerText()).toMatch(/connection to Groundswell is lost[\s\S]*was read at/);
    expect(await lines()).toBeGreaterThan(30);
    const again = await startMock({ scenario: 'live', port });
    cleanups.push(() => again.close());
    await bar.getByRole('button', { name: 'Try now' }).click();
    await bar.waitFor({ state: 'hidden', timeout: 20_000 });
  });
});

describe('hostile content', () => {
  test.each([390, 1280])('is text, and breaks nothing at %d pixels', async (width) => {
    const { page, mock, errors } = await open('hostile', { width });
    await drawn(page);
    const heights = await page.locator('.top').first().locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
    expect(Math.max(...heights) - Math.min(...heights)).toBeLessThan(1);
    for (const path of PATHS) {
      if (path !== '/') await page.goto(new URL(path, mock.url).href);
      await settled(page);
      expect(await page.title()).toMatch(/^[A-Z][a-z]+ · Groundswell$/);
      expect(await page.locator('.page img, .page script, .page b b').count(), path).toBe(0);
      expect(await overflow(page), path).toBeLessThanOrEqual(0);
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect(await overflow(page), `${path}, all open`).toBeLessThanOrEqual(0);
    }
    expect(errors).toEqual([]);
  });
});

describe('between pages', () => {
  test('links, the back button, reloads and keys lead where they say, without loading anew', async () => {
    const { page, errors } = await open('live');
    await drawn(page);
    await page.evaluate(() => Object.assign(window, { same: true }));
    const nav = page.getByRole('navigation', { name: 'Pages' });
    await nav.getByRole('link', { name: 'Watches' }).click();
    await page.locator('.watch').first().waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/watches');
    expect(await page.title()).toBe('Watches · Groundswell');
    await expect.poll(() => nav.locator('[aria-current=page]').innerText()).toBe('Watches');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
    await page.keyboard.press('g');
    await page.keyboard.press('n');
    await drawn(page);
    await page.locator('.narrative h3 a').first().click();
    await page.locator('.narrative dl').waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/narratives/n1a2b3c');
    await page.goBack();
    await drawn(page);
    await page.goForward();
    await page.locator('.narrative dl').waitFor();
    expect(await page.evaluate(() => 'same' in window)).toBe(true);
    await page.reload();
    await page.locator('.narrative dl').waitFor();
    await expect.poll(() => page.locator('.narrative').count()).toBe(1);
    expect(errors).toEqual([]);
  });

  test('the chosen windows are in the address, and an address shows them again', async () => {
    const { page } = await open('live');
    await drawn(page);
    await page.getByRole('radio', { name: 'Hour' }).check();
    await expect.poll(() => new URL(page.url()).search).toBe('?step=hour');
    await page.reload();
    await page.getByRole('heading', { name: 'Posts per hour' }).waitFor();
  });

  test('an address of nothing says so', async () => {
    const { page } = await open('live', { path: '/detections/a/b' });
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    await page.getByRole('link', { name: 'What is going on now' }).click();
    await drawn(page);
  });

  test('? shows the keys, and switching them off does', async () => {
    const { page } = await open('live');
    await drawn(page);
    await page.keyboard.press('?');
    const sheet = page.getByRole('dialog', { name: 'Keys' });
    await sheet.waitFor();
    expect(await violations(page)).toEqual([]);
    await sheet.getByRole('checkbox').uncheck();
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'hidden' });
    await page.keyboard.press('?');
    await page.keyboard.press('Tab');
    await expect.poll(() => sheet.isVisible()).toBe(false);
  });
});

describe('accessible', () => {
  test.each([
    ['simulated', 'light', 1280],
    ['simulated', 'dark', 1280],
    ['simulated', 'light', 390],
    ['hostile', 'dark', 390],
    ['empty', 'light', 1280],
    ['failing', 'dark', 1280],
  ] as const)('axe finds nothing: %s, %s, %d pixels', async (scenario, scheme, width) => {
    const { page, mock } = await open(scenario, { scheme, width });
    await page.locator('.total').getByText(/Newest closed|could not|Reading posts/).first().waitFor();
    for (const path of PATHS) {
      if (path !== '/') await page.goto(new URL(path, mock.url).href);
      await settled(page);
      expect(await violations(page), path).toEqual([]);
    }
  });

  test('nor with tables and the dialog open', async () => {
    const { page } = await open('simulated');
    await drawn(page);
    for (const summary of await page.locator('summary').all()) await summary.click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'What is held back?' }).click();
    expect(await violations(page)).toEqual([]);
  });
});

describe('the river of narratives', () => {
  test.each([
    ['live', 'light', 1280],
    ['hostile', 'dark', 390],
  ] as const)('has a band for each, leads to them, and has its numbers as a table: %s, %s, %d pixels', async (scenario, scheme, width) => {
    const { page, errors } = await open(scenario, { path: '/narratives', scheme, width });
    const river = page.getByRole('region', { name: 'Side by side' });
    await river.locator('path').first().waitFor();
    const bands = scenario === 'hostile' ? 5 : 4;
    await expect.poll(() => river.locator('path').count()).toBe(bands);
    await river.getByText('Numbers as a table').click();
    await expect.poll(() => river.getByRole('table').locator('tbody tr').count()).toBe(48);
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await river.getByRole('link', { name: /train strike/ }).click();
    await page.locator('.narrative dl').waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/narratives/n1a2b3d');
    expect(errors).toEqual([]);
  });
});
