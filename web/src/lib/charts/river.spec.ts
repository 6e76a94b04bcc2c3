import { expect, test } from 'vitest';
import type { Narrative } from '../api/types';
import { BANDS_MAX, PIECES, draw, riverOf } from './river';

const MINUTE = 60_000;
const T0 = Date.parse('2026-11-27T08:00:00Z');
const iso = (ms: number): string => new Date(ms).toISOString();

function narrative(id: string, from: number, to: number, posts: number, authors = posts): Narrative {
  return { id, label: `story ${id}`, authors, first_seen: iso(T0 + from * MINUTE), timeline: [{ start: iso(T0 + from * MINUTE), end: iso(T0 + to * MINUTE), posts }] } as unknown as Narrative;
}

test('no post is lost or made up, and where a narrative was not there it has no width', () => {
  const river = riverOf([narrative('a', 0, 48, 480), narrative('b', 24, 30, 60)]);
  expect(river?.bands.length).toBe(2);
  for (const [id, posts] of [['a', 480], ['b', 60]] as const) {
    const band = river?.bands.find((one) => one.id === id);
    expect(band?.posts.length).toBe(PIECES);
    expect(band?.posts.reduce<number>((sum, count) => sum + (count ?? 0), 0)).toBeCloseTo(posts, 6);
  }
  expect(river?.bands.find(({ id }) => id === 'b')?.posts.map((count) => count !== null).indexOf(true)).toBe(24);
});

test('bands lie on each other without overlap, within the picture, and the largest is named', () => {
  const river = riverOf(Array.from({ length: 30 }, (_, i) => narrative(String(i).padStart(2, '0'), i, 60 + i, 10 + 40 * i)));
  if (river === null) throw new Error('no river');
  expect(river.bands.length).toBe(BANDS_MAX);
  const drawn = draw(river, 800, 240);
  const edges = drawn.map(({ d }) => {
    const points = d.replace(/^M|Z$/g, '').split('L').map((point) => point.split(' ').map(Number));
    return { upper: points.slice(0, PIECES).map(([, y]) => y ?? 0), lower: points.slice(PIECES).toReversed().map(([, y]) => y ?? 0) };
  });
  for (const [i, { upper, lower }] of edges.entries()) {
    for (let at = 0; at < PIECES; at += 1) {
      expect(lower[at]).toBeGreaterThanOrEqual(upper[at] ?? 0);
      if (i > 0) expect(upper[at]).toBe(edges[i - 1]?.lower[at]);
      expect(upper[at]).toBeGreaterThanOrEqual(0);
      expect(lower[at]).toBeLessThanOrEqual(240);
    }
  }
  expect(drawn.some(({ name }) => name !== null)).toBe(true);
  expect(JSON.stringify(draw(river, 0, 240))).not.toContain('NaN');
});

test('of nothing there is no river', () => {
  expect(riverOf([])).toBeNull();
  expect(riverOf([{ ...narrative('a', 0, 1, 1), timeline: [] }])).toBeNull();
});
