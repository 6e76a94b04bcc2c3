// Pages as pictures, held against those in browser/pictures: each a sixteenth of its size, so that letters may be drawn a little otherwise
// on another machine, and a part that moved, went or changed its colour is seen. UPDATE_PICTURES=1 takes them anew.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { pages } from './harness';

const { open } = pages();
const FOLDER = fileURLToPath(new URL('pictures', import.meta.url));
/** A Friday morning; both clocks stand there. */
const AT = Date.parse('2026-11-27T08:00:30Z');
/** A place differs when its colour is off by so much, and so many of a hundred may. */
const FAR = 28;
const DIFFERENT_MAX = 1.5;
const SHRINK = 16;

const PAGES = {
  now: '/', detection: '/detections/burst-b7', explore: '/explore?by=language&compare=before', minutes: '/explore?form=long&span=10080', week: '/explore?by=hashtag&form=week', narratives: '/narratives?compare=n1a2b3c&compare=n1a2b3d',
  narrative: '/narratives/n1a2b3d', watches: '/watches', editor: '/watches?new=1', watch: '/watches/River%20floods', feeds: '/feeds', feed: '/feed/two-a-day', sources: '/sources', audit: '/audit', settings: '/settings', wall: '/wall',
} as const;

/** The page at a sixteenth, as a PNG, made on a page of its own: ours may not read `data:`. */
async function small(page: Page, table: Page): Promise<string> {
  const png = (await page.screenshot({ animations: 'disabled' })).toString('base64');
  return table.evaluate(async ([bytes, by]) => {
    const whole = await createImageBitmap(await (await fetch(`data:image/png;base64,${String(bytes)}`)).blob());
    const [resizeWidth, resizeHeight] = [Math.round(whole.width / Number(by)), Math.round(whole.height / Number(by))];
    const little = await createImageBitmap(whole, { resizeWidth, resizeHeight, resizeQuality: 'high' });
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [resizeWidth, resizeHeight];
    canvas.getContext('2d')?.drawImage(little, 0, 0);
    return canvas.toDataURL('image/png').replace(/^[^,]*,/, '');
  }, [png, SHRINK] as const);
}

/** How many of a hundred places differ; 100 where the sizes do. */
async function different(page: Page, one: string, other: string): Promise<number> {
  return page.evaluate(async ([a, b, far]) => {
    const pixels = async (bytes: string): Promise<ImageData> => {
      const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${bytes}`)).blob());
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [image.width, image.height];
      const pen = canvas.getContext('2d');
      if (pen === null) throw new Error('no canvas');
      pen.drawImage(image, 0, 0);
      return pen.getImageData(0, 0, image.width, image.height);
    };
    const [left, right] = [await pixels(String(a)), await pixels(String(b))];
    if (left.width !== right.width || left.height !== right.height) return 100;
    let count = 0;
    for (let i = 0; i < left.data.length; i += 4) {
      if ([0, 1, 2].some((channel) => Math.abs((left.data[i + channel] ?? 0) - (right.data[i + channel] ?? 0)) > Number(far))) count += 1;
    }
    return (400 * count) / left.data.length;
  }, [one, other, FAR] as const);
}

async function shown(name: keyof typeof PAGES, scheme: 'light' | 'dark', width: number): Promise<{ page: Page; table: Page; picture: string }> {
  const { page } = await open('simulated', { path: PAGES[name], scheme, width, reducedMotion: 'reduce', at: AT });
  await page.locator('main h2, main h1').first().waitFor();
  await page.getByText(/^Reading(?:.*…|.*%)$/).first().waitFor({ state: 'detached' });
  await page.waitForLoadState('networkidle').catch(() => {});
  await page.evaluate(() => document.fonts.ready);
  const table = await page.context().newPage();
  return { page, table, picture: await small(page, table) };
}

describe.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
  ['dark', 390],
] as const)('%s, %d pixels', (scheme, width) => {
  test.each(Object.keys(PAGES) as (keyof typeof PAGES)[])('%s looks as it did', async (name) => {
    const { page, table, picture } = await shown(name, scheme, width);
    const file = join(FOLDER, `${name}-${scheme}-${width}.png`);
    if (process.env['UPDATE_PICTURES'] === '1') {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(file, Buffer.from(picture, 'base64'));
    }
    expect(existsSync(file), `${file} is not there: UPDATE_PICTURES=1 takes it`).toBe(true);
    const off = await different(table, readFileSync(file).toString('base64'), picture);
    if (off > DIFFERENT_MAX) await page.screenshot({ path: join(tmpdir(), `groundswell-${name}-${scheme}-${width}.png`) });
    expect(off, `of a hundred places; the page is in ${tmpdir()}`).toBeLessThanOrEqual(DIFFERENT_MAX);
  });
});

test('another page, another theme, and a part that went are seen as different', async () => {
  const { page, table, picture } = await shown('now', 'light', 1280);
  for (const other of ['watches-light-1280', 'now-dark-1280', 'now-light-390']) {
    expect(await different(table, readFileSync(join(FOLDER, `${other}.png`)).toString('base64'), picture), other).toBeGreaterThan(3 * DIFFERENT_MAX);
  }
  await page.evaluate(() => document.querySelector('.panel')?.remove());
  expect(await different(table, picture, await small(page, table))).toBeGreaterThan(DIFFERENT_MAX);
});
