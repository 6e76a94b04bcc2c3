// Released rows, which leave out what holds nothing, laid on an even grid of windows, so that a gap is seen as one.
import { STEP_MS, parseTime } from '../format/time';
import type { Step, VolumeRow } from '../api/types';

export type CellState =
  /** Released numbers. */
  | 'shown'
  /** Held back by the gate: fewer than k authors, or none. */
  | 'suppressed'
  /** No row: nothing was read in this window. */
  | 'gap';

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
    const shown = row !== undefined && row.suppressed !== true && typeof row.posts === 'number';
    grid.start.push(at);
    grid.posts.push(shown ? (row.posts ?? null) : null);
    grid.authors.push(shown ? (row.authors ?? null) : null);
    grid.state.push(row === undefined ? 'gap' : shown ? 'shown' : 'suppressed');
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
