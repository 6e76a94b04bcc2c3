// Any released table over time in a real browser: chosen, zoomed, compared, taken along, and found again by its address.
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { violations } from './checks';
import { overflow, pages, settled } from './harness';

const { open } = pages();

const chart = (page: Page): ReturnType<Page['getByRole']> => page.getByRole('group', { name: /Arrow keys read them/ });
const query = (page: Page): URLSearchParams => new URL(page.url()).searchParams;

describe('explore', () => {
  test('a table is split, compared and normalised, and the address shows it again', async () => {
    const { page, errors, foreign } = await open('live', { path: '/explore' });
    await settled(page);
    await chart(page).waitFor();
    await page.getByLabel('Count', { exact: true }).selectOption('language');
    await page.locator('.legend').getByText('Portuguese').waitFor();
    await expect.poll(() => query(page).get('by')).toBe('language');
    await page.getByLabel('with the stretch before').check();
    await page.locator('.legend').getByText(/before [\d,]+/).first().waitFor();
    await page.getByLabel('as a share of all posts').check();
    await page.getByText('Numbers as a table').click();
    const table = page.getByRole('table');
    await table.getByText(/± 4\s\([\d.]+\s%\)/).first().waitFor();
    const before = await table.locator('tbody tr').first().innerText();
    await page.reload();
    await page.getByText('Numbers as a table').click();
    await table.getByText(/± 4\s\([\d.]+\s%\)/).first().waitFor();
    expect(await table.locator('tbody tr').first().innerText()).toBe(before);
    expect(await violations(page)).toEqual([]);
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
  });

  test('by keyboard from half a year to minutes, read window by window, and back', async () => {
    const { page } = await open('live', { path: '/explore?span=262080' });
    await chart(page).waitFor();
    await chart(page).focus();
    await page.keyboard.press('End');
    await page.locator('.said').getByText(/all posts: [\d,]+ ± 4/).waitFor();
    for (let i = 0; i < 20 && (await page.getByLabel('By', { exact: true }).inputValue()) !== 'minute'; i += 1) {
      const address = page.url();
      await page.keyboard.press('+');
      await expect.poll(() => page.url()).not.toBe(address);
    }
    expect(await page.getByLabel('By', { exact: true }).inputValue()).toBe('minute');
    await expect.poll(() => query(page).get('to')).toMatch(/Z$/);
    await page.goBack();
    await chart(page).waitFor();
    await page.getByRole('button', { name: 'Up to now' }).click();
    await expect.poll(() => query(page).get('to')).toBeNull();
  });

  test('drawing over a stretch shows it closer', async () => {
    const { page } = await open('live', { path: '/explore' });
    await chart(page).waitFor();
    await page.locator('.chart path').first().waitFor();
    const box = await chart(page).boundingBox();
    if (box === null) throw new Error('no chart');
    await page.mouse.move(box.x + box.width * 0.4, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 100, { steps: 5 });
    await page.mouse.up();
    await expect.poll(() => query(page).get('to')).toMatch(/Z$/);
    const span = Date.parse(query(page).get('to') ?? '') - Date.parse(query(page).get('from') ?? '');
    expect(span).toBeGreaterThan(3 * 3_600_000);
    expect(span).toBeLessThan(9 * 3_600_000);
  });

  test('values are chosen and left out', async () => {
    const { page } = await open('live', { path: '/explore?by=hashtag' });
    await page.locator('.chip').first().waitFor();
    await page.getByLabel('Another value').fill('#snow');
    await page.keyboard.press('Enter');
    await page.locator('.chip', { hasText: '#snow' }).waitFor();
    await expect.poll(() => query(page).getAll('value')).toContain('snow');
    await page.getByRole('button', { name: 'Leave out #snow' }).click();
    await page.locator('.chip', { hasText: '#snow' }).waitFor({ state: 'detached' });
  });

  test.each([
    ['simulated', 'light', 1280],
    ['simulated', 'dark', 390],
    ['hostile', 'light', 390],
  ] as const)('hours of the week, files, and nothing to complain of: %s, %s, %d pixels', async (scenario, scheme, width) => {
    const { page, errors } = await open(scenario, { path: '/explore?by=term&form=week', scheme, width });
    await page.locator('.week rect').first().waitFor();
    expect(await page.locator('.week rect').count()).toBe(168);
    await page.getByText('Numbers as a table').click();
    await expect.poll(() => page.getByRole('table').locator('tbody tr').count()).toBe(168);
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    for (const [ending, starts] of [['CSV', 'weekday,hour'], ['SVG', '<svg'], ['PNG', '\u0089PNG']] as const) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: ending, exact: true }).click()]);
      const bytes = await readFile(await download.path());
      expect(bytes.toString('latin1').startsWith(starts), ending).toBe(true);
      if (ending === 'SVG') expect(bytes.toString()).toContain('SIMULATED DATA');
    }
    expect(errors).toEqual([]);
  });

  test('before anything has closed, and where the server refuses, it is said', async () => {
    const { page } = await open('empty', { path: '/explore' });
    await page.getByText('No minute has closed yet').waitFor();
    const failing = await open('failing', { path: '/explore' });
    await failing.page.getByText('database is locked').waitFor();
  });
});
