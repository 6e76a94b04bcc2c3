// The palette, the wall and paper: by keyboard, in both themes, on a phone and on a wall screen.
import { describe, expect, test } from 'vitest';
import { violations } from './checks';
import { overflow, pages, settled } from './harness';

const { open } = pages();

describe('the command palette', () => {
  test.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)('leads anywhere by its name, by keyboard alone: %s, %d pixels', async (scheme, width) => {
    const { page, errors } = await open('live', { scheme, width });
    await settled(page);
    await page.keyboard.press('Control+k');
    const field = page.getByRole('combobox', { name: 'Go to, or do' });
    await field.waitFor();
    await page.keyboard.type('vacc');
    await page.getByRole('option', { name: /Vaccine talk/ }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await page.locator('.watch', { hasText: 'Vaccine talk' }).waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/watches/Vaccine%20talk');
    await field.waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await field.waitFor();
    await page.keyboard.type('new watch');
    await page.keyboard.press('Enter');
    await page.getByLabel('Query', { exact: true }).waitFor();
    await page.getByLabel('Query', { exact: true }).focus();
    await page.keyboard.press('Control+k');
    await field.waitFor();
    await page.keyboard.type('zzz');
    await page.getByText('Nothing of this name').waitFor();
    await page.keyboard.press('Escape');
    await field.waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
  });

  test('hostile names break nothing', async () => {
    const { page, errors } = await open('hostile', { width: 390 });
    await settled(page);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Go to, or do' }).waitFor();
    await page.keyboard.type('detection');
    await page.getByRole('dialog').getByRole('option').nth(5).waitFor();
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(await page.locator('dialog img').count()).toBe(0);
    expect(errors).toEqual([]);
  });
});

describe('the wall', () => {
  test.each([
    ['live', 'light', 1920],
    ['hostile', 'dark', 1280],
    ['simulated', 'dark', 390],
  ] as const)('shows what is going on in large letters: %s, %s, %d pixels', async (scenario, scheme, width) => {
    const { page, errors, foreign } = await open(scenario, { path: '/wall', scheme, width });
    await page.locator('.total canvas').waitFor();
    await page.locator('.board [data-key-item]').first().waitFor();
    expect(await page.getByRole('navigation', { name: 'Pages' }).count()).toBe(0);
    expect(await page.evaluate(() => parseFloat(getComputedStyle(document.documentElement).fontSize))).toBeGreaterThan(18);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(await violations(page)).toEqual([]);
    await expect.poll(() => page.getByText('SIMULATED DATA').count()).toBe(scenario === 'live' ? 0 : 1);
    await page.getByRole('link', { name: 'Leave the wall' }).click();
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.dataset['wall'])).toBeUndefined();
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
  });

  test('says quiet, and blind', async () => {
    for (const [scenario, words] of [['quiet', 'Quiet'], ['blind', 'Blind since']] as const) {
      const { page } = await open(scenario, { path: '/wall' });
      await page.locator('.board').getByText(words).first().waitFor();
    }
  });
});

test('on paper it is light, says what is made up, and has nothing that only a hand can use', async () => {
  const { page } = await open('simulated', { scheme: 'dark' });
  await page.locator('.total canvas').waitFor();
  await page.emulateMedia({ media: 'print' });
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(255, 255, 255)');
  expect(await page.getByRole('navigation', { name: 'Pages' }).isVisible()).toBe(false);
  expect(await page.getByText('SIMULATED DATA').isVisible()).toBe(true);
  expect((await page.pdf()).length).toBeGreaterThan(10_000);
});
