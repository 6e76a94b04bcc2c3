import { expect, test } from 'vitest';
import { spread } from './buckets';

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const bucket = (start: number, end: number, posts: number) => ({ start: at(start), end: at(end), posts });

test('posts are spread over their bucket, and what no bucket reaches is no zero', () => {
  const buckets = [bucket(0, 4, 40), bucket(6, 8, 30)];
  expect(spread(buckets, Date.parse(at(10)), 5)).toEqual([20, 20, null, 30, null]);
  expect(spread(buckets, Date.parse(at(8)), 8)).toEqual([10, 10, 10, 10, null, null, 15, 15]);
});

test('all posts are in it, whatever the steps', () => {
  const buckets = [bucket(0, 3, 31), bucket(3, 4, 100), bucket(9, 17, 12)];
  for (const steps of [1, 3, 7, 30]) {
    const sum = spread(buckets, Date.parse(at(20)), steps).reduce<number>((all, posts) => all + (posts ?? 0), 0);
    expect(sum).toBeCloseTo(143);
  }
});

test('nothing gives nothing', () => {
  expect(spread([], 1, 5)).toEqual([]);
  expect(spread([{ start: 'never', end: at(1), posts: 3 }], Date.parse(at(2)), 5)).toEqual([]);
});
