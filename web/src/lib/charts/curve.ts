// The course of what a detection is about, with what was expected of it and the moment at which it was told.
import type { Detection, NarrativeBucket, Step, VolumeRow } from '../api/types';
import { STEP_MS, iso, parseTime } from '../format/time';
import type { BandState, Coverage } from './coverage';
import { csvLines } from './csv';
import { recordedBy, stateOf, type CellState, type Grid } from './grid';

/** What was expected, as posts a step. */
export interface Expected {
  /** Where it was looked at, in milliseconds. */
  from: number;
  to: number;
  level: number;
  /** 95 of 100 such stretches are between these on average; null where the detector gave none. */
  low: number | null;
  high: number | null;
}

export interface Curve {
  grid: Grid;
  expected: Expected | null;
  /** When it began and by when it was found. */
  began: number;
  alarm: number;
  /** What the numbers are, one row each, for the table and the file. */
  rows: { start: number; end: number; posts: number | null; authors: number | null; state: CellState }[];
  /** Whether posts were spread evenly over buckets of unequal length. */
  spread: boolean;
}

/** How far a chart reaches before what was looked at, and after the alarm. */
const BEFORE: Record<Step, number> = { minute: 2 * STEP_MS.hour, hour: 3 * STEP_MS.day, day: 28 * STEP_MS.day };
const AFTER: Record<Step, number> = { minute: STEP_MS.hour, hour: STEP_MS.day, day: 7 * STEP_MS.day };
/** Windows of a curve at most; a burst of days is cut at its beginning. */
export const CELLS_MAX = 720;

/** The table that has a subject's numbers; null where it has none of its own. */
export function tableOf(detection: Detection): { by: string; value: string | null } | null {
  const { type, value } = detection.subject;
  switch (type) {
    case 'narrative':
    case 'phrase':
    case 'text':
    case 'link':
      return null;
    case 'total':
      return { by: 'total', value: null };
    default:
      return { by: type, value };
  }
}

interface Stretch {
  from: number;
  to: number;
}

/** What was looked at: the first window of the evidence. */
export function looked(detection: Detection): Stretch {
  const [first] = detection.evidence.windows;
  const alarm = parseTime(detection.detected_at) ?? 0;
  const from = parseTime(first?.start) ?? parseTime(detection.time) ?? alarm;
  return { from, to: Math.max(from + STEP_MS.minute, parseTime(first?.end) ?? alarm) };
}

/** Minutes for what is over within the hour, hours for the rest, days for what took days. */
export function stepOf(detection: Detection): Step {
  const { from, to } = looked(detection);
  if (to - from <= STEP_MS.hour) return 'minute';
  return to - from <= 2 * STEP_MS.day ? 'hour' : 'day';
}

/** The stretch that a chart shows; nothing beyond what is closed. */
export function reach(detection: Detection, step: Step, closed: number | null): Stretch {
  const { from, to } = looked(detection);
  const width = STEP_MS[step];
  const alarm = Math.max(to, parseTime(detection.detected_at) ?? to);
  const end = Math.min(alarm + AFTER[step], Math.max(alarm, closed ?? Infinity));
  const last = Math.ceil(end / width) * width;
  const first = Math.floor((from - BEFORE[step]) / width) * width;
  return { from: Math.max(first, last - CELLS_MAX * width), to: last };
}

export function expectedOf(detection: Detection, step: Step): Expected | null {
  const { evidence } = detection;
  if (typeof evidence.expected !== 'number') return null;
  const { from, to } = looked(detection);
  const share = STEP_MS[step] / (to - from);
  const [low, high] = evidence.expected_interval ?? [];
  return {
    from, to,
    level: evidence.expected * share,
    low: low === undefined ? null : low * share,
    high: high === undefined ? null : high * share,
  };
}

/**
 * From rows of a table. A cell that is not there holds fewer than k authors or nothing, or was not recorded (`stateOf`).
 * `since`: the first window with a row of all posts, null where that is not known.
 */
export function curveOfRows(detection: Detection, rows: readonly VolumeRow[], step: Step, closed: number | null, coverage: Coverage | null, since: number | null = null): Curve {
  const { from, to } = reach(detection, step, closed);
  const width = STEP_MS[step];
  const byStart = new Map(rows.filter((row) => row.step === step).map((row) => [parseTime(row.start), row]));
  const grid: Grid = { step, start: [], posts: [], authors: [], state: [] };
  const recorded = recordedBy(since === null ? null : Math.min(since, ...[...byStart.keys()].flatMap((start) => start ?? [])), coverage);
  for (let at = from; at < to; at += width) {
    // The last window may not be over yet: it is not there, which is no statement.
    if (closed !== null && at + width > closed && !byStart.has(at)) break;
    const row = byStart.get(at);
    const state = stateOf(row, at, recorded);
    grid.start.push(at);
    grid.posts.push(state === 'shown' ? (row?.posts ?? null) : null);
    grid.authors.push(state === 'shown' ? (row?.authors ?? null) : null);
    grid.state.push(state);
  }
  return {
    ...frame(detection, step), grid, spread: false,
    rows: grid.start.map((start, i) => ({
      start, end: start + width, posts: grid.posts[i] ?? null, authors: grid.authors[i] ?? null, state: grid.state[i] ?? 'suppressed',
    })),
  };
}

/** From buckets of whole minutes, over which their posts are spread evenly. */
export function curveOfBuckets(detection: Detection, buckets: readonly NarrativeBucket[], step: Step, closed: number | null, coverage: Coverage | null = null, since: number | null = null): Curve {
  const range = reach(detection, step, closed);
  const width = STEP_MS[step];
  const spans = buckets.flatMap(({ start, end, posts }) => {
    const [from, to] = [parseTime(start), parseTime(end)];
    return from === null || to === null || to <= from ? [] : [{ from, to, posts }];
  });
  const recorded = recordedBy(since === null ? null : Math.min(since, ...spans.map(({ from }) => Math.floor(from / width) * width)), coverage);
  const grid: Grid = { step, start: [], posts: [], authors: [], state: [] };
  for (let at = range.from; at < range.to; at += width) {
    let posts: number | null = null;
    for (const span of spans) {
      const shared = Math.min(at + width, span.to) - Math.max(at, span.from);
      if (shared > 0) posts = (posts ?? 0) + (span.posts * shared) / (span.to - span.from);
    }
    // As with rows: a window that is not over says nothing by being empty.
    if (closed !== null && at + width > closed && posts === null) break;
    grid.start.push(at);
    grid.posts.push(posts);
    grid.authors.push(null);
    grid.state.push(stateOf(posts === null ? undefined : { posts }, at, recorded));
  }
  return {
    ...frame(detection, step), grid, spread: true,
    rows: spans.map(({ from, to, posts }) => ({ start: from, end: to, posts, authors: null, state: 'shown' as const })),
  };
}

function frame(detection: Detection, step: Step): Pick<Curve, 'expected' | 'began' | 'alarm'> {
  const alarm = parseTime(detection.detected_at) ?? 0;
  return { expected: expectedOf(detection, step), began: parseTime(detection.time) ?? alarm, alarm };
}

/** When we listened, for the windows of a curve; undefined where there is no ledger. */
export function heardOf(curve: Curve, coverage: Coverage | null): BandState[] | undefined {
  if (coverage === null || coverage.size === 0) return undefined;
  return curve.grid.start.map((start) => coverage.get(start) ?? 'unknown');
}

/** The numbers as CSV (RFC 4180). What is held back is an empty cell and says so beside it. */
export function csv(curve: Curve): string {
  const state: Record<CellState, string> = { shown: 'shown', suppressed: 'held back', gap: 'not recorded' };
  const rows = curve.rows.map(({ start, end, posts, authors, state: of }) => [iso(start), iso(end), posts ?? '', authors ?? '', state[of]]);
  return csvLines([['start', 'end', 'posts', 'authors', 'state'], ...rows]);
}
