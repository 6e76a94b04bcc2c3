// What Explore shows, as an address: the same address shows the same view again. What it does not name follows the newest numbers.
import type { Step } from '../api/types';
import { STEP_MS, iso, parseTime } from '../format/time';

export const TABLES = ['total', 'language', 'source', 'kind', 'relation', 'region', 'mentioned', 'languages', 'watch', 'clause', 'spoken', 'hashtag', 'term', 'domain'] as const;
export type By = (typeof TABLES)[number];

/** Tables of two dimensions: a watch by the parts of its query, and by language. What is released of two at once. */
export const PAIRED: readonly By[] = ['clause', 'spoken'];

/** `long`: every minute of a stretch of weeks, panned and zoomed in the page. */
export type Form = 'lines' | 'week' | 'long';
export type Measure = 'posts' | 'share';

export interface View {
  by: By;
  /** The watch, where the table is one of a watch; empty: the first. */
  of: string;
  /** Values that are shown; none: those with the most posts. */
  values: string[];
  /** Milliseconds; `to` null: up to now. */
  span: number;
  to: number | null;
  step: Step;
  measure: Measure;
  compare: boolean;
  form: Form;
}

/** Values side by side, at most: more lines cannot be told apart. */
export const VALUES_MAX = 6;
/** Longest value that an address may ask for (as in `state/curves.ts`). */
const VALUE_CHARACTERS_MAX = 500;
/** Shortest and longest stretch. */
export const SPAN_MIN = 5 * STEP_MS.minute;
export const SPAN_MAX = 366 * STEP_MS.day;
/** Windows of a chart, at most: beyond, a longer step is taken. */
export const WINDOWS_MAX = 800;
/** Longest stretch of a watch by language, which is released by hour: the stretch before is read with it, of at most 1,000 hours. */
const SPOKEN_SPAN_MAX = 480 * STEP_MS.hour;
/** Stretches of the long form: the longest has 100,800 minutes. */
export const LONG_SPANS: readonly { span: number; name: 'day' | 'week' | 'weeks4' | 'weeks10' }[] = [
  { span: STEP_MS.day, name: 'day' },
  { span: 7 * STEP_MS.day, name: 'week' },
  { span: 28 * STEP_MS.day, name: 'weeks4' },
  { span: 70 * STEP_MS.day, name: 'weeks10' },
];
export const LONG_SPAN_MAX = 70 * STEP_MS.day;
export const DEFAULT_SPAN = STEP_MS.day;
/** The calendar heat map: four weeks of hours. */
export const WEEK_SPAN = 28 * STEP_MS.day;

export const SPANS: readonly { span: number; name: 'hour' | 'hours6' | 'day' | 'week' | 'weeks4' | 'months6' }[] = [
  { span: STEP_MS.hour, name: 'hour' },
  { span: 6 * STEP_MS.hour, name: 'hours6' },
  { span: STEP_MS.day, name: 'day' },
  { span: 7 * STEP_MS.day, name: 'week' },
  { span: 28 * STEP_MS.day, name: 'weeks4' },
  { span: 182 * STEP_MS.day, name: 'months6' },
];

/** Hours that people say, of which twice as many fit into what was recorded. */
const HALVES: readonly number[] = [1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 96, 7 * 24, 14 * 24, 28 * 24, 91 * 24, 182 * 24];

/** The longest such stretch that has one before it; null where nothing was recorded for long enough, or as much as `wanted` has one. */
export function comparableSpan(recorded: number, wanted: number): number | null {
  if (recorded >= 2 * wanted) return null;
  const hours = HALVES.findLast((many) => 2 * many * STEP_MS.hour <= recorded);
  return hours === undefined ? (recorded >= 2 * SPAN_MIN ? Math.floor(recorded / 2 / SPAN_MIN) * SPAN_MIN : null) : hours * STEP_MS.hour;
}

/** The steps that a stretch can be shown in, finest first. */
export function stepsOf(span: number, by: By = 'total'): Step[] {
  if (by === 'spoken') return ['hour'];
  const all = (['minute', 'hour', 'day'] as const).filter((step) => span / STEP_MS[step] <= WINDOWS_MAX && span >= 2 * STEP_MS[step]);
  return all.length > 0 ? all : [span < STEP_MS.hour ? 'minute' : 'day'];
}

/** The step that suits a stretch: some dozens to some hundreds of windows. */
export function stepFor(span: number, by: By = 'total'): Step {
  return by === 'spoken' ? 'hour' : span <= 6 * STEP_MS.hour ? 'minute' : span <= 14 * STEP_MS.day ? 'hour' : 'day';
}

const within = (span: number, by: By): number => (by === 'spoken' ? Math.min(SPOKEN_SPAN_MAX, Math.max(2 * STEP_MS.hour, span)) : Math.min(SPAN_MAX, Math.max(SPAN_MIN, span)));

export function parseView(query: URLSearchParams): View {
  const by = TABLES.find((table) => table === query.get('by')) ?? 'total';
  const from = parseTime(query.get('from'));
  const end = parseTime(query.get('to'));
  const to = from !== null && end !== null && end > from ? end : null;
  const minutes = Number(query.get('span'));
  const span = within(to !== null && from !== null ? to - from : Number.isFinite(minutes) && minutes > 0 ? minutes * STEP_MS.minute : DEFAULT_SPAN, by);
  const values = [...new Set(query.getAll('value').filter((value) => value !== '' && value.length <= VALUE_CHARACTERS_MAX))].slice(0, VALUES_MAX);
  const step = stepsOf(span, by).find((one) => one === query.get('step')) ?? stepFor(span, by);
  const of = PAIRED.includes(by) ? (query.get('of') ?? '').slice(0, VALUE_CHARACTERS_MAX) : '';
  const measure = query.get('show') === 'share' && by !== 'total' ? 'share' : 'posts';
  return {
    by, of, values: by === 'total' ? [] : values, span, to, step,
    measure,
    // A share of what was is another question; posts are compared with posts.
    compare: measure === 'posts' && query.get('compare') === 'before',
    form: query.get('form') === 'week' ? 'week' : query.get('form') === 'long' && !PAIRED.includes(by) ? 'long' : 'lines',
  };
}

/** What differs from what is shown if nothing is said. */
export function writeView(view: View): string {
  const query = new URLSearchParams();
  if (view.by !== 'total') query.set('by', view.by);
  if (view.of !== '') query.set('of', view.of);
  for (const value of view.values) query.append('value', value);
  if (view.to !== null) {
    query.set('from', iso(view.to - view.span));
    query.set('to', iso(view.to));
  } else if (view.span !== DEFAULT_SPAN) {
    query.set('span', String(Math.round(view.span / STEP_MS.minute)));
  }
  if (view.step !== stepFor(view.span, view.by)) query.set('step', view.step);
  if (view.measure === 'share') query.set('show', 'share');
  if (view.compare) query.set('compare', 'before');
  if (view.form !== 'lines') query.set('form', view.form);
  const text = query.toString();
  return text === '' ? '/explore' : `/explore?${text}`;
}

/** Another stretch, in whole windows; it ends at `until` at the latest. */
export function stretch(view: View, from: number, to: number, until: number): View {
  const span = within(to - from, view.by);
  const step = stepFor(span, view.by);
  const width = STEP_MS[step];
  const end = Math.min(Math.ceil(Math.max(to, from + span) / width) * width, Math.ceil(until / width) * width);
  return { ...view, span: Math.max(SPAN_MIN, Math.ceil(span / width) * width), to: end, step };
}

/** Closer or wider around the middle of what is shown. */
export function zoom(view: View, factor: number, shownTo: number, until: number): View {
  const middle = shownTo - view.span / 2;
  const span = within(view.span * factor, view.by);
  return stretch(view, middle - span / 2, middle + span / 2, until);
}

/** Earlier or later by half of what is shown. */
export function shift(view: View, halves: number, shownTo: number, until: number): View {
  const to = shownTo + (halves * view.span) / 2;
  return stretch(view, to - view.span, to, until);
}
