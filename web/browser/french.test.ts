// The page in French: chosen by the browser or by the reader, kept, loaded only when spoken, and as clean as the English one.
import { describe, expect, test } from 'vitest';
import { violations } from './checks';
import { overflow, pages } from './harness';

const { open } = pages();
const french = (address: string): boolean => /\/assets\/fr-[^/]*\.js$/.test(address);
/** Words that only an English page has; values, names and what the server says are left out. */
const ENGLISH = /\b(?:the|and|posts?|authors?|with|fewer|reading|listened|held back|which|this)\b/i;

describe('French', () => {
  test('is spoken to who reads French, with French numbers and dates, and loaded for them alone', async () => {
    const asked: string[] = [];
    const { page, errors, foreign } = await open('live', { locale: 'fr-FR' });
    await page.getByRole('heading', { name: 'Publications par minute' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('fr');
    await page.getByRole('heading', { name: /^6 détections au cours des 3 dernières heures, dont 2 de gravité élevée$/ }).waitFor();
    await page.locator('.top', { hasText: 'Langues' }).getByText('portugais').first().waitFor();
    expect(await page.title()).toBe('En ce moment · Groundswell');
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
    const english = await open('live');
    english.page.on('request', (request) => asked.push(request.url()));
    await english.page.reload();
    await english.page.getByRole('heading', { name: 'Posts per minute' }).waitFor();
    expect(asked.filter(french)).toEqual([]);
    expect(await english.page.evaluate(() => document.documentElement.lang)).toBe('en');
  });

  test('is chosen in the settings by keyboard, kept, and left again at the foot of the page', async () => {
    const { page, errors } = await open('live', { path: '/settings' });
    await page.getByRole('radio', { name: 'English' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('heading', { name: 'Réglages', exact: true }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('value'))).toBe('fr');
    expect(await violations(page)).toEqual([]);
    await page.reload();
    await page.getByRole('heading', { name: 'Réglages', exact: true }).waitFor();
    await page.getByRole('link', { name: 'Veilles' }).click();
    await page.getByRole('heading', { name: 'Veilles' }).waitFor();
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Watches' }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Français');
    expect(errors).toEqual([]);
  });

  test.each([
    ['/', 'light', 1280], ['/', 'dark', 390], ['/detections/burst-b9', 'light', 390], ['/explore?by=language', 'dark', 1280], ['/explore?by=term&form=week', 'light', 390], ['/narratives', 'light', 1280],
    ['/watches', 'dark', 390], ['/watches?new=1', 'light', 1280], ['/feeds', 'light', 390], ['/feed/two-a-day', 'dark', 1280], ['/sources', 'light', 390], ['/audit', 'dark', 1280], ['/settings', 'light', 390], ['/wall', 'dark', 1280],
  ] as const)('%s: nothing to complain of, nothing over the side, no English of the page: %s, %d pixels', async (path, scheme, width) => {
    const { page, errors } = await open('simulated', { path, scheme, width, locale: 'fr-FR' });
    await page.locator('main h2, main h1').first().waitFor();
    await page.getByText(/^Lecture( des chiffres)?…$/).first().waitFor({ state: 'detached' });
    await page.waitForLoadState('networkidle').catch(() => {});
    for (const summary of await page.locator('summary').all()) await summary.click().catch(() => {});
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(errors).toEqual([]);
    const words = await page.evaluate(() => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found: string[] = [];
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        const parent = node.parentElement;
        // Values are isolated, code is code, and what the server says is marked as English.
        if (parent === null || parent.closest('bdi, code, pre, script, [lang="en"], .url, noscript, svg') !== null) continue;
        found.push(node.textContent ?? '');
      }
      const heard = [...document.querySelectorAll('[aria-label], [title], [placeholder]')].filter((one) => one.closest('[lang="en"]') === null);
      return [...found, ...heard.flatMap((one) => ['aria-label', 'title', 'placeholder'].map((name) => one.getAttribute(name) ?? ''))];
    });
    expect(words.filter((text) => ENGLISH.test(text.replace('AND OR NOT', '')))).toEqual([]);
  });

  test('a title is French where its evidence has it, and says that it is English where not', async () => {
    const { page } = await open('live', { path: '/detections/burst-b9', locale: 'fr-FR' });
    await page.getByRole('heading', { name: /Liens vers example\.org : 31 publications en 58 minutes/ }).waitFor();
    await expect.poll(() => page.locator('.summary bdi').getAttribute('lang')).toBe('en');
    await page.goto(new URL('/detections/narrative-n1a2b3c', page.url()).href);
    await page.getByRole('heading', { name: /The story/ }).waitFor();
    await expect.poll(() => page.locator('.headline bdi').getAttribute('lang')).toBe('en');
  });
});
