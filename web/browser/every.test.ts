// What holds of every page there is, in both themes, on desktop and phone, in both languages: nothing for axe to complain of, nothing over
// the side, no error, no other host, nothing that moves for who does not want it, and numbers as a table for every chart.
import { describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { violations } from './checks';
import { overflow, pages } from './harness';

const { open } = pages();

/** Every page, and every form of it that is more than another value. */
const EVERY = [
  '/', '/?step=hour', '/?kind=burst&language=pt', '/detections/burst-b7', '/detections/amplification-a7', '/detections/narrative-n1a2b3c', '/detections/nothing',
  '/explore', '/explore?by=language&compare=before', '/explore?by=domain&show=share', '/explore?by=term&form=week', '/explore?form=long&span=10080', '/explore?by=clause', '/explore?by=spoken',
  '/narratives', '/narratives?compare=n1a2b3c&compare=n1a2b3d', '/narratives/n1a2b3c', '/narratives/nothing',
  '/watches', '/watches?new=1', '/watches/River%20floods', '/watches/River%20floods?edit=1', '/watches/nothing',
  '/feeds', '/feed/everything', '/feed/nothing', '/sources', '/audit', '/settings', '/wall', '/nowhere',
] as const;

async function atRest(page: Page): Promise<void> {
  await page.locator('main h2, main h1').first().waitFor();
  await page.getByText(/^(?:Reading|Lecture)(?:.*…|.*%)$/).first().waitFor({ state: 'detached' });
  await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => {});
}

describe.each([
  ['live', 'light', 1280, 'en-GB'],
  ['simulated', 'dark', 390, 'fr-FR'],
  ['hostile', 'light', 390, 'en-GB'],
  ['viewer', 'dark', 1280, 'en-GB'],
] as const)('%s, %s, %d pixels, %s', (scenario, scheme, width, locale) => {
  test.each(EVERY)('%s', async (path) => {
    const { page, errors, foreign } = await open(scenario, { path, scheme, width, locale, reducedMotion: 'reduce' });
    await atRest(page);
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('main details')) (details as HTMLDetailsElement).open = true;
    });
    await atRest(page);
    expect(await violations(page)).toEqual([]);
    await expect.poll(() => overflow(page)).toBeLessThanOrEqual(0);
    // A chart is a drawing with a name of its own that is larger than a line in a row; its table is in the same part of the page.
    const without = await page.evaluate(() => {
      const large = [...document.querySelectorAll<HTMLElement>('main [role=img], main [role=group][aria-roledescription], main canvas')].filter((one) => one.getBoundingClientRect().height > 100);
      return large.filter((one) => one.closest('section, li.panel, .board')?.querySelector('.numbers-table') === null).map((one) => one.getAttribute('aria-label') ?? one.tagName);
    });
    if (path !== '/wall') expect(without).toEqual([]);
    // That there is no such feed is an answer, which the browser notes.
    expect(errors.filter((error) => !(path.endsWith('/nothing') && error.includes('404')))).toEqual([]);
    expect(foreign).toEqual([]);
  });
});
