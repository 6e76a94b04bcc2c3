// A view as shapes and as CSV: drawn in the page, and taken along as it is drawn.
import type { Step } from '../api/types';
import { csvLines } from '../charts/csv';
import { niceStep, round, type Paint, type Shape } from '../charts/picture';
import { COUNT_ERROR } from '../format/detection';
import { count, short } from '../format/number';
import { STEP_MS, axisDate, axisTime, clockTime, iso } from '../format/time';
import { perLocale } from '../i18n/locale';
import type { Cell, Numbers, Series, Week } from './read';
import type { Measure } from './view';

/** Colours by their names in base.css, and strokes, so that lines differ in black and white too. */
export const LINES: readonly { colour: string; dash: string }[] = [
  { colour: 'posts', dash: '' }, { colour: 'authors', dash: '7 3' }, { colour: 'good', dash: '2 3' },
  { colour: 'series4', dash: '10 3 2 3' }, { colour: 'bad', dash: '5 5' }, { colour: 'ink-soft', dash: '1 2' },
];

/** Windows from one label to the next, so that they stand at times that people say. */
const TICKS: Record<Step, readonly number[]> = { minute: [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720], hour: [1, 2, 3, 6, 12, 24, 48, 72, 168], day: [1, 2, 7, 14, 28, 91] };

/** Which window it is, counted in the reader's own time; days are UTC days. */
function windowOfDay(start: number, step: Step): number {
  const local = step === 'day' ? start : start - new Date(start).getTimezoneOffset() * STEP_MS.minute;
  return Math.floor(local / STEP_MS[step]);
}

const LEFT = 52;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 36;

/** What is drawn of a window: posts, or their part of all posts in it. */
export function amountOf(cell: Cell, total: Cell | undefined, measure: Measure): number | null {
  if (measure === 'posts' || cell.posts === null) return cell.posts;
  const all = total?.posts ?? null;
  return all === null || all === 0 ? null : Math.min(1, cell.posts / all);
}

export interface Frame {
  x(at: number): number;
  y(amount: number): number;
  at(x: number): number;
  top: number;
  floor: number;
}

export function frameOf(numbers: Numbers, measure: Measure, width: number, height: number): Frame {
  const { from, to, series, total } = numbers;
  let highest = measure === 'share' ? 0.001 : 4;
  for (const { cells, before } of series) {
    for (const [i, cell] of cells.entries()) highest = Math.max(highest, amountOf(cell, total[i], measure) ?? 0);
    for (const cell of before ?? []) highest = Math.max(highest, cell.posts ?? 0);
  }
  const top = highest * 1.08;
  const floor = height - BOTTOM;
  const inner = Math.max(1, width - LEFT - RIGHT);
  return {
    x: (at) => round(LEFT + ((at - from) / Math.max(1, to - from)) * inner),
    y: (amount) => round(floor - (amount / top) * (floor - TOP)),
    at: (x) => from + ((x - LEFT) / inner) * (to - from),
    top,
    floor,
  };
}

function label(at: number, step: Step, first: boolean): string {
  if (step === 'day') return axisDate(at, step);
  return step === 'hour' || first ? axisTime(at) : clockTime(at);
}

/** A line through whole windows. The posts of a part of one are no fall of the line: `parts` has their places. A share is as good of a part. */
function path(cells: readonly Cell[], amount: (cell: Cell, i: number) => number | null, frame: Frame, shift: number, measure: Measure): { d: string; lone: [number, number][]; parts: [number, number][] } {
  let d = '';
  const lone: [number, number][] = [];
  const parts: [number, number][] = [];
  const apart = (cell: Cell): boolean => measure === 'posts' && cell.part !== undefined;
  let open = false;
  for (const [i, cell] of cells.entries()) {
    const value = amount(cell, i);
    if (value === null) {
      open = false;
      continue;
    }
    const [x, y] = [frame.x(cell.start + shift), frame.y(value)];
    if (apart(cell)) {
      parts.push([x, y]);
      open = false;
      continue;
    }
    d += `${open ? 'L' : 'M'}${x} ${y}`;
    const next = cells[i + 1];
    if (!open && (next === undefined || apart(next) || amount(next, i + 1) === null)) lone.push([x, y]);
    open = true;
  }
  return { d, lone, parts };
}

/** Lines of all series, with what is held back under them. */
export function drawLines(numbers: Numbers, step: Step, measure: Measure, width: number, height: number, paint: Paint): Shape[] {
  const frame = frameOf(numbers, measure, width, height);
  const half = STEP_MS[step] / 2;
  const shapes: Shape[] = [];
  const text = (x: number, y: number, words: string, anchor: string): void => {
    shapes.push({ tag: 'text', attrs: { x, y, 'text-anchor': anchor, 'font-size': 12, fill: paint('ink-soft') }, text: words });
  };
  const each = measure === 'share' ? niceStep(frame.top / 3) : Math.max(1, niceStep(frame.top / 3));
  for (let value = 0; value <= frame.top; value += each) {
    shapes.push({ tag: 'line', attrs: { x1: LEFT, x2: width - RIGHT, y1: frame.y(value), y2: frame.y(value), stroke: paint('line'), 'stroke-width': 1 } });
    text(LEFT - 7, frame.y(value) + 4, measure === 'share' ? `${count(round(value * 1_000) / 10)} %` : short(value), 'end');
  }
  const windows = numbers.total.length;
  const gap = step === 'minute' ? 76 : 104;
  const least = Math.max(1, Math.ceil((windows * gap) / Math.max(gap, width - LEFT - RIGHT)));
  const every = TICKS[step].find((many) => many >= least) ?? least;
  for (let i = 0; i < windows; i += 1) {
    const start = numbers.total[i]?.start ?? 0;
    if (i > 0 && windowOfDay(start, step) % every !== 0) continue;
    if (frame.x(start) + gap / 2 > width && i > 0) break;
    if (i > 0 && frame.x(start) - gap / 2 < LEFT + 92) continue;
    text(frame.x(start), height - 8, label(start, step, i === 0), i === 0 ? 'start' : 'middle');
  }
  // Nobody read anything: across all. Held back: of the series, under its line.
  const bars = (cells: readonly Cell[], state: Cell['state'], y: number, tall: number, fill: string, opacity: number): void => {
    let from: number | null = null;
    for (const [i, cell] of cells.entries()) {
      if (cell.state === state && from === null) from = cell.start;
      const next = cells[i + 1];
      if (from !== null && (cell.state !== state || next === undefined || next.state !== state)) {
        const x = frame.x(from);
        if (cell.state === state) shapes.push({ tag: 'rect', attrs: { x, y, width: Math.max(1, round(frame.x(cell.start + 2 * half) - x)), height: tall, fill: paint(fill), 'fill-opacity': opacity } });
        from = null;
      }
    }
  };
  bars(numbers.total, 'gap', TOP, frame.floor - TOP, 'bad', 0.12);
  const amounts = (cell: Cell, i: number): number | null => amountOf(cell, numbers.total[i], measure);
  const lines: [Series, number][] = numbers.series.map((series, i) => [series, i]);
  for (const [series, i] of lines) {
    const { colour } = LINES[i % LINES.length] ?? { colour: 'posts' };
    bars(series.cells, 'suppressed', frame.floor + 1 + i * 1.6, 1.6, colour, 0.9);
  }
  for (const [series, i] of lines) {
    const { colour } = LINES[i % LINES.length] ?? { colour: 'posts' };
    if (series.before === null) continue;
    const { d, parts } = path(series.before, (cell) => cell.posts, frame, numbers.to - numbers.from + half, 'posts');
    shapes.push({ tag: 'path', attrs: { d, fill: 'none', stroke: paint(colour), 'stroke-width': 1, 'stroke-opacity': 0.5 } });
    for (const [cx, cy] of parts) shapes.push({ tag: 'circle', attrs: { cx, cy, r: 3, fill: 'none', stroke: paint(colour), 'stroke-width': 1, 'stroke-opacity': 0.5 } });
  }
  for (const [series, i] of lines) {
    const { colour, dash } = LINES[i % LINES.length] ?? { colour: 'posts', dash: '' };
    const { d, lone, parts } = path(series.cells, amounts, frame, half, measure);
    shapes.push({ tag: 'path', attrs: { d, fill: 'none', stroke: paint(colour), 'stroke-width': 2, 'stroke-linejoin': 'round', ...(dash !== '' && { 'stroke-dasharray': dash }) } });
    for (const [cx, cy] of lone) shapes.push({ tag: 'circle', attrs: { cx, cy, r: 2.2, fill: paint(colour) } });
    for (const [cx, cy] of parts) shapes.push({ tag: 'circle', attrs: { cx, cy, r: 3.4, fill: 'none', stroke: paint(colour), 'stroke-width': 1.6 } });
  }
  return shapes;
}

const shortDays = perLocale((locale) => new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' }));
const longDays = perLocale((locale) => new Intl.DateTimeFormat(locale, { weekday: 'long', timeZone: 'UTC' }));

/** Weekdays from Monday, in the reader's language. */
export function weekdays(form: 'short' | 'long'): string[] {
  const names = (form === 'short' ? shortDays : longDays)();
  return Array.from({ length: 7 }, (_, i) => names.format(Date.UTC(2026, 0, 5 + i)));
}

/** A week as seven rows of 24 hours; what is held back is hatched, never pale. */
export function drawWeek(week: Week, width: number, height: number, paint: Paint): Shape[] {
  const [left, top] = [44, 20];
  const cell = { width: (width - left - 4) / 24, height: (height - top - 4) / 7 };
  const highest = Math.max(1, ...week.cells.map(({ mean }) => mean ?? 0));
  const shapes: Shape[] = [];
  for (const [day, name] of weekdays('short').entries()) {
    shapes.push({ tag: 'text', attrs: { x: left - 7, y: round(top + (day + 0.5) * cell.height + 4), 'text-anchor': 'end', 'font-size': 12, fill: paint('ink-soft') }, text: name });
  }
  for (let hour = 0; hour < 24; hour += width < 520 ? 6 : 3) {
    shapes.push({ tag: 'text', attrs: { x: round(left + (hour + 0.5) * cell.width), y: 13, 'text-anchor': 'middle', 'font-size': 12, fill: paint('ink-soft') }, text: String(hour) });
  }
  for (const { day, hour, mean, hidden } of week.cells) {
    const [x, y] = [round(left + hour * cell.width), round(top + day * cell.height)];
    const box = { x, y, width: round(cell.width - 1.5), height: round(cell.height - 1.5), rx: 2 };
    if (mean !== null) shapes.push({ tag: 'rect', attrs: { ...box, fill: paint('posts'), 'fill-opacity': round(10 * (0.08 + 0.92 * (mean / highest))) / 10 } });
    else if (hidden > 0) {
      shapes.push({ tag: 'rect', attrs: { ...box, fill: 'none', stroke: paint('hatch'), 'stroke-width': 1 } });
      shapes.push({ tag: 'line', attrs: { x1: box.x, y1: round(box.y + box.height), x2: round(box.x + box.width), y2: box.y, stroke: paint('hatch'), 'stroke-width': 2 } });
    } else shapes.push({ tag: 'rect', attrs: { ...box, fill: 'none', stroke: paint('line'), 'stroke-width': 1 } });
  }
  return shapes;
}

const STATES: Record<Cell['state'], string> = { shown: 'shown', suppressed: 'held back', gap: 'nothing was read' };
const stateWords = ({ state, part }: Cell): string => (part !== undefined && state === 'shown' ? 'recorded in part' : STATES[state]);

/** The numbers as CSV (RFC 4180): a row a window and value. */
export function linesCsv(numbers: Numbers, step: Step, by: string): string {
  const rows: (string | number)[][] = [['start', 'step', by, 'posts', 'plus_minus', 'authors', 'all_posts', 'state', 'posts_before', 'state_before']];
  for (const { value, cells, before } of numbers.series) {
    for (const [i, cell] of cells.entries()) {
      rows.push([iso(cell.start), step, value, cell.posts ?? '', cell.posts === null ? '' : COUNT_ERROR, cell.authors ?? '', numbers.total[i]?.posts ?? '', stateWords(cell), before?.[i]?.posts ?? '', before?.[i] === undefined ? '' : stateWords(before[i])]);
    }
  }
  return csvLines(rows);
}

export function weekCsv(week: Week): string {
  return csvLines([['weekday', 'hour', 'mean_posts', 'hours_shown', 'hours_held_back'], ...week.cells.map(({ day, hour, mean, shown, hidden }) => [day + 1, hour, mean === null ? '' : Math.round(mean * 10) / 10, shown, hidden])]);
}
