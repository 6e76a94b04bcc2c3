// Narratives side by side: their courses on one axis, and what they have in common.
import type { Narrative } from '../api/types';
import type { Cell, Numbers } from '../explore/read';
import { STEP_MS, iso, parseTime } from '../format/time';
import { csvLines } from './csv';

/** Narratives side by side, at most: more lines cannot be told apart. */
export const COMPARED_MAX = 6;
/** Beyond so many minutes hours are drawn. */
const MINUTES_MAX = 12 * 60;

/** Posts of the buckets, spread evenly over equal windows: minutes, or hours where the stretch is long. */
export function coursesOf(narratives: readonly Narrative[]): { numbers: Numbers; step: 'minute' | 'hour' } | null {
  const spans = narratives.map(({ timeline }) => timeline.flatMap(({ start, end, posts }) => {
    const [from, to] = [parseTime(start), parseTime(end)];
    return from === null || to === null || to <= from ? [] : [{ from, to, posts }];
  }));
  const times = spans.flat().flatMap(({ from, to }) => [from, to]);
  if (times.length === 0) return null;
  const step = (Math.max(...times) - Math.min(...times)) / STEP_MS.minute <= MINUTES_MAX ? 'minute' : 'hour';
  const width = STEP_MS[step];
  const from = Math.floor(Math.min(...times) / width) * width;
  const to = Math.ceil(Math.max(...times) / width) * width;
  const windows = (to - from) / width;
  // Not carried, or by too few: no line and no mark.
  const empty = (start: number): Cell => ({ start, posts: null, authors: null, state: 'gap' });
  const series = narratives.map(({ id }, at) => {
    const cells = Array.from({ length: windows }, (_, i) => empty(from + i * width));
    for (const span of spans[at] ?? []) {
      for (let i = Math.floor((span.from - from) / width); i < windows && from + i * width < span.to; i += 1) {
        const shared = Math.min(span.to, from + (i + 1) * width) - Math.max(span.from, from + i * width);
        const cell = cells[i];
        if (shared <= 0 || cell === undefined) continue;
        cell.posts = (cell.posts ?? 0) + (span.posts * shared) / (span.to - span.from);
        cell.state = 'shown';
      }
    }
    return { value: id, cells, before: null };
  });
  return { step, numbers: { from, to, series, total: Array.from({ length: windows }, (_, i): Cell => ({ ...empty(from + i * width), state: 'suppressed' })) } };
}

/** From 0 to 1: the cosine of their words' weights. */
export function likeness(one: Narrative, other: Narrative): number {
  const weights = new Map(other.terms.map(({ term, weight }) => [term, weight]));
  const size = ({ terms }: Narrative): number => Math.sqrt(terms.reduce((sum, { weight }) => sum + weight * weight, 0));
  const both = one.terms.reduce((sum, { term, weight }) => sum + weight * (weights.get(term) ?? 0), 0);
  const sizes = size(one) * size(other);
  return sizes === 0 ? 0 : Math.min(1, both / sizes);
}

const within = (lists: readonly (readonly string[])[]): string[] => {
  const [first, ...rest] = lists;
  return [...new Set(first ?? [])].filter((value) => rest.every((list) => list.includes(value)));
};

/** What is in every one of them. */
export function common(narratives: readonly Narrative[]): { words: string[]; hashtags: string[]; domains: string[] } {
  return {
    words: within(narratives.map(({ terms }) => terms.map(({ term }) => term))),
    hashtags: within(narratives.map(({ hashtags }) => hashtags)),
    domains: within(narratives.map(({ domains }) => domains)),
  };
}

/** Posts of each window, to a tenth since they are spread over stretches of several. */
export function compareCsv(numbers: Numbers, step: string, label: (id: string) => string): string {
  const rows = numbers.series.flatMap(({ value, cells }) => cells.flatMap(({ start, posts }) => (posts === null ? [] : [[iso(start), step, value, label(value), Math.round(posts * 10) / 10]])));
  return csvLines([['start', 'step', 'narrative', 'label', 'posts'], ...rows]);
}
