// Watches are written in a real browser: what the server says while typing, by keyboard alone, in both themes and on a phone.
import { describe, expect, test } from 'vitest';
import { violations } from './checks';
import { overflow, pages, settled } from './harness';

const { open } = pages();

describe('one watch', () => {
  test.each([
    ['live', 'light', 1280],
    ['live', 'dark', 390],
    ['hostile', 'light', 390],
  ] as const)('by which parts it matched, and what is held back: %s, %s, %d pixels', async (scenario, scheme, width) => {
    const { page, errors } = await open(scenario, { path: '/watches', scheme, width });
    await settled(page);
    const address = await page.locator('.watch a').first().getAttribute('href');
    await page.goto(new URL(address ?? '', page.url()).href);
    const table = page.getByRole('region', { name: 'By what it matched in the last day' });
    await table.getByRole('row', { name: /^flood\* 4,120 24 of 24$/ }).waitFor();
    await table.getByRole('row', { name: /^dam fewer than 10 authors in every hour, or none 0 of 24$/ }).waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(errors).toEqual([]);
  });
});

describe('how a watch sounded', () => {
  test.each([
    ['live', 'light', 1280],
    ['live', 'dark', 390],
    ['hostile', 'light', 390],
  ] as const)('shares with their ranges, in words, and what they cannot tell: %s, %s, %d pixels', async (scenario, scheme, width) => {
    const { page, errors } = await open(scenario, { path: '/watches', scheme, width });
    await settled(page);
    const address = await page.locator('.watch a').first().getAttribute('href');
    await page.goto(new URL(address ?? '', page.url()).href);
    const panel = page.getByRole('region', { name: 'How it sounded in the last day' });
    await panel.getByText(/^negative 61\s% \(52\s% to 70\s%\)$/).waitFor();
    await panel.getByText('412 posts of 301 authors').waitFor();
    await panel.getByText(/fewer than 10 authors or 100 posts in every language that is read: 1\.$/).waitFor();
    await panel.getByText(/nothing of one post or one person.*Measured for: Arabic, German, English, Spanish, French, Italian, Portuguese\./).waitFor();
    // The newest hour stands first, and one that is held back shows nothing.
    await expect.poll(() => panel.getByRole('listitem').count()).toBe(3);
    await expect.poll(() => panel.getByRole('listitem').last().innerText()).toContain('412 posts');
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(errors).toEqual([]);
  });
});

describe('a watch is written', () => {
  test('by keyboard alone: completed, read back, saved, and it is in the register', async () => {
    const { page, errors, foreign } = await open('live', { path: '/watches' });
    await settled(page);
    await page.getByRole('link', { name: 'New watch' }).focus();
    await page.keyboard.press('Enter');
    const name = page.getByLabel('Name', { exact: true });
    await name.waitFor();
    await expect.poll(() => new URL(page.url()).search).toBe('?new=1');
    await name.focus();
    await page.keyboard.type('river-floods');
    await page.keyboard.press('Tab');
    await page.keyboard.type('wat');
    const offers = page.getByRole('listbox', { name: 'What may be meant' });
    await offers.getByRole('option', { name: /^water/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.type('AND flood*');
    const query = page.getByLabel('Query', { exact: true });
    await expect.poll(() => query.inputValue()).toBe('water AND flood*');
    await page.getByText('(water AND flood*)').waitFor();
    await page.getByText('Low cost').waitFor();
    await expect.poll(() => page.locator('.layers .operator').innerText()).toBe('AND');
    await page.getByRole('region', { name: 'Its parts in the last day' }).getByRole('cell', { name: /^[\d,]+$/ }).first().waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('crisis-response');
    await page.keyboard.press('Tab');
    await page.keyboard.type('See where flooding is discussed.');
    await page.keyboard.press('Enter');
    await page.locator('.watch', { hasText: 'river-floods' }).waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/watches/river-floods');
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
  });

  test.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)('what PRIVACY refuses is marked in its place: %s, %d pixels', async (scheme, width) => {
    const { page, errors } = await open('live', { path: '/watches?new=1', scheme, width });
    const query = page.getByLabel('Query', { exact: true });
    await query.waitFor();
    for (const [text, marked, words] of [
      ['flood author:jane', 'author:', 'never who says it'],
      ['flood jane@example.org', 'jane@example.org', 'taken out of posts'],
      ['台風 https://x.com/jane', 'https:', 'links hold no words'],
      ['(flood OR rain', '(', 'never closed'],
    ] as const) {
      await query.fill(text);
      await page.locator('.reading').getByText(words).waitFor();
      await expect.poll(() => page.locator('.caret mark').innerText()).toBe(marked);
      expect((await page.locator('.layers .fault').allInnerTexts()).join('')).toBe(marked);
    }
    expect(await violations(page)).toEqual([]);
    await query.fill('flood and river');
    await page.getByText('Is this meant?').waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    // The colours stand under the letters of the field.
    const [field, mirror] = await Promise.all([query.boundingBox(), page.locator('.layers pre').boundingBox()]);
    expect([mirror?.x, mirror?.y, mirror?.width, mirror?.height]).toEqual([field?.x, field?.y, field?.width, field?.height]);
    await page.getByRole('button', { name: 'Make the watch' }).click();
    await page.getByRole('alert').getByText('Not saved').waitFor();
    expect(errors).toEqual([]);
  });

  test.each([
    ['live', 'light', 1280],
    ['live', 'dark', 390],
  ] as const)('a query is tried before it is a watch: %s, %s, %d pixels', async (scenario, scheme, width) => {
    const { page, errors, foreign } = await open(scenario, { path: '/watches?new=1', scheme, width });
    await page.getByLabel('Query', { exact: true }).fill('flood AND river');
    const panel = page.getByRole('region', { name: 'What would it have counted?' });
    const button = panel.getByRole('button', { name: 'Try it over the last days' });
    await panel.getByText('Say first what it is for').waitFor();
    await expect.poll(() => button.isDisabled()).toBe(true);
    await page.getByLabel('Purpose', { exact: true }).fill('crisis-response');
    await page.getByLabel('In a sentence').fill('See where flooding is discussed.');
    await expect.poll(() => button.isDisabled()).toBe(false);
    await button.press('Enter');
    await panel.getByText(/^In 40 hours it would have counted about [\d,]+ posts; most in the hour of .*: \d+ posts of \d+ authors\. 4 hours had fewer than 10 authors, or none\. Of all posts one in 4 is held/).waitFor();
    await panel.getByRole('img', { name: 'Posts by hour; the numbers are in the table below' }).waitFor();
    await panel.getByText('Numbers as a table').click();
    await expect.poll(() => panel.getByRole('table').locator('tbody tr').count()).toBe(40);
    await expect.poll(() => panel.getByRole('cell', { name: 'fewer than 10 authors, or none' }).count()).toBe(4);
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.getByLabel('Query', { exact: true }).fill('flood');
    await panel.getByText('The query was changed since.').waitFor();
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
  });

  test('where no text is held the page says so', async () => {
    const { page } = await open('empty', { path: '/watches?new=1' });
    await page.getByText('No text is held here that a query could be tried over.').waitFor();
  });

  test('one is changed and ended', async () => {
    const { page } = await open('live', { path: '/watches/Rail%20strike' });
    await settled(page);
    await page.getByRole('link', { name: 'Change, renew or end it' }).click();
    await page.getByRole('button', { name: 'End this watch' }).click();
    await page.getByRole('button', { name: 'End it now' }).click();
    await page.getByRole('heading', { name: 'Watches' }).waitFor();
    await expect.poll(() => page.locator('.watch').count()).toBe(3);
  });

  test('a viewer writes none, and hostile ones break nothing', async () => {
    const { page } = await open('viewer', { path: '/watches?new=1' });
    await page.locator('.watch').first().waitFor();
    expect(await page.getByLabel('Query', { exact: true }).count()).toBe(0);
    expect(await page.getByRole('link', { name: 'New watch' }).count()).toBe(0);
    const hostile = await open('hostile', { path: '/watches?new=1', width: 390 });
    const query = hostile.page.getByLabel('Query', { exact: true });
    await query.fill(`${'a'.repeat(3_000)} \u202Egnp <img src=x onerror="document.title=1">`);
    await hostile.page.locator('.reading pre').waitFor();
    expect(await overflow(hostile.page)).toBeLessThanOrEqual(0);
    expect(await hostile.page.locator('.page img').count()).toBe(0);
    expect(hostile.errors).toEqual([]);
  });
});
