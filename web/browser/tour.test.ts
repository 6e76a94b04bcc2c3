// The tour: offered once, where the data are made up; beside the page and not over it; by keyboard; in both languages.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { violations } from './checks';
import { overflow, pages, settled } from './harness';

const { open } = pages();
const card = (page: Page, name = 'A minute through this page'): ReturnType<Page['getByRole']> => page.getByRole('region', { name });
const STOPS = 6;

describe('the tour', () => {
  test.each([
    ['en-GB', 'light', 1280, 'A minute through this page', 'Next', 'Done', /^1 of 6$/],
    ['fr-FR', 'dark', 390, 'Une minute pour découvrir cette page', 'Suivant', 'Terminer', /^1 sur 6$/],
  ] as const)('goes through the page stop by stop, with nothing to complain of: %s, %s, %d pixels', async (locale, scheme, width, title, next, done, first) => {
    const { page, errors, foreign } = await open('simulated', { first: true, locale, scheme, width, reducedMotion: 'reduce' });
    await card(page, title).getByText(first).waitFor();
    for (let at = 1; at <= STOPS; at += 1) {
      await expect.poll(() => page.locator('[data-toured]').count()).toBe(1);
      expect(await violations(page)).toEqual([]);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      await card(page, title).getByRole('button', { name: at === STOPS ? done : next }).click();
    }
    await card(page, title).waitFor({ state: 'detached' });
    expect(await page.locator('[data-toured]').count()).toBe(0);
    await page.reload();
    await page.locator('.detection').first().waitFor();
    await page.locator('.total canvas').waitFor();
    expect(await card(page, title).count()).toBe(0);
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
  });

  test('takes no focus by itself, is left with Escape, and does not come again', async () => {
    const { page } = await open('simulated', { first: true });
    await card(page).waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('BODY');
    // From the top: past the way to the numbers, into the card.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Next');
    await page.keyboard.press('Enter');
    await card(page).getByText('2 of 6').waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Next');
    await page.keyboard.press('Escape');
    await card(page).waitFor({ state: 'detached' });
    await page.goto(new URL('/watches', page.url()).href);
    await settled(page);
    await page.getByRole('link', { name: 'Now' }).click();
    await page.locator('.total canvas').waitFor();
    expect(await card(page).count()).toBe(0);
  });

  test('leaves the page usable, and what has the focus in sight', async () => {
    const { page } = await open('simulated', { first: true });
    await card(page).waitFor();
    await page.getByRole('radio', { name: 'Hour' }).check();
    await page.getByRole('heading', { name: 'Posts per hour' }).waitFor();
    const last = page.getByRole('link', { name: 'Metrics' });
    await last.focus();
    const [link, over] = [await last.boundingBox(), await card(page).boundingBox()];
    if (link === null || over === null) throw new Error('not there');
    const apart = link.y + link.height <= over.y || link.x + link.width <= over.x;
    expect(apart).toBe(true);
  });

  test('is not offered where the data are real, and comes when it is asked for', async () => {
    const { page } = await open('live', { first: true });
    await page.locator('.detection').first().waitFor();
    await page.locator('.total canvas').waitFor();
    expect(await card(page).count()).toBe(0);
    await page.goto(new URL('/settings', page.url()).href);
    await page.getByRole('button', { name: 'Take the tour' }).click();
    await card(page).waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Next');
    expect(await page.getByText('The numbers are invented').count()).toBe(0);
  });
});
