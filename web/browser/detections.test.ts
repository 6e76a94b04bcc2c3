// Detections and feeds in a real Chromium, against the stand-in: found, taken apart, curated, taken along, and safe.
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { violations } from './checks';
import { overflow, pages, settled } from './harness';

const { open } = pages();
const BURST = '/detections/burst-b7';
const PAGES = [BURST, '/detections/amplification-a7', '/detections/narrative-n1a2b3c', '/detections/nothing', '/feed/everything', '/feed/nothing'] as const;

async function download(page: Page, name: string): Promise<{ name: string; bytes: Buffer }> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}

describe('now', () => {
  test('what was found stands first, the most severe on top, small ones folded away', async () => {
    const { page, errors } = await open('live');
    await page.locator('.detection').first().waitFor();
    await expect.poll(() => page.getByRole('heading', { name: /^6 detections in the last 3 hours, 2 of high severity$/ }).count()).toBe(1);
    const titles = await page.locator('.detection h3').allInnerTexts();
    expect(titles).toHaveLength(4);
    expect(titles[0]).toContain('dam failure');
    const first = page.locator('.detection').first();
    await expect.poll(() => first.innerText()).toMatch(/high[\s\S]*412 ± 4 posts, 29 expected, 330 ± 4 authors, mostly Portuguese[\s\S]*×14\s+expected[\s\S]*6 min ago/);
    // Its line comes when there is time for it.
    await first.getByRole('img', { name: /Posts per minute: .* expected/ }).waitFor();
    await page.getByRole('button', { name: '2 of low severity' }).click();
    await expect.poll(() => page.locator('.detection').count()).toBe(6);
    await page.getByText('Same text, link or hashtag by many', { exact: true }).click();
    await expect.poll(() => page.locator('.detection').count()).toBe(1);
    await expect.poll(() => new URL(page.url()).search).toBe('?kind=amplification');
    expect(errors).toEqual([]);
  });

  test('by keyboard alone: to the list, to a detection, and back', async () => {
    const { page } = await open('live');
    await page.locator('.detection').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /dam failure/ }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('n');
    await page.locator('.detection').first().waitFor();
  });

  test('quiet is said, and blind is not quiet', async () => {
    const { page } = await open('quiet');
    await page.getByRole('heading', { name: 'Quiet' }).waitFor();
    const blind = await open('blind');
    await blind.page.getByRole('heading', { name: /^Blind since / }).waitFor();
    await expect.poll(() => blind.page.locator('main').innerText()).toContain('says nothing');
    expect(await blind.page.getByRole('heading', { name: 'Quiet' }).count()).toBe(0);
    expect(await violations(blind.page)).toEqual([]);
  });

  test('a detection that comes is told and listed without reloading', async () => {
    const { page, mock } = await open('live');
    await page.locator('.detection').first().waitFor();
    await expect.poll(() => mock.listeners()).toBe(1);
    const ages = (): Promise<string[]> => page.locator('.detection time').evaluateAll((all) => all.map((one) => one.getAttribute('datetime') ?? ''));
    const before = await ages();
    mock.closeMinute();
    await expect.poll(async () => (await ages())[0], { timeout: 10_000 }).not.toBe(before[0]);
  });
});

describe('a detection', () => {
  test('is taken apart: course, numbers, evidence, coverage, method, command', async () => {
    const { page, errors, foreign } = await open('live', { path: BURST });
    await page.locator('.chart svg rect').first().waitFor();
    const said = await page.locator('main').innerText();
    for (const wanted of [
      '412 ± 4 posts, where 29 were to be expected: 14 times as many', '330 ± 4 different ones', 'in 95 of 100 such stretches', 'the same hours of earlier weeks (4 windows of them were there to compare with)',
      'False alerts to expect: one in 5', 'Severity is another thing', 'all the time', 'Portuguese', '71 %', 'g1.globo.com', 'evacuation', '#barragem', 'bursts, version 1', 'groundswell export volumes --by term', 'everything',
    ]) expect(said).toContain(wanted);
    // How sure it is stands there once, in one scale.
    expect(said.match(/false alert|experimental|has not been measured/gi)).toEqual(['False alert', 'has not been measured']);
    expect(await page.locator('.chart svg').innerHTML()).toContain('found ');
    await expect.poll(() => page.getByRole('link', { name: /bursts, version 1/ }).getAttribute('rel')).toBe('noreferrer');
    await page.locator('.chart').focus();
    await page.keyboard.press('End');
    await expect.poll(() => page.locator('.chart [aria-live]').innerText()).toMatch(/posts|fewer than 10 authors/);
    await page.getByText('Numbers as a table').click();
    // Its rows are made when the browser says that it is open, which is a moment later.
    await expect.poll(() => page.locator('.numbers-table tbody tr').count()).toBeGreaterThan(60);
    await page.getByRole('radio', { name: 'Hour' }).check();
    await expect.poll(() => page.locator('.chart').getAttribute('aria-label')).toContain('Posts per hour');
    await expect.poll(() => new URL(page.url()).search).toBe('?step=hour');
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
  });

  test('its numbers and its picture are taken along under the content policy', async () => {
    const { page, errors, foreign } = await open('simulated', { path: BURST });
    await page.locator('.chart svg rect').first().waitFor();
    const numbers = await download(page, 'numbers (CSV)');
    expect(numbers.name).toBe('groundswell-burst-b7.csv');
    const lines = numbers.bytes.toString().trimEnd().split('\r\n');
    expect(lines[0]).toBe('start,end,posts,authors,state');
    expect(lines.length).toBeGreaterThan(60);
    const drawing = (await download(page, 'picture (SVG)')).bytes.toString();
    expect(drawing).toMatch(/^<svg [\s\S]*SIMULATED DATA[\s\S]*<\/svg>\n$/);
    expect(drawing).not.toContain('var(');
    const pixels = (await download(page, 'picture (PNG)')).bytes;
    expect(pixels.subarray(1, 4).toString()).toBe('PNG');
    expect(pixels.readUInt32BE(16)).toBe(2_400);
    expect(pixels.length).toBeGreaterThan(5_000);
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
  });

  test('links of feeds to what it is about lead to it', async () => {
    const { page } = await open('live', { path: '/amplifications/a7' });
    await page.getByRole('heading', { name: /The same text in 164 posts/ }).waitFor();
    await expect.poll(() => page.locator('main').innerText()).toContain('the bridge is closed and … nobody says why');
    await page.goto(new URL('/detections/narrative-n1a2b3c', page.url()).href);
    await page.getByRole('link', { name: 'n1a2b3c', exact: true }).click();
    await page.locator('.narrative dl').waitFor();
  });

  test('an editor marks it and adds a note, what is refused is said, and the feed shows it', async () => {
    const { page, errors } = await open('live', { path: BURST });
    await page.getByRole('button', { name: 'Useful' }).click();
    await page.getByText('Marked useful.').waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Useful' }).getAttribute('aria-pressed')).toBe('true');
    const note = page.getByRole('textbox', { name: /Note, for everybody/ });
    await note.fill('ask me@example.org');
    await page.getByRole('button', { name: 'Add note' }).click();
    await page.getByText(/Not done: it was not done: the note holds an address/).waitFor();
    await note.fill('a drill of the fire brigade');
    await page.getByRole('button', { name: 'Add note' }).click();
    await page.locator('blockquote', { hasText: 'a drill' }).waitFor();
    await page.getByRole('link', { name: 'everything' }).click();
    await page.getByText(/100 % useful \(1 of 1 marked/).waitFor();
    expect(errors.filter((error) => !error.includes('400'))).toEqual([]);
  });

  test('a viewer reads and changes nothing', async () => {
    const { page } = await open('viewer', { path: BURST });
    await page.getByText('Editors can mark it').waitFor();
    expect(await page.getByRole('button', { name: 'Useful' }).count()).toBe(0);
    await page.goto(new URL('/feeds', page.url()).href);
    await settled(page);
    expect(await page.getByText('Make a feed').count()).toBe(0);
  });
});

describe('feeds', () => {
  test('are listed with what they select, made, and ended', async () => {
    const { page, errors } = await open('live', { path: '/feeds' });
    await page.getByRole('link', { name: 'two-a-day' }).waitFor();
    await expect.poll(() => page.locator('main').innerText()).toMatch(/burst; high severity; in Portuguese; about River floods; at most 2\.0 false alerts a day/);
    await page.getByText('Make a feed').click();
    await page.getByLabel('Name', { exact: true }).fill('portuguese');
    await page.getByLabel('Languages').fill('pt');
    await page.getByRole('button', { name: 'Make it' }).click();
    await page.getByRole('link', { name: 'portuguese' }).click();
    const ways = page.locator('.ways');
    await ways.waitFor();
    for (const ending of ['.atom', '.json', '/stream']) await expect.poll(() => ways.innerText()).toContain(`/feeds/portuguese${ending}`);
    await page.getByRole('button', { name: 'End this feed' }).click();
    await page.getByRole('button', { name: 'End portuguese' }).click();
    await page.getByRole('link', { name: 'two-a-day' }).waitFor();
    await page.getByRole('link', { name: 'portuguese' }).waitFor({ state: 'detached' });
    // Of a feed that has ended nothing is found, which a browser notes where it was still being asked.
    expect(errors.filter((error) => !error.includes('404'))).toEqual([]);
  });

  test('what one would have told is shown before it is made, as words, bars and numbers', async () => {
    const { page, errors } = await open('live', { path: '/feeds' });
    await page.getByText('Make a feed').click();
    await page.getByLabel('high', { exact: true }).check();
    await page.getByLabel('In the last').selectOption('30');
    await page.getByRole('button', { name: 'What would this have told me?' }).click();
    await page.getByText(/2 detections in 30 days, 0\.07 a day\. 100 % useful of the 1 that are marked/).waitFor();
    await expect.poll(() => page.getByRole('img', { name: /Detections by day from 2026-10-27 to 2026-11-25/ }).count()).toBe(1);
    await page.getByText('Numbers as a table').click();
    const rows = page.locator('.numbers-table tbody tr');
    await rows.first().waitFor();
    await expect.poll(() => rows.count()).toBe(30);
    await expect.poll(() => page.getByRole('link', { name: 'everything' }).count()).toBe(1);
    expect(await violations(page)).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('how deliveries stand is said, and a note is taken back', async () => {
    const { page } = await open('live', { path: '/feed/two-a-day' });
    await page.getByText(/delivered last .*; 3 waiting; 1 could not be delivered; failed last .*: it answered with an error of its own/).waitFor();
    await page.goto(new URL(BURST, page.url()).href);
    await page.getByRole('textbox', { name: /Note, for everybody/ }).fill('a drill');
    await page.getByRole('button', { name: 'Add note' }).click();
    await page.locator('blockquote', { hasText: 'a drill' }).waitFor();
    await page.getByRole('button', { name: 'Take it back' }).click();
    await page.locator('blockquote', { hasText: 'a drill' }).waitFor({ state: 'detached' });
  });

  test.each([
    ['live', 'light', 1280],
    ['hostile', 'dark', 390],
  ] as const)('what each kind of receiver would get is shown before anything is sent: %s, %s, %d pixels', async (scenario, scheme, width) => {
    const { page, errors, foreign } = await open(scenario, { path: '/feed/everything', scheme, width });
    await page.locator('.detection').first().waitFor();
    await page.getByText('What receivers get').click();
    if (scenario === 'live') await page.getByLabel('Of the detection').selectOption('burst-b7');
    const message = page.getByRole('group', { name: /^The message as/ });
    for (const [kind, wanted] of [['Slack', 'Look at it: https://watch.example/'], ['Teams', 'severity'], ['Mail', 'Recompute: groundswell export'], ['Webhook, Kafka', '"type": "detection"']] as const) {
      await page.getByRole('radio', { name: kind }).check();
      await message.waitFor();
      if (scenario === 'live') await message.getByText(wanted).waitFor();
      if (scenario === 'live') await expect.poll(() => message.innerText()).toContain('dam failure');
    }
    await page.getByRole('radio', { name: 'Slack' }).check();
    await page.getByText('Letter by letter').click();
    await page.locator('.raw').getByText('"unfurl_links":false').waitFor();
    expect(await page.locator('.preview img, .preview script').count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
  });

  test('what it told can be curated in its place', async () => {
    const { page } = await open('live', { path: '/feed/everything' });
    const row = page.locator('.detection', { hasText: 'dam failure' });
    await row.getByText('Curate').click();
    await row.getByText('Mute its subject').click();
    await row.getByRole('button', { name: '7 days' }).click();
    await page.locator('.mute', { hasText: 'dam failure' }).waitFor();
  });
});

describe('all of them', () => {
  test.each([
    ['live', 'light', 1280], ['simulated', 'dark', 1280], ['simulated', 'light', 390], ['hostile', 'dark', 390],
  ] as const)('axe finds nothing, and nothing runs over the side: %s, %s, %d pixels', async (scenario, scheme, width) => {
    const { page, mock } = await open(scenario, { scheme, width });
    for (const path of scenario === 'hostile' ? [BURST, '/detections/burst-hostile3', '/feed/everything'] : PAGES) {
      await page.goto(new URL(path, mock.url).href);
      await settled(page);
      // Opened as the reader would find them, whatever comes live meanwhile.
      await page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });
      expect(await overflow(page), path).toBeLessThanOrEqual(0);
      expect(await violations(page), path).toEqual([]);
    }
  });

  test.each([390, 1280])('hostile content is text, and breaks nothing at %d pixels', async (width) => {
    const { page, mock, errors } = await open('hostile', { width });
    for (const path of ['/', ...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => `/detections/burst-hostile${i}`), '/feed/everything']) {
      await page.goto(new URL(path, mock.url).href);
      await settled(page);
      expect(await overflow(page), path).toBeLessThanOrEqual(0);
      expect(await page.locator('main img:not([role]), main script, main b b').count(), path).toBe(0);
      expect(await page.title()).toMatch(/ · Groundswell$/);
    }
    await page.goto(mock.url);
    const heights = await page.locator('.detection').evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
    expect(Math.max(...heights)).toBeLessThan(260);
    expect(errors).toEqual([]);
  });
});
