import { expect, test } from 'vitest';
import type { Trial } from '../api/types';
import { bars, barsWords, since, tried } from './trial';

const trial: Trial = {
  detections: 3, days: [{ day: '2026-11-01', detections: 1 }, { day: '2026-11-02', detections: 0 }, { day: '2026-11-03', detections: 2 }],
  a_day: 1, useful: 1, noise: 1, precision: 0.5, precision_interval: [0.09, 0.91], complete: true,
};

test('how much, how often and how right are said', () => {
  expect(tried(trial)).toBe('3 detections in 3 days, 1 a day. 50 % useful of the 2 that are marked (most likely between 9 % and 91 %).');
  const unmarked = { ...trial, useful: 0, noise: 0, precision: null, precision_interval: null, complete: false };
  expect(tried(unmarked)).toContain('None of it is marked, so how right it would have been is not known. Only the newest part');
});

test('nothing told and nothing known are different things', () => {
  expect(tried({ ...trial, detections: 0, a_day: 0, useful: 0, noise: 0, precision: null, precision_interval: null })).toBe('0 detections in 3 days.');
  expect(tried({ ...trial, detections: 0, days: [] })).toBe('Nothing was detected in that time, by any feed.');
});

test('a period ends where the data do, not where the clock stands', () => {
  const closed = Date.parse('2016-10-31T00:00:00Z');
  expect(since(30, closed)).toEqual({ from: '2016-10-01T00:00:00Z', to: '2016-10-31T00:01:00Z' });
  expect(since(0, closed)).toEqual({});
  expect(since(7, null)).toEqual({});
});

test('bars stay in their box, and empty days have none', () => {
  const drawn = bars(trial.days, 600, 60);
  expect(drawn).toHaveLength(2);
  for (const { x, y, width, height } of drawn) {
    expect(x + width).toBeLessThanOrEqual(600);
    expect(y).toBeGreaterThanOrEqual(0);
    expect(y + height).toBeCloseTo(60);
  }
  expect(barsWords(trial.days)).toBe('Detections by day from 2026-11-01 to 2026-11-03; most on 2026-11-03: 2');
});
