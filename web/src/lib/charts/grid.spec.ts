import { expect, test } from 'vitest';
import type { VolumeRow } from '../api/types';
import { LINE_MIN, WINDOWS_MAX, lineStart, lineStates, mergeRows, recordedBy, runs, stateOf, toGrid } from './grid';

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const row = (minute: number, posts: number | null): VolumeRow =>
  ({ start: at(minute), step: 'minute', by: { total: 'all' }, ...(posts === null ? { suppressed: true } : { posts, authors: posts }) }) as VolumeRow;

test('windows without a row are gaps, held-back ones are not', () => {
  const grid = toGrid([row(0, 20), row(1, null), row(4, 30)], 'minute');
  expect(grid.state).toEqual(['shown', 'suppressed', 'gap', 'gap', 'shown']);
  expect(grid.posts).toEqual([20, null, null, null, 30]);
  expect(grid.start[4]).toBe(Date.UTC(2026, 0, 1, 0, 4));
});

test('zero is a number and no gap', () => {
  expect(toGrid([row(0, 0)], 'minute').state).toEqual(['shown']);
});

test('order does not matter, other steps are left out, nothing gives an empty grid', () => {
  expect(toGrid([row(2, 3), row(0, 1), row(1, 2)], 'minute').posts).toEqual([1, 2, 3]);
  expect(toGrid([row(0, 1)], 'hour').start).toEqual([]);
  expect(toGrid([], 'minute').start).toEqual([]);
});

test('a row from long ago does not make a grid without end', () => {
  const grid = toGrid([row(0, 1), row(60 * 24 * 400, 2)], 'minute');
  expect(grid.start).toHaveLength(WINDOWS_MAX.minute);
  expect(grid.posts.at(-1)).toBe(2);
});

test('runs are the stretches of one state', () => {
  expect(runs(['gap', 'gap', 'shown', 'gap'], 'gap')).toEqual([[0, 1], [3, 3]]);
  expect(runs([], 'gap')).toEqual([]);
});

test('merging replaces a window, keeps the newest, and forgets other steps', () => {
  const merged = mergeRows([row(0, 1), row(1, 2)], [row(1, 5), row(2, 6)], 'minute');
  expect(merged.map((kept) => kept.posts)).toEqual([1, 5, 6]);
  const many = Array.from({ length: WINDOWS_MAX.minute + 50 }, (_, i) => row(i, i));
  const kept = mergeRows([], many, 'minute');
  expect(kept).toHaveLength(WINDOWS_MAX.minute);
  expect(kept[0]?.posts).toBe(50);
  expect(mergeRows([row(0, 1)], [], 'hour')).toEqual([]);
});

test('one rule for every window: a number, zero too; held back; or not recorded', () => {
  for (const recorded of [true, false]) {
    expect(stateOf({ posts: 0 }, 0, () => recorded)).toBe('shown');
    expect(stateOf({ posts: 12 }, 0, () => recorded)).toBe('shown');
    expect(stateOf({ suppressed: true }, 0, () => recorded)).toBe('suppressed');
    expect(stateOf({ posts: 12, suppressed: true }, 0, () => recorded)).toBe('suppressed');
    expect(stateOf(undefined, 0, () => recorded)).toBe(recorded ? 'suppressed' : 'gap');
  }
});

test('what was recorded: from the first window on, but for what the ledger knows better', () => {
  const heard = new Map([[1, 'covered' as const], [2, 'partly' as const], [3, 'unknown' as const], [6, 'gap' as const], [7, 'unknown' as const]]);
  const from = (since: number | null, ledger: typeof heard | null): boolean[] => [1, 2, 3, 5, 6, 7].map(recordedBy(since, ledger));
  expect(from(5, heard)).toEqual([true, true, false, true, false, true]);
  expect(from(5, null)).toEqual([false, false, false, true, true, true]);
  expect(from(null, null)).toEqual([true, true, true, true, true, true]);
  expect(from(null, heard)).toEqual([true, true, true, true, false, true]);
  expect(from(Infinity, null)).not.toContain(true);
});

test('a small line knows what was not recorded, and claims nothing where it does not know when it is', () => {
  const newest = 10 * 60_000;
  expect(lineStates([null, null, 4, null], newest, 'minute', recordedBy(newest - 60_000, null))).toEqual(['gap', 'gap', 'shown', 'suppressed']);
  expect(lineStates([null, 4], null, 'minute', () => false)).toEqual(['suppressed', 'shown']);
  expect(lineStates([], newest, 'minute', () => false)).toEqual([]);
});

test('a small line leaves out what was not recorded before it, but never gets too short, and nothing else', () => {
  for (let size = 0; size < 80; size += 3) {
    for (let unrecorded = 0; unrecorded <= size; unrecorded += 2) {
      const states = Array.from({ length: size }, (_, i) => (i < unrecorded ? 'gap' as const : i % 3 === 0 ? 'suppressed' as const : 'shown' as const));
      const first = lineStart(states);
      expect(size - first).toBeGreaterThanOrEqual(Math.min(size, LINE_MIN));
      expect(states.slice(0, first).every((state) => state === 'gap')).toBe(true);
      if (first < unrecorded) expect(size - first).toBe(Math.min(size, LINE_MIN));
    }
  }
});
