// Every flow that other files do not do by keyboard already, by keyboard alone: nothing here touches the mouse, and what has the focus can
// be seen to have it.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { pages, settled } from './harness';

const { open } = pages();
const BURST = '/detections/burst-b7';

/** What has the focus is called, as a reader would hear it; and whether an outline or a ring shows it. */
async function focused(page: Page): Promise<{ name: string; shown: boolean }> {
  return page.evaluate(() => {
    const at = document.activeElement;
    if (at === null || at === document.body) return { name: '', shown: true };
    const labels = at instanceof HTMLInputElement || at instanceof HTMLSelectElement || at instanceof HTMLTextAreaElement ? [...(at.labels ?? [])].map((label) => label.textContent ?? '').join(' ') : '';
    const name = (at.getAttribute('aria-label') ?? (labels || at.textContent) ?? '').replaceAll(/\s+/g, ' ').trim();
    // A field of a choice that is hidden shows it by its label.
    const rings = [at, at.parentElement].filter((one) => one !== null).map((one) => getComputedStyle(one));
    return { name, shown: rings.some((style) => style.outlineStyle !== 'none' || style.boxShadow !== 'none') };
  });
}

/** Presses Tab until something of this name has the focus. */
async function to(page: Page, wanted: RegExp | string): Promise<void> {
  const fits = (name: string): boolean => (typeof wanted === 'string' ? name === wanted : wanted.test(name));
  const seen: string[] = [];
  for (let presses = 0; presses < 300; presses += 1) {
    await page.keyboard.press('Tab');
    const { name, shown } = await focused(page);
    if (fits(name)) {
      expect(shown, `${name} shows that it has the focus`).toBe(true);
      return;
    }
    seen.push(name);
  }
  throw new Error(`${String(wanted)} was not reached; passed: ${[...new Set(seen)].join(' | ')}`);
}

async function press(page: Page, wanted: RegExp | string, key = 'Enter'): Promise<void> {
  await to(page, wanted);
  await page.keyboard.press(key);
}

describe('by keyboard alone', () => {
  test('a feed is tried, made, previewed and ended', async () => {
    const { page, errors } = await open('live', { path: '/feeds' });
    await page.getByRole('link', { name: 'two-a-day' }).waitFor();
    await press(page, 'Make a feed');
    await to(page, 'Name');
    await page.keyboard.type('by-hand');
    await press(page, 'high', 'Space');
    await to(page, 'In the last');
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => page.getByLabel('In the last').inputValue()).toBe('7');
    await press(page, 'What would this have told me?');
    await page.getByText(/detections? in|Nothing was detected/).waitFor();
    await press(page, 'Make it');
    await page.getByRole('link', { name: 'by-hand' }).waitFor();
    await press(page, 'by-hand');
    await page.locator('.ways').waitFor();
    await press(page, 'What receivers get');
    await page.getByText(/There is nothing to be shown yet|Made by what sends it/).first().waitFor();
    await press(page, 'End this feed');
    await press(page, 'End by-hand');
    await page.getByRole('link', { name: 'two-a-day' }).waitFor();
    await page.getByRole('link', { name: 'by-hand' }).waitFor({ state: 'detached' });
    expect(errors.filter((error) => !error.includes('404'))).toEqual([]);
  });

  test('a detection is marked, noted and taken along', async () => {
    const { page, errors } = await open('live', { path: BURST });
    await page.getByRole('button', { name: 'Useful' }).waitFor();
    await press(page, 'Useful', 'Space');
    await page.getByText('Marked useful.').waitFor();
    await to(page, /^Note, for everybody/);
    await page.keyboard.type('a drill');
    await press(page, 'Add note');
    await page.locator('blockquote', { hasText: 'a drill' }).waitFor();
    await press(page, 'Take it back');
    await page.locator('blockquote', { hasText: 'a drill' }).waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
  });

  test('Explore counts by language, beside the stretch before', async () => {
    const { page, errors } = await open('live', { path: '/explore' });
    await settled(page);
    await to(page, 'Count');
    await page.keyboard.type('By lang');
    await expect.poll(() => new URL(page.url()).searchParams.get('by')).toBe('language');
    await settled(page);
    await press(page, 'with the stretch before', 'Space');
    await expect.poll(() => new URL(page.url()).searchParams.get('compare')).toBe('before');
    await press(page, 'Earlier');
    await expect.poll(() => new URL(page.url()).searchParams.get('to')).not.toBeNull();
    expect(errors).toEqual([]);
  });

  test('the log is checked', async () => {
    const { page, errors } = await open('live', { path: '/audit' });
    await page.getByRole('button', { name: 'Check it here' }).waitFor();
    await press(page, 'Check it here');
    // The stand-in signs nothing, and is found out.
    await page.getByRole('status').getByText(/ALTERED|NOT signed|could not be read|what the head is over/).waitFor();
    expect(errors).toEqual([]);
  });

  test('what is held back is explained, and the way back is where one was', async () => {
    const { page, errors } = await open('live');
    await settled(page);
    await press(page, 'What is held back?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await expect.poll(async () => (await focused(page)).name).toBe('What is held back?');
    expect(errors).toEqual([]);
  });
});
