import { expect, test } from 'vitest';
import { daysBetween, parseTime, span, sunsetText, windowLabel } from './time';

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

const at = (day: number, hour = 0, minute = 0): number => new Date(2026, 10, day, hour, minute).getTime();

test.each([
  // 40 days and 20 hours on is 41 days on in a calendar.
  [at(28, 10), at(28 + 41, 6), 'in 41 days'],
  [at(28, 10), at(29, 0), 'tomorrow'],
  [at(28, 23, 59), at(30, 0), 'in 2 days'],
  [at(28, 10), at(28, 23, 59), 'ends today'],
  [at(28, 10), at(28, 10), 'ended 0 s ago'],
  [at(28, 10), at(28, 7), 'ended 3 h ago'],
  [at(28, 1), at(27, 23), 'ended yesterday'],
  [at(28, 10), at(25, 23), 'ended 3 days ago'],
])('seen from %d, a sunset at %d', (now, sunset, text) => {
  expect(sunsetText(sunset, now)).toBe(text);
});

test('days between two moments are those of the calendar, whatever their hours', () => {
  for (let days = -400; days <= 400; days += 7) {
    for (const [from, to] of [[0, 23], [23, 0], [12, 12]] as const) {
      expect(daysBetween(new Date(2026, 2, 1, from, 30).getTime(), new Date(2026, 2, 1 + days, to, 5).getTime())).toBe(days);
    }
  }
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
