import { expect, test } from 'vitest';
import { parseTime, span, sunsetText, windowLabel } from './time';

const DAY = 86_400_000;

test.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_599_000, '59 min'],
  [3_600_000, '1 h'],
  [47 * 3_600_000, '47 h'],
  [2 * DAY, '2 days'],
  [-5_000, '0 s'],
])('span of %d ms', (ms, text) => {
  expect(span(ms)).toBe(text);
});

test.each([
  [98 * DAY, 'in 98 days'],
  [DAY, 'in 1 day'],
  [DAY - 1, 'ends within a day'],
  [0, 'ended 0 s ago'],
  [-3 * DAY, 'ended 3 days ago'],
])('a sunset %d ms from now', (ms, text) => {
  expect(sunsetText(1_000_000_000_000 + ms, 1_000_000_000_000)).toBe(text);
});

test('what is no time is none', () => {
  expect(parseTime(null)).toBeNull();
  expect(parseTime('')).toBeNull();
  expect(parseTime('yesterday')).toBeNull();
  expect(parseTime('1970-01-01T00:00:01Z')).toBe(1_000);
});

test('a day is the UTC day that it is, in every zone', () => {
  const label = windowLabel(Date.UTC(2026, 10, 25), 'day');
  expect(label).toContain('25');
  expect(label).toContain('(UTC)');
});

test('a minute names both its ends', () => {
  expect(windowLabel(Date.UTC(2026, 10, 25, 14, 2), 'minute')).toMatch(/\d.*02–\d.*03$/);
});
