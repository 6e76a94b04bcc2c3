// A recording of some hours, which ended long ago: what the page says of it is told by its own time, and it is shown to its edges.
import type { Route } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { violations } from './checks';
import { overflow, pages } from './harness';

const { open } = pages();
/** Thirty days after the recording ended at 07:59 UTC, which is 08:59 in Paris. */
const AT = Date.parse('2026-11-27T08:00:30Z');
const END = /Wed,? 28 Oct.* 08:59/;

describe('a recording', () => {
  test('has one end on every page, and no clock', async () => {
    const { page, errors } = await open('recording', { at: AT });
    await expect.poll(() => page.locator('header .reach').innerText()).toMatch(END);
    await expect.poll(() => page.locator('.detection time').first().innerText()).toMatch(/^6 min ago/);
    await page.goto(new URL('/wall', page.url()).href);
    await expect.poll(() => page.locator('.clock').innerText()).toMatch(END);
    await page.goto(new URL('/sources', page.url()).href);
    await expect.poll(() => page.locator('td').last().innerText()).toMatch(/28 Oct.* 08:58/);
    await expect.poll(() => page.locator('main').innerText()).not.toMatch(/30 days|ago/);
    expect(errors).toEqual([]);
  });

  test('is shown to its edges, and parts of hours are marked as such', async () => {
    const { page, errors } = await open('recording', { at: AT, path: '/explore' });
    await page.locator('.chart path').first().waitFor();
    await expect.poll(() => page.locator('.chart circle').count()).toBe(2);
    await page.getByText('A hollow point stands for').waitFor();
    await page.getByText('Numbers as a table').click();
    await expect.poll(() => page.getByRole('table').locator('tbody tr').first().innerText()).toMatch(/59 min of it recorded/);
    await page.getByRole('table').getByText('31 min of it recorded').waitFor();
    await page.getByRole('table').getByText('not recorded').first().waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(errors).toEqual([]);
  });

  test('of less than two days is compared by a shorter stretch: offered, and led to from a watch', async () => {
    const { page } = await open('recording', { at: AT, path: '/explore?compare=before' });
    await page.getByText('The stretch before was not recorded, or not all of it').waitFor();
    await page.getByRole('button', { name: 'Compare 4 h with the 4 h before' }).click();
    await page.locator('.legend').getByText(/before: [\d,]+.*: .*(more|less|same)/).waitFor();
    await expect.poll(() => page.getByText('The stretch before was not recorded').count()).toBe(0);
    await expect.poll(() => new URL(page.url()).searchParams.get('span')).toBe('240');
    await page.goto(new URL('/watches/River%20floods', page.url()).href);
    await expect.poll(() => page.getByRole('link', { name: 'Its numbers over time' }).getAttribute('href')).toMatch(/^\/explore\?by=watch&value=River\+floods&span=240&compare=before$/);
    await page.getByRole('link', { name: 'Its numbers over time' }).click();
    await page.locator('.legend').getByText(/before: (?:[\d,]+|fewer than 10 authors)/).waitFor();
  });

  test('small lines and charts say what was not recorded', async () => {
    const { page } = await open('recording', { at: AT, path: '/?step=hour' });
    await expect.poll(() => page.locator('.top .spark svg[role=img]').first().getAttribute('aria-label')).toMatch(/20 not recorded/);
    await expect.poll(() => page.locator('.total header').innerText()).toMatch(/59 min of it recorded/);
    await page.goto(new URL('/detections/amplification-a7?step=hour', page.url()).href);
    await page.locator('.chart svg rect').first().waitFor();
    await expect.poll(() => page.locator('.legend').innerText()).toContain('not recorded');
  });
});

test('a connection that is being made is no trouble for the first seconds', async () => {
  const { page } = await open('live', { at: AT });
  await expect.poll(() => page.locator('header .pill').innerText()).toBe('Live');
  // The stream does not answer; the clock stands, then goes on.
  const held: Route[] = [];
  await page.route('**/api/v1/stream', (route) => void held.push(route));
  await page.reload();
  await expect.poll(() => page.locator('header .pill').innerText()).toBe('Live');
  await page.clock.setFixedTime(AT + 9_000);
  await expect.poll(() => page.locator('header .pill').innerText()).toBe('Connecting');
  await Promise.all(held.map((route) => route.abort()));
});

test('a link to an entry of the audit log leads to it, and marks it', async () => {
  const { page, errors } = await open('live', { path: '/watches/River%20floods' });
  await page.getByRole('link', { name: /entry 2/ }).first().click();
  await expect.poll(() => page.locator('.entries [aria-current]').innerText()).toMatch(/watch River floods made/);
  await expect.poll(() => new URL(page.url()).searchParams.get('entry')).toBe('2');
  expect(await violations(page)).toEqual([]);
  expect(errors).toEqual([]);
});
