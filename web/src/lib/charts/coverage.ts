// When we listened: the coverage ledger laid over the windows of a chart.
import type { CoverageGap, CoverageItem, Step } from '../api/types';
import { t, word } from '../i18n/speech.svelte';
import { dayTime, clockTime, span, parseTime, STEP_MS } from '../format/time';

export type BandState =
  /** All sources, all the time. */
  | 'covered'
  /** Some sources, or some of the time. */
  | 'partly'
  /** No source at any time. */
  | 'gap'
  /** The ledger says nothing of this window. */
  | 'unknown';

/** State of each window by its start in milliseconds; empty where there is no ledger, as after a replay of files. */
export type Coverage = ReadonlyMap<number, BandState>;

/** All sources together: covered if each was, a gap if none was there. */
export function toCoverage(items: readonly CoverageItem[], step: Step): Coverage {
  const found = new Map<number, BandState>();
  for (const item of items) {
    const start = parseTime(item.start);
    if (start === null || item.step !== step) continue;
    const before = found.get(start);
    found.set(start, before === undefined || before === item.state ? item.state : 'partly');
  }
  return found;
}

/** The states of windows, in their order; null where there is no ledger at all. */
export function statesOf(coverage: Coverage | null, starts: readonly number[]): BandState[] | null {
  if (coverage === null || coverage.size === 0) return null;
  return starts.map((start) => coverage.get(start) ?? 'unknown');
}

/** Starts of the last windows up to one, as sparklines show them. */
export function startsUpTo(last: number | null, count: number, step: Step): number[] {
  return last === null ? [] : Array.from({ length: count }, (_, i) => last - (count - 1 - i) * STEP_MS[step]);
}

export interface Segment {
  state: BandState;
  /** Milliseconds, inclusive and exclusive. */
  from: number;
  to: number;
}

/** Neighbouring windows of one state, as one. */
export function segments(states: readonly BandState[], starts: readonly number[], step: Step): Segment[] {
  const found: Segment[] = [];
  for (const [i, state] of states.entries()) {
    const from = starts[i] ?? 0;
    const to = from + STEP_MS[step];
    const open = found.at(-1);
    if (open !== undefined && open.state === state && open.to === from) open.to = to;
    else found.push({ state, from, to });
  }
  return found;
}

/** Gaps that touch a stretch and were not made up for, in the order of the answer: newest first. */
export function gapsWithin(gaps: readonly CoverageGap[], from: number, to: number): CoverageGap[] {
  return gaps.filter((gap) => {
    const end = parseTime(gap.end) ?? Infinity;
    return !gap.recovered && (parseTime(gap.start) ?? Infinity) < to && end > from;
  });
}

/** `bluesky`, or `mastodon (example.social)` where a source has several connections. */
export function whose(gap: CoverageGap): string {
  return gap.part === gap.source ? gap.source : `${gap.source} (${gap.part})`;
}

/** Why it was missed, in the reader's language where its cause is known. */
export function whyOf(gap: CoverageGap): string {
  const said = word(t().coverage.causes, gap.cause);
  return said === gap.cause ? gap.phrase : said;
}

/** `bluesky, Wed 25 Nov, 14:02–14:05: the connection was refused (2 min)` */
export function gapWords(gap: CoverageGap): string {
  const start = parseTime(gap.start);
  const end = parseTime(gap.end);
  const when = start === null ? '' : end === null ? t().coverage.since(dayTime(start)) : `${dayTime(start)}–${endWords(start, end)}`;
  const lasted = gap.seconds == null ? '' : ` (${span(gap.seconds * 1_000)})`;
  return `${whose(gap)}, ${when}: ${whyOf(gap)}${lasted}`;
}

function endWords(start: number, end: number): string {
  return end - start < STEP_MS.day ? clockTime(end) : dayTime(end);
}

export function stateWords(state: BandState): string {
  return t().coverage.states[state];
}

/** A segment in words, with what was missing in it. */
export function segmentWords(segment: Segment, gaps: readonly CoverageGap[]): string {
  const when = `${dayTime(segment.from)}–${endWords(segment.from, segment.to)}: ${stateWords(segment.state)}`;
  if (segment.state === 'covered' || segment.state === 'unknown') return when;
  const why = gapsWithin(gaps, segment.from, segment.to).slice(0, 3).map(gapWords);
  return why.length === 0 ? when : `${when}; ${why.join('; ')}`;
}

/** The whole band in a sentence, for those who do not see it. */
export function bandWords(states: readonly BandState[], step: Step): string {
  const counts = (['covered', 'partly', 'gap', 'unknown'] as const)
    .map((state) => [states.filter((other) => other === state).length, stateWords(state)] as const)
    .filter(([count]) => count > 0)
    .map(([count, name]) => `${count} ${name}`);
  return t().coverage.band(step, counts);
}
