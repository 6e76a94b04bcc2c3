// The path of a sparkline: a line per run of numbers, and the places where there is none.
import { runs, type CellState } from './grid';

export interface Spark {
  /** SVG path data of the line; empty where no two neighbours are shown. */
  line: string;
  /** The same closed down to the baseline. */
  area: string;
  /** Numbers that stand alone between held-back ones. */
  dots: { x: number; y: number }[];
  /** Where the last number is, if it is shown. */
  last: { x: number; y: number } | null;
  /** Where what was expected is, if that is given. */
  level: number | null;
}

export function spark(values: readonly (number | null)[], width: number, height: number, pad = 2, expected: number | null = null): Spark {
  const result: Spark = { line: '', area: '', dots: [], last: null, level: null };
  if (values.length === 0) return result;
  const cell = width / values.length;
  const top = Math.max(1, ...values.map((value) => value ?? 0), expected ?? 0);
  const x = (i: number): number => round((i + 0.5) * cell);
  const y = (value: number): number => round(height - pad - (value / top) * (height - 2 * pad));
  if (expected !== null) result.level = y(expected);
  let i = 0;
  while (i < values.length) {
    const from = i;
    if (values[i] === null) {
      i += 1;
      continue;
    }
    while (i < values.length && values[i] !== null) i += 1;
    const points = values.slice(from, i).map((value, offset) => ({ x: x(from + offset), y: y(value ?? 0) }));
    const [first] = points;
    const end = points.at(-1);
    if (first === undefined || end === undefined) continue;
    if (points.length === 1) {
      result.dots.push(first);
    } else {
      const path = points.map((point, at) => `${at === 0 ? 'M' : 'L'}${point.x} ${point.y}`).join('');
      result.line += path;
      result.area += `${path}L${end.x} ${height}L${first.x} ${height}Z`;
    }
    if (i === values.length) result.last = end;
  }
  return result;
}

/** Stretches of windows of one state, as x and width. */
export function stretches(states: readonly CellState[], wanted: CellState, width: number): { x: number; width: number }[] {
  const cell = width / Math.max(1, states.length);
  return runs(states, wanted).map(([from, to]) => ({ x: round(from * cell), width: round((to + 1 - from) * cell) }));
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
