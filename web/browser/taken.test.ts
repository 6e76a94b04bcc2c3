// Every chart of the page is taken along: numbers, drawing, pixels and a link, made in the page, saying SIMULATED DATA where they are.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { violations } from './checks';
import { overflow, pages, settled } from './harness';

const { open } = pages();

/** Address, what stands around the chart, how its numbers begin, and whether it must be asked for first. */
const CHARTS = [
  ['/', '.total', 'start,end,posts,authors,plus_minus,state\r\n', null],
  ['/narratives/n1a2b3c', '.narrative', 'start,step,narrative,label,posts\r\n', null],
  ['/watches/River%20floods', '[aria-label="How it sounded in the last day"]', 'start,language,posts,authors,negative', null],
  ['/watches/River%20floods', '[aria-label="Looking back"]', 'day,detections\r\n', 'What would a feed of this watch have told me?'],
] as const;

describe.each([
  ['light', 1280],
  ['dark', 390],
] as const)('%s, %d pixels', (scheme, width) => {
  test.each(CHARTS)('%s %s', async (path, around, begins, first) => {
    const { page, errors, foreign } = await open('simulated', { path, scheme, width });
    await settled(page);
    const panel = page.locator(around).first();
    if (first !== null) await panel.getByRole('button', { name: first }).click();
    await panel.getByText('Take it along').click();
    for (const [ending, start] of [['CSV', begins], ['SVG', '<svg'], ['PNG', '\u0089PNG']] as const) {
      const [download] = await Promise.all([page.waitForEvent('download'), panel.getByRole('button', { name: ending, exact: true }).click()]);
      const bytes = await readFile(await download.path());
      expect(bytes.toString('latin1').startsWith(start), `${ending}: ${bytes.toString('latin1', 0, 60)}`).toBe(true);
      if (ending === 'CSV') expect(bytes.toString().trimEnd().split('\r\n').length).toBeGreaterThan(2);
      if (ending === 'SVG') expect(bytes.toString()).toContain('SIMULATED DATA');
      if (ending === 'SVG') expect(bytes.toString()).not.toContain('var(');
      if (ending === 'PNG') expect(bytes.length).toBeGreaterThan(3_000);
    }
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
  });
});

test('the link of the chart of all posts shows the same stretch by itself', async () => {
  const { page } = await open('live', { path: '/?step=hour' });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.locator('.total canvas').waitFor();
  await page.locator('.total').getByText('Take it along').click();
  await page.locator('.total').getByRole('button', { name: 'Copy a link to exactly this' }).click();
  await page.getByText('Copied').waitFor();
  await page.goto(await page.evaluate(() => navigator.clipboard.readText()));
  await page.getByRole('group', { name: /^1 line, 140 windows/ }).waitFor();
});
