// Five tasks as a new user tries them: only what the page shows by its words is used. What it takes is counted, and may not grow
// (docs/usability.md has what it took before).
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Scenario } from '../mock/server.mjs';
import { violations } from './checks';
import { pages } from './harness';

const { open } = pages();

/** The stand-in's numbers go with the hour, and at some a watch has fewer than k authors in every minute of one. */
const AT = Date.parse('2026-11-27T08:00:30Z');

/** Somebody who sees words and presses them. */
class Reader {
  steps = 0;
  constructor(readonly page: Page) {}

  async press(role: 'link' | 'button' | 'radio', name: RegExp | string): Promise<void> {
    this.steps += 1;
    await this.page.getByRole(role, { name }).first().click();
  }
  async unfold(words: RegExp | string): Promise<void> {
    this.steps += 1;
    await this.page.locator('summary', { hasText: words }).first().click();
  }
  async choose(label: string, words: RegExp | string): Promise<void> {
    this.steps += 1;
    const field = this.page.getByLabel(label, { exact: true });
    const option = await field.locator('option', { hasText: words }).first().getAttribute('value');
    await field.selectOption(option ?? '');
  }
  async tick(label: string): Promise<void> {
    this.steps += 1;
    await this.page.getByLabel(label).check();
  }
  async reads(words: RegExp | string): Promise<void> {
    await this.page.getByText(words).first().waitFor();
  }
}

async function reader(scenario: Scenario, locale = 'en-GB'): Promise<Reader> {
  const { page } = await open(scenario, { locale, at: AT });
  await page.getByRole('navigation').waitFor();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  return new Reader(page);
}

describe('a new user', () => {
  test('finds what rose in Portuguese and sends it to Slack: 2 steps', async () => {
    const user = await reader('live');
    await user.choose('Language', 'Portuguese');
    await expect.poll(() => user.page.locator('.detection').count()).toBe(1);
    await user.press('button', 'Copy as a message');
    await user.reads('Copied');
    const message = await user.page.evaluate(() => navigator.clipboard.readText());
    expect(message).toMatch(/^Groundswell: 'dam failure' .*\n412 ± 4 posts, where 29 were to be expected: 14 times as many\. 330 ± 4 authors\.\nBurst, high severity\. Began .* UTC, found by .* UTC\.\nFalse alerts to expect: .*\nhttp.*\/detections\/burst-b7\nThis address opens only on the computer that Groundswell runs on\.$/);
    expect(user.steps).toBe(2);
  });

  test('and is told on the feed how such a thing is sent by itself', async () => {
    const user = await reader('live');
    await user.press('link', 'Feeds');
    await user.press('link', 'everything');
    await user.reads('Ask whoever runs this service');
    expect(await violations(user.page)).toEqual([]);
    expect(user.steps).toBe(2);
  });

  test('knows whether it is quiet or nobody listens, and goes to what is wrong: 1 step', async () => {
    const quiet = await reader('quiet');
    await quiet.page.getByRole('heading', { name: 'Quiet' }).waitFor();
    const blind = await reader('blind');
    await blind.page.getByRole('heading', { name: /^Blind since / }).waitFor();
    await blind.press('link', 'When we listened, and what is wrong');
    await blind.reads('trying again');
    expect(blind.steps).toBe(1);
  });

  test('learns who decided to watch this, and until when: 3 steps', async () => {
    const user = await reader('live');
    await user.press('link', 'Watches');
    await user.press('link', 'River floods');
    await user.reads(/in \d+ days/);
    await user.unfold('Who decided this?');
    await user.reads(/Made by this computer \(no accounts\)/);
    expect(await violations(user.page)).toEqual([]);
    expect(user.steps).toBe(3);
  });

  test('compares talk of the floods with the day before and takes the numbers along: 4 steps', async () => {
    const user = await reader('live');
    await user.press('link', 'Watches');
    await user.press('link', 'River floods');
    await user.press('link', 'Its numbers over time');
    await user.page.locator('.legend').getByText(/before: [\d,]+/).waitFor();
    const [file] = await Promise.all([user.page.waitForEvent('download'), user.press('button', 'CSV')]);
    expect(file.suggestedFilename()).toMatch(/\.csv$/);
    expect(user.steps).toBe(4);
  });

  test('is told why a number is missing: 3 steps', async () => {
    const user = await reader('live');
    await user.press('link', 'Explore');
    await user.choose('Count', 'By language');
    await user.reads(/held back: fewer than 10 authors/);
    await user.press('button', 'Why?');
    await user.page.getByRole('dialog', { name: /held back, and why/ }).waitFor();
    expect(user.steps).toBe(3);
  });

  test('a word of the lists leads to its course', async () => {
    const user = await reader('live');
    await user.page.locator('.top', { hasText: 'Hashtags' }).getByRole('link').first().click();
    await user.page.getByRole('group', { name: /Arrow keys read them/ }).waitFor();
    expect(new URL(user.page.url()).searchParams.get('by')).toBe('hashtag');
  });
});
