import { expect, test, vi } from 'vitest';
import type { Api } from '../api/client';
import { HELD_BACK, MINUTE, SHOWN, UNREAD, columns, drawLong, extent, longCsv, pyramidOf, readLong, ticks } from './long';
import { parseView } from './view';

let seed = 5;
const next = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
const series = (length: number, holes: number): Float64Array => Float64Array.from({ length }, () => (next(100) < holes ? NaN : next(5_000)));

test('lows and highs are those of every minute, whatever stretch is looked at', () => {
  for (const length of [0, 1, 3, 4, 5, 17, 1_000, 4_097]) {
    const posts = series(length, next(2) === 0 ? 0 : 60);
    const long = { posts, pyramid: pyramidOf(posts) };
    for (let round = 0; round < 60; round += 1) {
      const a = next(length + 1);
      const b = a + next(length + 3);
      const values = [...posts.subarray(a, b)].filter((value) => !Number.isNaN(value));
      expect(extent(long, a, b)).toEqual(values.length === 0 ? [NaN, NaN] : [Math.min(...values), Math.max(...values)]);
    }
  }
});

test('no peak is lost between columns, and each is where it was', () => {
  for (const count of [1, 7, 640, 1_200]) {
    const posts = series(10_080, 10);
    posts[777] = 90_000;
    const long = { posts, pyramid: pyramidOf(posts) };
    const { high } = columns(long, 0, posts.length, count);
    expect(high.indexOf(90_000)).toBe([...high.keys()].find((i) => 777 < Math.max(1, Math.floor((posts.length * (i + 1)) / count))));
  }
  const few = Float64Array.of(1, NaN, 3);
  expect([...columns({ posts: few, pyramid: pyramidOf(few) }, 0, 3, 6).high]).toEqual([1, 1, NaN, NaN, 3, 3]);
  expect([...columns({ posts: few, pyramid: [] }, -2, 4, 6).high]).toEqual([NaN, NaN, 1, NaN, 3, NaN]);
});

const UNTIL = Date.parse('2026-11-27T08:00:30Z');
const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

test('all minutes are read in pages, and what is not there is held back or was not read, never zero', async () => {
  const to = Math.floor(UNTIL / MINUTE) * MINUTE;
  const volumes = vi.fn(async (by: string, _step: string, from: string | null, more: { to?: string } = {}) => {
    const rows = [];
    for (let at = Date.parse(from ?? ''); at < Date.parse(more.to ?? ''); at += MINUTE) {
      const back = (to - at) / MINUTE;
      if (by === 'total' ? back % 10 !== 0 : back % 10 === 3) rows.push({ start: iso(at), step: 'minute' as const, by: { [by]: 'x' }, ...(by === 'total' && back % 10 === 5 ? { suppressed: true } : { posts: back, authors: 10 }) });
    }
    return rows;
  });
  const api = { volumes, topAt: vi.fn(async () => ({ window: null, items: [{ value: 'rain' }] })) } as unknown as Api;
  const told: number[] = [];
  const all = await readLong(api, parseView(new URLSearchParams('form=long&span=4320')), UNTIL, (part) => told.push(part));
  expect([all.posts.length, all.from]).toEqual([4_320, to - 4_320 * MINUTE]);
  expect(told.at(-1)).toBe(1);
  expect(volumes).toHaveBeenCalledTimes(5);
  for (let i = 0; i < 4_320; i += 1) {
    const back = 4_320 - i;
    expect(all.state[i]).toBe(back % 10 === 0 ? UNREAD : back % 10 === 5 ? HELD_BACK : SHOWN);
    expect(all.posts[i]).toBe(all.state[i] === SHOWN ? back : NaN);
  }
  const one = await readLong(api, parseView(new URLSearchParams('by=term&form=long&span=1440')), UNTIL, () => {});
  expect(one.value).toBe('rain');
  expect(one.posts.filter((value) => !Number.isNaN(value)).length).toBe(144);
  expect(new Set(one.state)).toEqual(new Set([SHOWN, HELD_BACK, UNREAD]));
  const csv = longCsv(one, 'term', '=1').split('\r\n');
  expect(csv).toHaveLength(1_442);
  expect(csv[1]).toMatch(/^2026-11-26T08:00:00Z,minute,'=1,,,nothing was read$/);
  const shapes = drawLong(all, 100, 2_000, 1_200, 480, (name) => name);
  expect(JSON.stringify(shapes)).not.toMatch(/NaN|null/);
});

test('an axis has whole steps, and not too many', () => {
  for (const span of [10, 60, 600, 1_440, 10_080, 100_800]) {
    const found = ticks(UNTIL - span * MINUTE, UNTIL, 1_000);
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(16);
    for (const { at } of found) expect(at % MINUTE).toBe(0);
  }
});
