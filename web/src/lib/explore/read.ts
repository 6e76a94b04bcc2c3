// The numbers of a view: rows of released tables, laid on an even grid. What is not there is fewer than k authors or none, never zero.
import { ApiError, type Api } from '../api/client';
import type { Step, ToneRow, VolumeRow } from '../api/types';
import { toCoverage } from '../charts/coverage';
import { stateOf, type CellState } from '../charts/grid';
import { STEP_MS, iso, parseTime } from '../format/time';
import { PAIRED, VALUES_MAX, WEEK_SPAN, type By, type View } from './view';

export interface Cell {
  start: number;
  posts: number | null;
  authors: number | null;
  state: CellState;
  /** How much of the window was recorded, in milliseconds, where that is not all of it: its number is of that part. */
  part?: number;
}

/** Between which moments anything was recorded, as far as that is known. */
export interface Edges {
  since: number | null;
  /** Of a recording, its end; a window of what goes on is shown when it is over. */
  until: number | null;
}

const EDGELESS: Edges = { since: null, until: null };

/** The edges for windows of a step. `since` says which is the first window of a step: where it does not begin, a shorter one tells. */
export async function edgesOf(since: (step: Step) => Promise<number | null>, step: Step, until: number | null): Promise<Edges> {
  const first = await since(step);
  if (first === null || !Number.isFinite(first)) return { since: null, until };
  const finer = step === 'minute' ? first : await since(step === 'hour' ? 'minute' : 'hour');
  // Shorter windows may be kept for less long: then the first of them says nothing of the beginning.
  return { since: finer !== null && finer > first && finer < first + STEP_MS[step] ? finer : first, until };
}

export interface Series {
  value: string;
  cells: Cell[];
  /** The same stretch before, window by window; null where it is not asked for. */
  before: Cell[] | null;
}

export interface Numbers {
  from: number;
  to: number;
  series: Series[];
  /** Posts of all, or of the watch where the table is one of a watch, by window: what a share is a share of. */
  total: Cell[];
}

/** Tables with few values: all of them are read at once. The others are asked for their largest values first. */
const SMALL: readonly By[] = ['language', 'source', 'kind', 'relation', 'region', 'watch'];

/** Up to where windows of a step are counted: at the end of a recording the last one is, too, which is not over. */
export function countedUntil(closed: number, over: boolean, step: Step): number {
  return over ? Math.ceil(closed / STEP_MS[step]) * STEP_MS[step] : closed;
}

/** Where the stretch of a view ends, in whole windows. */
export function endOf(view: View, closed: number): number {
  const width = STEP_MS[view.step];
  return view.to ?? Math.floor(closed / width) * width;
}

/** Of a window that reaches beyond what was recorded, how much was. */
function partOf(start: number, width: number, { since, until }: Edges): number | null {
  const part = Math.min(start + width, until ?? Infinity) - Math.max(start, since ?? -Infinity);
  return part > 0 && part < width ? part : null;
}

/** Rows of one value on the grid. `heard`: starts of windows in which anything was read at all. */
export function cells(rows: readonly VolumeRow[], from: number, to: number, width: number, heard: ReadonlySet<number>, edges: Edges = EDGELESS): Cell[] {
  const byStart = new Map(rows.map((row) => [parseTime(row.start), row]));
  const found: Cell[] = [];
  for (let start = Math.ceil(from / width) * width; start < to; start += width) {
    const row = byStart.get(start);
    const state = stateOf(row, start, (at) => heard.has(at));
    const part = state === 'gap' ? null : partOf(start, width, edges);
    found.push({ start, posts: state === 'shown' ? (row?.posts ?? null) : null, authors: state === 'shown' ? (row?.authors ?? null) : null, state, ...(part !== null && { part }) });
  }
  return found;
}

/** What a list of windows comes to. */
export interface Sum {
  /** Of the windows that are shown; null where none is: nothing recorded, or all held back. */
  posts: number | null;
  shown: number;
  /** Windows in which anything was read at all, shown or held back. */
  recorded: number;
  windows: number;
}

export function sumOf(list: readonly Cell[]): Sum {
  const shown = list.flatMap(({ posts }) => posts ?? []);
  return {
    posts: shown.length === 0 ? null : shown.reduce((sum, posts) => sum + posts, 0),
    shown: shown.length,
    recorded: list.filter(({ state }) => state !== 'gap').length,
    windows: list.length,
  };
}

/** Now as against before, over the windows that both show whole, so that neither a gap nor what is held back counts as nothing. Null where there is no such window. */
export function against(cells: readonly Cell[], before: readonly Cell[]): { now: number; was: number; ratio: number; windows: number } | null {
  let [now, was, windows] = [0, 0, 0];
  for (const [i, { posts, part }] of cells.entries()) {
    const then = before[i]?.posts ?? null;
    if (posts === null || then === null || part !== undefined || before[i]?.part !== undefined) continue;
    now += posts;
    was += then;
    windows += 1;
  }
  return was > 0 ? { now, was, ratio: now / was, windows } : null;
}

/** Starts of the windows in which anything was read: what has a row of all posts, and where one has none, what the ledger says was listened to. Without a ledger it is what has a row. */
async function heardIn(api: Api, totals: readonly VolumeRow[], view: View, from: number, to: number): Promise<Set<number>> {
  const { step } = view;
  const heard = new Set(totals.flatMap((row) => parseTime(row.start) ?? []));
  const width = STEP_MS[step];
  const begin = Math.ceil(from / width) * width;
  let whole = true;
  for (let start = begin; start < to; start += width) whole &&= heard.has(start);
  if (whole) return heard;
  try {
    for (const [start, state] of toCoverage((await api.coverage(step, iso(begin))).items, step)) if (state === 'covered' || state === 'partly') heard.add(start);
  } catch (error) {
    // What cannot be asked is not known to have been listened to.
    if (!(error instanceof ApiError)) throw error;
  }
  return heard;
}

function valueOf(row: VolumeRow, by: By): string {
  return String((row.by as Record<string, unknown> | undefined)?.[by] ?? '');
}

/** The values with the most posts in these rows. */
export function largest(rows: readonly VolumeRow[], by: By, count = VALUES_MAX): string[] {
  const sums = new Map<string, number>();
  for (const row of rows) {
    const value = valueOf(row, by);
    if (value !== '') sums.set(value, (sums.get(value) ?? 0) + (row.posts ?? 0));
  }
  return [...sums].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, count).map(([value]) => value);
}

/** Stands between a watch's name and a part of its query in a value of the table of both. */
const CLAUSE_JOIN = '\u001f';

/** Hours of a watch in one language. What is missing of an hour in which the watch was counted is held back, or none. */
export function spokenRows(rows: readonly ToneRow[], language: string): VolumeRow[] {
  return rows.flatMap(({ start, posts, authors, language: spoken, suppressed }) => (spoken !== language || suppressed === true || posts === undefined ? [] : [{ start, step: 'hour' as const, by: { language }, posts, ...(authors !== undefined && { authors }) }]));
}

/** A watch by the parts of its query, or by language: the two tables that have two dimensions. */
async function readPaired(api: Api, view: View, from: number, to: number, edges: Edges): Promise<Numbers> {
  const { by, step, of } = view;
  const width = STEP_MS[step];
  const begin = view.compare ? from - view.span : from;
  const [totals, own] = await Promise.all([api.volumes('total', step, iso(begin), { to: iso(to) }), api.volumes('watch', step, iso(begin), { to: iso(to), value: of })]);
  const heard = await heardIn(api, totals, view, begin, to);
  const split = (value: string, rows: readonly VolumeRow[]): Series => ({
    value, cells: cells(rows, from, to, width, heard, edges), before: view.compare ? cells(rows, begin, from, width, heard, edges) : null,
  });
  const total = cells(own, from, to, width, heard, edges);
  if (by === 'clause') {
    const values = view.values.length > 0 ? view.values : (await api.watchClauses(of)).items.map(({ clause }) => clause).slice(0, VALUES_MAX);
    const rows = await Promise.all(values.map((value) => api.volumes('clause', step, iso(begin), { to: iso(to), value: `${of}${CLAUSE_JOIN}${value}` })));
    return { from, to, total, series: values.map((value, i) => split(value, rows[i] ?? [])) };
  }
  const { items } = await api.watchTone(of, { from: iso(begin), to: iso(to) });
  const sums = new Map<string, number>();
  for (const { language, posts } of items) if (language !== undefined) sums.set(language, (sums.get(language) ?? 0) + (posts ?? 0));
  const values = view.values.length > 0 ? view.values : [...sums].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, VALUES_MAX).map(([language]) => language);
  return { from, to, total, series: values.map((value) => split(value, spokenRows(items, value))) };
}

/** `closed`: up to where windows of this step are counted. */
export async function read(api: Api, view: View, closed: number, edges: Edges = EDGELESS): Promise<Numbers> {
  const { by, step } = view;
  const width = STEP_MS[step];
  const to = endOf(view, closed);
  const from = to - view.span;
  if (PAIRED.includes(by)) return view.of === '' ? { from, to, series: [], total: [] } : readPaired(api, view, from, to, edges);
  const rowsOf = (table: By, start: number, end: number, value?: string): Promise<VolumeRow[]> =>
    api.volumes(table, step, iso(start), { to: iso(end), ...(value !== undefined && { value }) });
  const totals = await rowsOf('total', view.compare ? from - view.span : from, to);
  const heard = await heardIn(api, totals, view, view.compare ? from - view.span : from, to);
  const total = cells(totals, from, to, width, heard, edges);
  const split = (value: string, rows: readonly VolumeRow[]): Series => ({
    value,
    cells: cells(rows, from, to, width, heard, edges),
    before: view.compare ? cells(rows, from - view.span, to - view.span, width, heard, edges) : null,
  });
  if (by === 'total') return { from, to, series: [split('all', totals)], total };
  const begin = view.compare ? from - view.span : from;
  if (view.values.length === 0 && SMALL.includes(by)) {
    const all = await rowsOf(by, begin, to);
    const inside = all.filter((row) => (parseTime(row.start) ?? 0) >= from);
    return { from, to, total, series: largest(inside, by).map((value) => split(value, all.filter((row) => valueOf(row, by) === value))) };
  }
  let { values } = view;
  if (values.length === 0) {
    const newest = total.findLast((cell) => cell.state === 'shown')?.start;
    values = newest === undefined ? [] : (await api.topAt(by, step, VALUES_MAX, iso(newest))).items.map((item) => item.value);
  }
  const rows = await Promise.all(values.map((value) => rowsOf(by, begin, to, value)));
  return { from, to, total, series: values.map((value, i) => split(value, rows[i] ?? [])) };
}

export interface Week {
  value: string;
  from: number;
  to: number;
  /** Monday first, in the reader's zone: mean posts of the hours that are shown, and how many are and are not. */
  cells: { day: number; hour: number; mean: number | null; shown: number; hidden: number }[];
}

/** The reader's own weekday (Monday 0) and hour. */
function place(ms: number): [number, number] {
  const date = new Date(ms);
  return [(date.getDay() + 6) % 7, date.getHours()];
}

/** Hours by their place in the week. */
export function weekOf(value: string, hours: readonly Cell[], from: number, to: number): Week {
  const sums = Array.from({ length: 7 * 24 }, (_, i) => ({ day: Math.floor(i / 24), hour: i % 24, sum: 0, shown: 0, hidden: 0 }));
  for (const { start, posts, state, part } of hours) {
    const [day, hour] = place(start);
    const at = sums[day * 24 + hour];
    // A part of an hour is no hour to take the mean of.
    if (at === undefined || state === 'gap' || part !== undefined) continue;
    if (posts === null) at.hidden += 1;
    else {
      at.sum += posts;
      at.shown += 1;
    }
  }
  return { value, from, to, cells: sums.map(({ day, hour, sum, shown, hidden }) => ({ day, hour, mean: shown === 0 ? null : sum / shown, shown, hidden })) };
}

/** Four weeks up to the end of the view, by hour of week, of its first value. */
export async function readWeek(api: Api, view: View, closed: number, edges: Edges = EDGELESS): Promise<Week | null> {
  const hourly: View = { ...view, step: 'hour', span: WEEK_SPAN, to: Math.floor((view.to ?? closed) / STEP_MS.hour) * STEP_MS.hour, compare: false };
  const one = hourly.values.length === 0 ? hourly : { ...hourly, values: hourly.values.slice(0, 1) };
  const { from, to, series } = await read(api, one, closed, edges);
  const [first] = series;
  return first === undefined ? null : weekOf(first.value, first.cells, from, to);
}
