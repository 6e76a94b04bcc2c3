import { expect, test } from 'vitest';
import type { Detection, VolumeRow } from '../api/types';
import { STEP_MS } from '../format/time';
import { CELLS_MAX, csv, curveOfBuckets, curveOfRows, expectedOf, reach, stepOf, tableOf } from './curve';
import { picture, scaleOf, svgFile } from './picture';

const MINUTE = STEP_MS.minute;
const T = Date.UTC(2026, 10, 26, 20);
const iso = (ms: number): string => new Date(ms).toISOString();

function burst(minutes: number, more: Partial<Detection['evidence']> = {}): Detection {
  return {
    id: 'burst-b7', kind: 'burst', time: iso(T - minutes * MINUTE), detected_at: iso(T), title: "'dam' bursts", summary: '', severity: 'high',
    subject: { type: 'term', value: 'dam' }, feeds: [], maturity: 'experimental',
    evidence: {
      observed: 100, expected: 10, expected_interval: [5, 20], authors: 50, method: { name: 'bursts', version: 1 },
      windows: [{ start: iso(T - minutes * MINUTE), end: iso(T) }], page: '/', command: '', ...more,
    },
  } as unknown as Detection;
}
const row = (at: number, posts: number | null): VolumeRow =>
  ({ start: iso(at), step: 'minute', by: { term: 'dam' }, ...(posts === null ? { suppressed: true } : { posts, authors: posts }) }) as unknown as VolumeRow;

test('minutes for what was quick, hours and days for the rest', () => {
  expect([5, 60, 61, 24 * 60, 72 * 60].map((minutes) => stepOf(burst(minutes)))).toEqual(['minute', 'minute', 'hour', 'hour', 'day']);
});

test('what was expected in a stretch is spread over it', () => {
  expect(expectedOf(burst(5), 'minute')).toEqual({ from: T - 5 * MINUTE, to: T, level: 2, low: 1, high: 4 });
  expect(expectedOf(burst(5), 'hour')?.level).toBe(120);
  expect(expectedOf(burst(5, { expected: undefined } as never), 'minute')).toBeNull();
});

test('phrases, texts and stories have no table', () => {
  const of = (type: string): unknown => tableOf({ ...burst(5), subject: { type, value: 'x' } } as Detection);
  expect(of('term')).toEqual({ by: 'term', value: 'x' });
  expect(of('hashtag')).toEqual({ by: 'hashtag', value: 'x' });
  expect(of('total')).toEqual({ by: 'total', value: null });
  expect([of('phrase'), of('text'), of('link'), of('narrative')]).toEqual([null, null, null, null]);
});

test('a cell that is not there is held back, unless the ledger says that nobody listened', () => {
  const coverage = new Map([[T - 3 * MINUTE, 'gap' as const], [T - 2 * MINUTE, 'covered' as const]]);
  const curve = curveOfRows(burst(5), [row(T - MINUTE, 44), row(T - 2 * MINUTE, null)], 'minute', T, coverage);
  expect(curve.grid.state.slice(-3)).toEqual(['gap', 'suppressed', 'shown']);
  expect(curve.grid.posts.at(-1)).toBe(44);
  expect(curve.grid.start.at(-1)).toBe(T - MINUTE);
  expect(curve.grid.start[0]).toBe(T - 125 * MINUTE);
});

test('before the first recorded window nothing was recorded, unless the ledger says that somebody listened', () => {
  for (const first of [1, 2, 5, 60, 125, 400]) {
    const begin = T - first * MINUTE;
    const { grid, rows } = curveOfRows(burst(5), [row(T - MINUTE, 44)], 'minute', T, null, begin);
    for (const [i, start] of grid.start.entries()) expect(grid.state[i]).toBe(start === T - MINUTE ? 'shown' : start < begin ? 'gap' : 'suppressed');
    expect(rows.every(({ posts }) => posts !== 0)).toBe(true);
  }
  const coverage = new Map([[T - 9 * MINUTE, 'covered' as const], [T - 8 * MINUTE, 'partly' as const]]);
  const { grid } = curveOfRows(burst(5), [], 'minute', T, coverage, T - 5 * MINUTE);
  expect(grid.state.slice(-10)).toEqual(['gap', 'suppressed', 'suppressed', 'gap', 'gap', ...Array.from({ length: 5 }, () => 'suppressed')]);
  // Nothing recorded at all.
  expect(new Set(curveOfRows(burst(5), [], 'minute', T, null, Infinity).grid.state)).toEqual(new Set(['gap']));
});

test('nothing is drawn beyond what is closed, and a curve has bounds', () => {
  expect(reach(burst(5), 'minute', T + 10 * MINUTE).to).toBe(T + 10 * MINUTE);
  expect(reach(burst(5), 'minute', T + 900 * MINUTE).to).toBe(T + 60 * MINUTE);
  const long = reach(burst(60 * 24 * 90), 'hour', null);
  expect((long.to - long.from) / STEP_MS.hour).toBe(CELLS_MAX);
});

test('buckets are spread, and nothing is made up between them', () => {
  const buckets = [{ start: iso(T - 10 * MINUTE), end: iso(T - 6 * MINUTE), posts: 20 }, { start: iso(T - 2 * MINUTE), end: iso(T), posts: 30 }];
  const { grid, rows } = curveOfBuckets(burst(5), buckets, 'minute', T);
  expect(grid.posts.slice(-10)).toEqual([5, 5, 5, 5, null, null, null, null, 15, 15]);
  expect(grid.posts.reduce<number>((sum, posts) => sum + (posts ?? 0), 0)).toBeCloseTo(50);
  expect(rows.map(({ posts }) => posts)).toEqual([20, 30]);
});

test('buckets and rows say the same of the same windows: recorded, held back, not recorded', () => {
  let seed = 7;
  const next = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
  for (let round = 0; round < 60; round += 1) {
    const closed = T - next(5) * MINUTE;
    const since = [null, Infinity, T - next(200) * MINUTE][next(3)] ?? null;
    const coverage = new Map(Array.from({ length: 40 }, () => [T - next(130) * MINUTE, (['covered', 'partly', 'gap', 'unknown'] as const)[next(4)] ?? 'gap'] as const));
    const minutes = [...new Set(Array.from({ length: 1 + next(8) }, () => T - (1 + next(120)) * MINUTE))].filter((at) => at + MINUTE <= closed);
    const ofRows = curveOfRows(burst(5), minutes.map((at) => row(at, 30)), 'minute', closed, coverage, since).grid;
    const ofBuckets = curveOfBuckets(burst(5), minutes.map((at) => ({ start: iso(at), end: iso(at + MINUTE), posts: 30 })), 'minute', closed, coverage, since).grid;
    expect(ofBuckets.start).toEqual(ofRows.start);
    expect(ofBuckets.state).toEqual(ofRows.state);
    expect(ofBuckets.posts).toEqual(ofRows.posts);
  }
});

test('the file of numbers says what is held back, never zero', () => {
  const text = csv(curveOfRows(burst(5), [row(T - MINUTE, 44)], 'minute', T, null));
  const lines = text.trimEnd().split('\r\n');
  expect(lines[0]).toBe('start,end,posts,authors,state');
  expect(lines.at(-1)).toBe('2026-11-26T19:59:00Z,2026-11-26T20:00:00Z,44,44,shown');
  expect(lines.at(-2)).toBe('2026-11-26T19:58:00Z,2026-11-26T19:59:00Z,,,held back');
});

test('all that is drawn is within the drawing, and the level is on the scale of the bars', () => {
  for (const [posts, width] of [[44, 320], [1e9, 1280], [1, 700]] as const) {
    const curve = curveOfRows(burst(5), [row(T - MINUTE, posts)], 'minute', T + 5 * MINUTE, null);
    for (const { tag, attrs } of picture(curve, width, 240)) {
      const numbers = ['x', 'x1', 'x2'].flatMap((name) => (name in attrs ? [Number(attrs[name])] : []));
      const ups = ['y', 'y1', 'y2'].flatMap((name) => (name in attrs ? [Number(attrs[name])] : []));
      for (const x of numbers) expect(x, tag).toBeGreaterThanOrEqual(0);
      for (const x of numbers) expect(x, tag).toBeLessThanOrEqual(width);
      for (const y of ups) expect(y, tag).toBeGreaterThanOrEqual(0);
      for (const y of ups) expect(y, tag).toBeLessThanOrEqual(240);
      for (const size of ['width', 'height']) if (size in attrs) expect(Number(attrs[size])).toBeGreaterThan(0);
    }
    const { y, top } = scaleOf(curve, width, 240);
    expect(y(0)).toBeGreaterThan(y(top / 2));
  }
});

test('a place on the chart is the window under it', () => {
  const curve = curveOfRows(burst(5), [row(T - MINUTE, 44)], 'minute', T, null);
  const { x, at } = scaleOf(curve, 800, 240);
  for (const i of [0, 17, curve.grid.start.length - 1]) expect(at(x((curve.grid.start[i] ?? 0) + MINUTE / 2))).toBe(i);
  expect(at(0)).toBeNull();
  expect(at(800)).toBeNull();
});

test('a picture as a file is well formed, whatever its title says, and asks for nothing', () => {
  const curve = curveOfRows(burst(5), [row(T - MINUTE, 44)], 'minute', T, null);
  const file = svgFile(picture(curve, 800, 240, (name) => `#${name.length}`), 800, 240, '</title><script>"&\u202E', '#fff');
  const document = new DOMParser().parseFromString(file, 'image/svg+xml');
  expect(document.querySelector('parsererror, script')).toBeNull();
  expect(document.querySelector('title')?.textContent).toBe('</title><script>"&\u202E');
  expect(file).not.toMatch(/var\(|href|url\(|style=/);
});
