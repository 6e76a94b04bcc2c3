// Narratives side by side and as a family, in a real browser: chosen by keyboard, found again by the address, taken along.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { violations } from './checks';
import { overflow, pages, settled } from './harness';

const { open } = pages();

describe('narratives are compared', () => {
  test.each([
    ['live', 'light', 1280],
    ['simulated', 'dark', 390],
    ['hostile', 'light', 390],
  ] as const)('by keyboard, and the address shows the same again: %s, %s, %d pixels', async (scenario, scheme, width) => {
    const { page, errors } = await open(scenario, { path: '/narratives', scheme, width });
    await settled(page);
    const picks = page.getByRole('checkbox', { name: 'Compare' });
    await picks.nth(0).focus();
    await page.keyboard.press('Space');
    const panel = page.getByRole('region', { name: 'Compared' });
    await panel.getByText('Choose another one below').waitFor();
    await picks.nth(1).focus();
    await page.keyboard.press('Space');
    await expect.poll(() => panel.locator('.beside thead th').count()).toBe(2);
    expect(new URL(page.url()).searchParams.getAll('compare')).toHaveLength(2);
    await panel.getByText(/words \d+\s% alike/).waitFor();
    await expect.poll(() => panel.locator('svg path').count()).toBeGreaterThan(1);
    const head = await panel.locator('.beside thead').innerText();
    await page.reload();
    await expect.poll(() => panel.locator('.beside thead').innerText()).toBe(head);
    await panel.getByText('Numbers as a table').click();
    await expect.poll(() => panel.locator('.numbers-table tbody tr').count()).toBeGreaterThan(20);
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await panel.getByRole('button', { name: /^Leave out/ }).first().click();
    await expect.poll(() => panel.locator('.beside thead th').count()).toBe(1);
    await page.goBack();
    await expect.poll(() => panel.locator('.beside thead th').count()).toBe(2);
    expect(errors).toEqual([]);
  });

  test('one that is gone is said to be, and like ones are one press away', async () => {
    const { page } = await open('live', { path: '/narratives?compare=n1a2b3c&compare=nffff' });
    await page.getByText('One of them is not there').waitFor();
    await page.goto(new URL('/narratives/n1a2b3c', page.url()).href);
    await page.getByRole('link', { name: 'Compare them' }).click();
    await expect.poll(() => page.getByRole('region', { name: 'Compared' }).locator('.beside thead th').count()).toBe(2);
  });
});

describe('the family of a narrative', () => {
  test.each([
    ['live', 'light', 1280],
    ['hostile', 'dark', 390],
  ] as const)('is drawn, said in words, and leads on: %s, %s, %d pixels', async (scenario, scheme, width) => {
    const { page, errors } = await open(scenario, { path: '/narratives/n1a2b3d', scheme, width });
    const family = page.getByRole('region', { name: 'Merges and splits' });
    await family.getByRole('img', { name: /^3 narratives and 2 merges and splits/ }).waitFor();
    // Two that are shown, and one that no longer is: hollow.
    await expect.poll(() => family.locator('svg rect').count()).toBe(3);
    await expect.poll(() => family.locator('svg rect[fill="var(--surface)"]').count()).toBe(1);
    await expect.poll(() => family.getByRole('listitem').allInnerTexts()).toEqual([expect.stringMatching(/n77 became part of river, bridge, closed/), expect.stringMatching(/train strike, Thursday came out of river, bridge, closed/)]);
    await family.getByText('Numbers as a table').click();
    await expect.poll(() => family.getByRole('table').locator('tbody tr').count()).toBe(2);
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await family.getByRole('link', { name: 'river, bridge, closed' }).first().click();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/narratives/n1a2b3c');
    await page.getByRole('region', { name: 'Merges and splits' }).waitFor();
    expect(errors).toEqual([]);
  });
});

test('every chart of a page of narratives is taken along as numbers and pictures', async () => {
  const { page, errors, foreign } = await open('simulated', { path: '/narratives?compare=n1a2b3c&compare=n1a2b3d' });
  for (const [name, start] of [['Side by side', 'start,end,narrative'], ['Merges and splits', 'time,event,from'], ['Compared', 'start,step,narrative']] as const) {
    const panel = page.getByRole('region', { name });
    await panel.getByText('Take it along').click();
    for (const [ending, begins] of [['CSV', start], ['SVG', '<svg'], ['PNG', '\u0089PNG']] as const) {
      const [download] = await Promise.all([page.waitForEvent('download'), panel.getByRole('button', { name: ending, exact: true }).click()]);
      const bytes = await readFile(await download.path());
      expect(bytes.toString('latin1').startsWith(begins), `${name} ${ending}`).toBe(true);
      expect(bytes.length).toBeGreaterThan(100);
      if (ending === 'SVG') expect(bytes.toString()).toContain('SIMULATED DATA');
      if (ending === 'SVG') expect(bytes.toString()).not.toContain('var(');
    }
  }
  expect(errors).toEqual([]);
  expect(foreign).toEqual([]);
});
