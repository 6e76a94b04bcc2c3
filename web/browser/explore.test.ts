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
    await page.locator('.legend').getByText(/before: [\d,]+/).first().waitFor();
    await page.getByLabel('as a share of all posts').check();
    await page.getByText('Numbers as a table').click();
    const table = page.getByRole('table');
    await table.getByText(/± 4\s\([\d.]+\s%\)/).first().waitFor();
    const before = await table.locator('tbody tr').first().innerText();
    await page.reload();
    await page.getByText('Numbers as a table').click();
    await table.getByText(/± 4\s\([\d.]+\s%\)/).first().waitFor();
    await expect.poll(() => table.locator('tbody tr').first().innerText()).toBe(before);
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
    await expect.poll(() => page.getByLabel('By', { exact: true }).inputValue()).toBe('minute');
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
    await expect.poll(() => page.locator('.week rect').count()).toBe(168);
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

  test.each([
    ['live', 'light', 1280],
    ['hostile', 'dark', 390],
  ] as const)('two dimensions at once: a watch by the parts of its query, and by language: %s, %s, %d pixels', async (scenario, scheme, width) => {
    const { page, errors } = await open(scenario, { path: '/explore', scheme, width });
    await settled(page);
    await page.getByLabel('Count', { exact: true }).selectOption('clause');
    await page.locator('.legend').getByText('flood*').waitFor();
    await page.getByLabel('Watch', { exact: true }).selectOption('Vaccine talk');
    await expect.poll(() => query(page).get('of')).toBe('Vaccine talk');
    await page.locator('.legend').getByText('"heavy rain"').or(page.locator('.legend').getByText('www')).first().waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.getByLabel('Count', { exact: true }).selectOption('spoken');
    await page.locator('.legend').getByText('English').waitFor();
    await expect.poll(() => page.getByLabel('By', { exact: true }).locator('option').allInnerTexts()).toEqual(['hour']);
    await page.getByText('Numbers as a table').click();
    await page.getByRole('table').getByText('412 ± 4').waitFor();
    await page.getByRole('table').getByText('< 10 authors').first().waitFor();
    await page.reload();
    await page.locator('.legend').getByText('English').waitFor();
    await expect.poll(() => page.getByLabel('Count', { exact: true }).inputValue()).toBe('spoken');
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(errors).toEqual([]);
  });

  test.each([
    ['simulated', 'light', 1280],
    ['live', 'dark', 390],
  ] as const)('every minute of ten weeks: moved along, zoomed, read by keyboard, found again and taken along: %s, %s, %d pixels', async (scenario, scheme, width) => {
    const { page, errors, foreign } = await open(scenario, { path: '/explore', scheme, width });
    await settled(page);
    await page.getByRole('radio', { name: 'every minute' }).check();
    await page.getByLabel('Over', { exact: true }).selectOption({ label: 'the last 10 weeks' });
    const long = page.getByRole('group', { name: /^Posts per minute, 100,800 minutes/ });
    await long.waitFor();
    await page.getByText(/In sight: .*, 100,800 minutes/).waitFor();
    const inked = (): Promise<number> => page.locator('.long canvas').evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? new Uint8ClampedArray();
      let painted = 0;
      for (let i = 3; i < pixels.length; i += 4) if ((pixels[i] ?? 0) > 0) painted += 1;
      return painted;
    });
    await expect.poll(inked).toBeGreaterThan(2_000);
    await long.focus();
    for (let i = 0; i < 6; i += 1) await page.keyboard.press('+');
    await page.getByText(/In sight: .*, 1,57\d minutes/).waitFor();
    await expect.poll(() => query(page).get('see')).toMatch(/^\d+-\d+$/);
    const near = query(page).get('see');
    await page.keyboard.press('Shift+ArrowLeft');
    await expect.poll(() => query(page).get('see')).not.toBe(near);
    await expect.poll(() => query(page).get('see')).toMatch(/^\d+-\d+$/);
    const middle = query(page).get('see');
    await page.keyboard.press('End');
    await expect.poll(() => query(page).get('see')).not.toBe(middle);
    await page.keyboard.press('ArrowLeft');
    await page.locator('.said').getByText(/± 4|fewer than|not recorded/).waitFor();
    if (width > 600) {
      const box = await long.boundingBox();
      if (box === null) throw new Error('no chart');
      const before = query(page).get('see');
      await page.mouse.move(box.x + 300, box.y + 100);
      await page.mouse.down();
      await page.mouse.move(box.x + 600, box.y + 100, { steps: 8 });
      await page.mouse.up();
      await expect.poll(() => query(page).get('see')).not.toBe(before);
    }
    const said = await page.getByText(/^In sight/).innerText();
    await page.reload();
    await expect.poll(() => page.getByText(/^In sight/).innerText().catch(() => '')).toBe(said);
    await page.getByText('Numbers as a table').click();
    await expect.poll(() => page.getByRole('table').locator('tbody tr').count()).toBe(500);
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    for (const [ending, starts] of [['CSV', 'start,step,total,posts'], ['SVG', '<svg'], ['PNG', '\u0089PNG']] as const) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: ending, exact: true }).click()]);
      const bytes = await readFile(await download.path());
      expect(bytes.toString('latin1').startsWith(starts), ending).toBe(true);
      if (ending === 'CSV') expect(bytes.toString().trimEnd().split('\r\n')).toHaveLength(100_801);
      if (ending === 'SVG' && scenario === 'simulated') expect(bytes.toString()).toContain('SIMULATED DATA');
    }
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
  });

  test('before anything has closed, and where the server refuses, it is said', async () => {
    const { page } = await open('empty', { path: '/explore' });
    await page.getByText('No minute has closed yet').waitFor();
    const failing = await open('failing', { path: '/explore' });
    await failing.page.getByText('database is locked').waitFor();
  });
});
