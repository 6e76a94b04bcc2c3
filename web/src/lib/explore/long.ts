// Every minute of weeks as one chart: read in pages, kept in flat arrays, and drawn from a pyramid of lows and highs, so that a frame
// costs as many steps as the chart has columns, however many minutes there are.
import type { Api } from '../api/client';
import { csvLines } from '../charts/csv';
import { niceStep, round, type Paint, type Shape } from '../charts/picture';
import { COUNT_ERROR, short } from '../format/number';
import { STEP_MS, clockTime, dayTime, iso, parseTime } from '../format/time';
import type { View } from './view';

export const MINUTE = STEP_MS.minute;
/** Minutes that are asked for at once, and how many such questions are under way. */
const PAGE_MINUTES = 1_000;
const AT_ONCE = 4;

/** State of a minute. */
export const SHOWN = 0;
export const HELD_BACK = 1;
export const UNREAD = 2;

export interface Long {
  /** Start of the first minute. */
  from: number;
  /** Posts by minute; NaN where none are shown. */
  posts: Float64Array;
  state: Uint8Array;
  pyramid: Level[];
}

interface Level {
  /** Minutes of a piece. */
  size: number;
  low: Float64Array;
  high: Float64Array;
}

const FACTOR = 4;

/** Lows and highs of 4, 16, 64 … minutes; NaN where nothing of a piece is shown. */
export function pyramidOf(posts: Float64Array): Level[] {
  const levels: Level[] = [];
  let [low, high, size] = [posts, posts, 1];
  while (low.length > FACTOR) {
    const pieces = Math.ceil(low.length / FACTOR);
    const [nextLow, nextHigh] = [new Float64Array(pieces).fill(NaN), new Float64Array(pieces).fill(NaN)];
    for (let i = 0; i < low.length; i += 1) {
      const at = Math.floor(i / FACTOR);
      const [a, b] = [low[i] ?? NaN, high[i] ?? NaN];
      if (!(a >= (nextLow[at] ?? NaN))) nextLow[at] = Number.isNaN(a) ? (nextLow[at] ?? NaN) : a;
      if (!(b <= (nextHigh[at] ?? NaN))) nextHigh[at] = Number.isNaN(b) ? (nextHigh[at] ?? NaN) : b;
    }
    size *= FACTOR;
    levels.push({ size, low: nextLow, high: nextHigh });
    [low, high] = [nextLow, nextHigh];
  }
  return levels;
}

/** Low and high of the minutes from `a` to before `b`; NaN where none is shown. */
export function extent(long: Pick<Long, 'posts' | 'pyramid'>, a: number, b: number): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  const take = (one: number, other: number): void => {
    if (one < low) low = one;
    if (other > high) high = other;
  };
  let i = Math.max(0, a);
  const end = Math.min(b, long.posts.length);
  while (i < end) {
    let found: Level | null = null;
    for (const level of long.pyramid) {
      if (i % level.size !== 0 || i + level.size > end) break;
      found = level;
    }
    if (found === null) {
      const value = long.posts[i] ?? NaN;
      take(value, value);
      i += 1;
    } else {
      const at = i / found.size;
      take(found.low[at] ?? NaN, found.high[at] ?? NaN);
      i += found.size;
    }
  }
  return low === Infinity ? [NaN, NaN] : [low, high];
}

/** Low and high of each of `count` equal columns of the minutes from `a` to `b`, which may be parts of minutes. */
export function columns(long: Pick<Long, 'posts' | 'pyramid'>, a: number, b: number, count: number): { low: Float64Array; high: Float64Array } {
  const [low, high] = [new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < count; i += 1) {
    const from = Math.floor(a + ((b - a) * i) / count);
    const to = Math.max(from + 1, Math.floor(a + ((b - a) * (i + 1)) / count));
    [low[i], high[i]] = from < 0 ? [NaN, NaN] : extent(long, from, to);
  }
  return { low, high };
}

/** Reads every minute of a view. `told`: how much of it is there, from 0 to 1. */
export async function readLong(api: Api, view: View, closed: number, told: (part: number) => void): Promise<Long & { value: string }> {
  const to = view.to ?? Math.floor(closed / MINUTE) * MINUTE;
  const from = to - Math.floor(view.span / MINUTE) * MINUTE;
  const minutes = (to - from) / MINUTE;
  const posts = new Float64Array(minutes).fill(NaN);
  const state = new Uint8Array(minutes).fill(UNREAD);
  let value = view.values[0] ?? 'all';
  if (view.by !== 'total' && view.values.length === 0) value = (await api.topAt(view.by, 'hour', 1, iso(Math.floor((to - 2 * STEP_MS.hour) / STEP_MS.hour) * STEP_MS.hour))).items[0]?.value ?? '';
  const pages = Array.from({ length: Math.ceil(minutes / PAGE_MINUTES) }, (_, i) => from + i * PAGE_MINUTES * MINUTE);
  let done = 0;
  async function one(start: number): Promise<void> {
    const end = Math.min(to, start + PAGE_MINUTES * MINUTE);
    const own = view.by === 'total' ? [] : await api.volumes(view.by, 'minute', iso(start), { to: iso(end), value });
    const all = await api.volumes('total', 'minute', iso(start), { to: iso(end) });
    for (const row of all) {
      const at = ((parseTime(row.start) ?? NaN) - from) / MINUTE;
      if (!(at >= 0 && at < minutes)) continue;
      // Somebody was heard: what is not there of a subject is held back, or none.
      state[at] = HELD_BACK;
      if (view.by === 'total' && typeof row.posts === 'number') [posts[at], state[at]] = [row.posts, SHOWN];
    }
    for (const row of own) {
      const at = ((parseTime(row.start) ?? NaN) - from) / MINUTE;
      if (at >= 0 && at < minutes && typeof row.posts === 'number') [posts[at], state[at]] = [row.posts, SHOWN];
    }
    done += 1;
    told(done / pages.length);
  }
  // The newest first, a few at once.
  const left = [...pages];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let start = left.pop(); start !== undefined; start = left.pop()) await one(start);
  }));
  return { from, posts, state, pyramid: pyramidOf(posts), value };
}

export const LEFT = 52;
export const RIGHT = 12;
export const TOP = 12;
export const BOTTOM = 30;

/** Steps of a time axis. */
const TICKS = [1, 5, 15, 30, 60, 180, 360, 720, 1_440, 2_880, 10_080].map((minutes) => minutes * MINUTE);

/** Moments of an axis over a stretch: whole steps of the reader's own day. */
export function ticks(from: number, to: number, width: number): { at: number; words: string }[] {
  const wanted = Math.max(1, (to - from) / Math.max(1, width / 110));
  const step = TICKS.find((one) => one >= wanted) ?? 10_080 * MINUTE;
  const zone = new Date(from).getTimezoneOffset() * MINUTE;
  const found: { at: number; words: string }[] = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) found.push({ at, words: found.length === 0 || step >= 12 * STEP_MS.hour ? dayTime(at) : clockTime(at) });
  return found;
}

/** What is in sight as a picture that can be taken along. `a` and `b`: minutes from the start. */
export function drawLong(long: Long, a: number, b: number, width: number, height: number, paint: Paint): Shape[] {
  const inner = width - LEFT - RIGHT;
  const { low, high } = columns(long, a, b, inner);
  const top = Math.max(4, ...high.filter((value) => !Number.isNaN(value))) * 1.08;
  const floor = height - BOTTOM;
  const y = (posts: number): number => round(floor - (posts / top) * (floor - TOP));
  const shapes: Shape[] = [];
  const each = Math.max(1, niceStep(top / 3));
  for (let value = 0; value <= top; value += each) {
    shapes.push({ tag: 'line', attrs: { x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value), stroke: paint('line'), 'stroke-width': 1 } });
    shapes.push({ tag: 'text', attrs: { x: LEFT - 7, y: y(value) + 4, 'text-anchor': 'end', 'font-size': 12, fill: paint('ink-soft') }, text: short(value) });
  }
  const [from, to] = [long.from + a * MINUTE, long.from + b * MINUTE];
  for (const { at, words } of ticks(from, to, inner)) {
    const x = round(LEFT + ((at - from) / Math.max(1, to - from)) * inner);
    if (x + 40 < width) shapes.push({ tag: 'text', attrs: { x, y: height - 8, 'text-anchor': x < LEFT + 40 ? 'start' : 'middle', 'font-size': 12, fill: paint('ink-soft') }, text: words });
  }
  let d = '';
  for (let i = 0; i < inner; i += 1) {
    const [down, up] = [low[i] ?? NaN, high[i] ?? NaN];
    if (Number.isNaN(down)) continue;
    d += `${d === '' || Number.isNaN(high[i - 1] ?? NaN) ? 'M' : 'L'}${LEFT + i} ${y(down)}L${LEFT + i} ${y(up)}`;
  }
  shapes.push({ tag: 'path', attrs: { d, fill: 'none', stroke: paint('posts'), 'stroke-width': 1.25, 'stroke-linejoin': 'round' } });
  return shapes;
}

const STATES = ['shown', 'held back', 'nothing was read'];

export function longCsv(long: Long, by: string, value: string): string {
  return csvLines([['start', 'step', by, 'posts', 'plus_minus', 'state'], ...Array.from(long.posts, (posts, i) => [iso(long.from + i * MINUTE), 'minute', value, Number.isNaN(posts) ? '' : posts, Number.isNaN(posts) ? '' : COUNT_ERROR, STATES[long.state[i] ?? UNREAD] ?? ''])]);
}
