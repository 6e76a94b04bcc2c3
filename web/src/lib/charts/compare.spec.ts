import { expect, test } from 'vitest';
import type { Narrative } from '../api/types';
import { common, coursesOf, likeness } from './compare';

const T0 = Date.parse('2026-11-27T08:00:00Z');
const iso = (minutes: number): string => new Date(T0 + minutes * 60_000).toISOString();
function narrative(id: string, buckets: [number, number, number][], words: [string, number][] = []): Narrative {
  return {
    id, timeline: buckets.map(([from, to, posts]) => ({ start: iso(from), end: iso(to), posts })), terms: words.map(([term, weight]) => ({ term, weight })),
    hashtags: ['x', id], domains: ['example.org'],
  } as unknown as Narrative;
}

test('no post is lost, and where one was not carried there is nothing and no zero', () => {
  for (const long of [1, 60]) {
    const found = coursesOf([narrative('a', [[0, 7, 70], [7, 9 * long + 8, 31]]), narrative('b', [[3 * long, 5 * long, 12]])]);
    if (found === null) throw new Error('nothing');
    const { series } = found.numbers;
    for (const [i, posts] of [101, 12].entries()) expect(series[i]?.cells.reduce((sum, cell) => sum + (cell.posts ?? 0), 0)).toBeCloseTo(posts, 6);
    expect(series[1]?.cells[0]).toMatchObject({ posts: null, state: 'gap' });
    expect(new Set(series.map(({ cells }) => cells.length)).size).toBe(1);
  }
  expect(coursesOf([narrative('a', [])])).toBeNull();
  expect(coursesOf([narrative('a', [[0, 20 * 60, 5]])])?.step).toBe('hour');
  expect(coursesOf([narrative('a', [[0, 60, 5]])])?.step).toBe('minute');
});

test('likeness is 1 of itself, 0 of a stranger, the same both ways, and nothing of nothing', () => {
  const [a, b, c, none] = [narrative('a', [], [['flood', 0.8], ['river', 0.5]]), narrative('b', [], [['flood', 0.4], ['dam', 0.9]]), narrative('c', [], [['goal', 1]]), narrative('d', [])];
  expect(likeness(a, a)).toBeCloseTo(1, 9);
  expect(likeness(a, c)).toBe(0);
  expect(likeness(a, b)).toBeCloseTo(likeness(b, a), 12);
  expect(likeness(a, b)).toBeGreaterThan(0);
  expect(likeness(a, none)).toBe(0);
});

test('common is what is in all of them', () => {
  const all = common([narrative('a', [], [['flood', 1], ['river', 1]]), narrative('b', [], [['river', 1]])]);
  expect(all).toEqual({ words: ['river'], hashtags: ['x'], domains: ['example.org'] });
});
