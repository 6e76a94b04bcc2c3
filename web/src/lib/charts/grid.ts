// Released rows, which leave out what holds nothing, laid on an even grid of windows, so that a gap is seen as one.
import { STEP_MS, parseTime } from '../format/time';
import type { Step, VolumeRow } from '../api/types';
import type { Coverage } from './coverage';

export type CellState =
  /** Released numbers. */
  | 'shown'
  /** Held back by the gate: fewer than k authors, or none. */
  | 'suppressed'
  /** Nothing was recorded in this window. */
  | 'gap';

/** Whether anything was recorded in the window that starts there. */
export type Recorded = (start: number) => boolean;

/**
 * What is known of one window, for every chart: a released number is shown, zero too; a window without one has fewer than k authors
 * or none where something was recorded, and where nothing was, that is said.
 */
export function stateOf(row: Pick<VolumeRow, 'posts' | 'suppressed'> | undefined, start: number, recorded: Recorded): CellState {
  if (row !== undefined) return row.suppressed !== true && typeof row.posts === 'number' ? 'shown' : 'suppressed';
  return recorded(start) ? 'suppressed' : 'gap';
}

/** Windows from the first recorded one on, unless the ledger says otherwise. `since` null: not known, so nothing is called unrecorded for it. */
export function recordedBy(since: number | null, heard: Coverage | null): Recorded {
  return (start) => {
    const state = heard?.get(start);
    return state === 'covered' || state === 'partly' || (state !== 'gap' && (since === null || start >= since));
  };
}

/** A small line begins where the recording does, and has so many windows at least. */
export const LINE_MIN = 24;

/** The first window that a small line shows: one that is nearly all unrecorded says nothing of its end. */
export function lineStart(states: readonly CellState[]): number {
  const recorded = states.findIndex((state) => state !== 'gap');
  return Math.max(0, Math.min(recorded < 0 ? Infinity : recorded, states.length - LINE_MIN));
}

/** The states of the last windows up to one, as small lines have them: null where there is no number. */
export function lineStates(values: readonly (number | null)[], newest: number | null, step: Step, recorded: Recorded): CellState[] {
  return values.map((posts, i) => stateOf(posts === null ? undefined : { posts }, (newest ?? 0) - (values.length - 1 - i) * STEP_MS[step], newest === null ? () => true : recorded));
}

export interface Grid {
  step: Step;
  /** Window starts, in milliseconds, evenly spaced. */
  start: number[];
  posts: (number | null)[];
  authors: (number | null)[];
  state: CellState[];
}

/** Windows kept for one chart; older ones leave it. */
export const WINDOWS_MAX: Record<Step, number> = { minute: 180, hour: 168, day: 180 };

/** Newest `WINDOWS_MAX` windows up to the last row. Rows in any order; of two for one window the later in the list holds. */
export function toGrid(rows: readonly VolumeRow[], step: Step): Grid {
  const width = STEP_MS[step];
  const byStart = new Map<number, VolumeRow>();
  for (const row of rows) {
    const at = parseTime(row.start);
    if (at !== null && row.step === step) byStart.set(at, row);
  }
  const grid: Grid = { step, start: [], posts: [], authors: [], state: [] };
  if (byStart.size === 0) return grid;
  let first = Infinity;
  let last = -Infinity;
  for (const at of byStart.keys()) {
    first = Math.min(first, at);
    last = Math.max(last, at);
  }
  first = Math.max(first, last - (WINDOWS_MAX[step] - 1) * width);
  for (let at = first; at <= last; at += width) {
    const row = byStart.get(at);
    const state = stateOf(row, at, (start) => byStart.has(start));
    grid.start.push(at);
    grid.posts.push(state === 'shown' ? (row?.posts ?? null) : null);
    grid.authors.push(state === 'shown' ? (row?.authors ?? null) : null);
    grid.state.push(state);
  }
  return grid;
}

/** Runs of equal state, as [from, to] indexes, both inclusive. */
export function runs(states: readonly CellState[], wanted: CellState): [number, number][] {
  const found: [number, number][] = [];
  for (let i = 0; i < states.length; i += 1) {
    if (states[i] !== wanted) continue;
    const open = found.at(-1);
    if (open !== undefined && open[1] === i - 1) open[1] = i;
    else found.push([i, i]);
  }
  return found;
}

/** Adds live rows to those held, newest last, bounded; a row of a window already held replaces it. */
export function mergeRows(held: readonly VolumeRow[], incoming: readonly VolumeRow[], step: Step): VolumeRow[] {
  const byStart = new Map<string, VolumeRow>();
  for (const row of held) if (row.step === step) byStart.set(row.start, row);
  for (const row of incoming) if (row.step === step) byStart.set(row.start, row);
  return [...byStart.values()]
    .sort((a, b) => (parseTime(a.start) ?? 0) - (parseTime(b.start) ?? 0))
    .slice(-WINDOWS_MAX[step]);
}
