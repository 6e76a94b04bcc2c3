// Narratives side by side as a river: each is a band as wide as its posts, around a middle line, the oldest in the middle.
import type { Narrative } from '../api/types';
import { dayTime, isoSecond, parseTime } from '../format/time';
import { csvLines } from './csv';
import { round, shortened, type Paint, type Shape } from './picture';

/** Bands that can be told apart. */
export const BANDS_MAX = 10;
/** Pieces of the stretch that is shown. */
export const PIECES = 48;

export interface Band {
  id: string;
  label: string;
  /** Posts of each piece; null where it was not there. */
  posts: (number | null)[];
}

export interface River {
  from: number;
  to: number;
  bands: Band[];
}

/** Posts of its buckets spread evenly over equal pieces of a stretch. */
function pieces(narrative: Narrative, from: number, to: number): (number | null)[] {
  const width = (to - from) / PIECES;
  const found: (number | null)[] = Array.from({ length: PIECES }, () => null);
  for (const { start, end, posts } of narrative.timeline) {
    const [begin, over] = [parseTime(start), parseTime(end)];
    if (begin === null || over === null || over <= begin) continue;
    const [first, last] = [Math.max(0, Math.floor((begin - from) / width)), Math.min(PIECES - 1, Math.ceil((over - from) / width) - 1)];
    for (let i = first; i <= last; i += 1) {
      const shared = Math.min(over, from + (i + 1) * width) - Math.max(begin, from + i * width);
      if (shared > 0) found[i] = (found[i] ?? 0) + (posts * shared) / (over - begin);
    }
  }
  return found;
}

/** The narratives with the most authors over the stretch in which any of them was carried. */
export function riverOf(narratives: readonly Narrative[]): River | null {
  const chosen = narratives.filter(({ timeline }) => timeline.length > 0).toSorted((a, b) => b.authors - a.authors || (a.id < b.id ? -1 : 1)).slice(0, BANDS_MAX);
  const times = chosen.flatMap(({ timeline }) => timeline.flatMap(({ start, end }) => [parseTime(start), parseTime(end)])).filter((time) => time !== null);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  if (!Number.isFinite(from) || to <= from) return null;
  // The oldest in the middle, the others around it, so that a new one moves few of them.
  const byAge = chosen.toSorted((a, b) => (a.first_seen < b.first_seen ? -1 : a.first_seen > b.first_seen ? 1 : a.id < b.id ? -1 : 1));
  const placed: Narrative[] = [];
  for (const [i, narrative] of byAge.entries()) {
    if (i % 2 === 0) placed.push(narrative);
    else placed.unshift(narrative);
  }
  return { from, to, bands: placed.map((narrative) => ({ id: narrative.id, label: narrative.label, posts: pieces(narrative, from, to) })) };
}

export interface Drawn {
  id: string;
  label: string;
  d: string;
  /** Where its name fits, or null. */
  name: { x: number; y: number } | null;
}

/** Colours by their names in base.css. */
export const COLOURS = ['posts', 'authors', 'good', 'series4', 'ink-soft', 'bad'] as const;
/** Letters of a name in the picture; the list beneath has all of it. */
const NAME_CHARACTERS_MAX = 26;
export const nameOf = (label: string): string => shortened(label, NAME_CHARACTERS_MAX);

/** A name needs so much height, and so much room to the side. */
const NAME_TALL = 16;
const NAME_WIDE = 70;

export function draw(river: River, width: number, height: number): Drawn[] {
  const sums = Array.from({ length: PIECES }, (_, i) => river.bands.reduce((sum, { posts }) => sum + (posts[i] ?? 0), 0));
  const scale = (height - 8) / Math.max(1, ...sums);
  const x = (i: number): number => round((i / (PIECES - 1)) * width);
  let tops = sums.map((sum) => (height - sum * scale) / 2);
  return river.bands.map(({ id, label, posts }) => {
    const upper = tops;
    const lower = upper.map((top, i) => top + (posts[i] ?? 0) * scale);
    tops = lower;
    const there = posts.some((count) => count !== null);
    const line = (edge: readonly number[], order: readonly number[]): string => order.map((i) => `${x(i)} ${round(edge[i] ?? 0)}`).join('L');
    const forth = upper.map((_, i) => i);
    let widest = -1;
    for (const i of forth) {
      if (x(i) < NAME_WIDE || x(i) > width - NAME_WIDE) continue;
      if (widest < 0 || (posts[i] ?? 0) > (posts[widest] ?? 0)) widest = i;
    }
    const tall = widest < 0 ? 0 : (lower[widest] ?? 0) - (upper[widest] ?? 0);
    return {
      id, label,
      d: there ? `M${line(upper, forth)}L${line(lower, forth.toReversed())}Z` : '',
      name: tall >= NAME_TALL ? { x: x(widest), y: round(((upper[widest] ?? 0) + (lower[widest] ?? 0)) / 2 + 4) } : null,
    };
  });
}

/** The river as a picture of its own, with its time beneath. */
export function riverShapes(river: River, width: number, height: number, paint: Paint): Shape[] {
  const bands = draw(river, width, height - 24);
  const shapes: Shape[] = bands.map(({ d }, i) => ({ tag: 'path', attrs: { d, fill: paint(COLOURS[i % COLOURS.length] ?? 'posts'), 'fill-opacity': 0.62, stroke: paint('surface'), 'stroke-width': 1.5 } }));
  for (const { name, label } of bands) {
    if (name !== null) shapes.push({ tag: 'text', attrs: { x: name.x, y: name.y, 'text-anchor': 'middle', 'font-size': 13, 'font-weight': 600, fill: paint('ink') }, text: `\u2068${nameOf(label)}\u2069` });
  }
  for (const [time, x, anchor] of [[river.from, 4, 'start'], [river.to, width - 4, 'end']] as const) {
    shapes.push({ tag: 'text', attrs: { x, y: height - 6, 'text-anchor': anchor, 'font-size': 12, fill: paint('ink-soft') }, text: dayTime(time) });
  }
  return shapes;
}

/** Posts of each piece, to a tenth since they are spread evenly over stretches of several minutes. */
export function riverCsv(river: River): string {
  const piece = (river.to - river.from) / PIECES;
  const rows = river.bands.flatMap(({ id, label, posts }) => posts.flatMap((count, i) => (count === null ? [] : [[isoSecond(river.from + i * piece), isoSecond(river.from + (i + 1) * piece), id, label, Math.round(count * 10) / 10]])));
  return csvLines([['start', 'end', 'narrative', 'label', 'posts'], ...rows]);
}
