import { expect, test } from 'vitest';
import type { VolumeRow } from '../api/types';
import { WINDOWS_MAX, mergeRows, runs, toGrid } from './grid';

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
