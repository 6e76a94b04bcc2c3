// What is going on, in one sentence: something rises, it is quiet, or nobody can say because nobody listened.
import type { CoverageGap, Detection, Source, Status } from '../api/types';
import { gapsWithin, whose, whyOf } from '../charts/coverage';
import { t } from '../i18n/speech.svelte';
import { STEP_MS, clockTime, dayTime, parseTime, span } from '../format/time';

/** The last hours, in event time. */
export const HOURS = 3;

/** Detections of each severity that are read: those found last. */
export const DETECTIONS_READ = 50;

export type Mood = 'waiting' | 'blind' | 'partly' | 'rising' | 'quiet';

export interface Verdict {
  mood: Mood;
  headline: string;
  detail: string;
}

export interface Known {
  status: Status | null;
  sources: readonly Source[] | null;
  gaps: readonly CoverageGap[];
  /** Whether there is a ledger at all: none is kept of files. */
  ledger: boolean;
  detections: readonly Detection[] | null;
  now: number;
}

/** Whether all that was to be read has been read: a recording, and no source that listens. */
export function ended(sources: readonly Source[] | null): boolean {
  return sources !== null && sources.length > 0 && sources.every(({ state }) => state === 'done');
}

/** Whether what is shown is a recording, read or being read: no clock goes with it. */
export function recorded(sources: readonly Source[] | null): boolean {
  return sources !== null && sources.length > 0 && sources.every(({ state }) => state === 'done' || state === 'reading');
}

/** The moment against which ages are told: the clock's, or of a recording how far it was read. */
export function present(status: Status | null, sources: readonly Source[] | null, clock: number): number {
  return recorded(sources) ? (closedUntil(status, sources) ?? clock) : clock;
}

/** Event time up to which everything is closed. */
export function closedUntil(status: Status | null, sources: readonly Source[] | null = null): number | null {
  const last = parseTime(status?.event_time.last);
  // At the end of files the last day ends after the last post; the watermark does not run ahead.
  const watermark = parseTime(status?.watermark) ?? last;
  if (watermark === null || last === null || !ended(sources)) return watermark;
  // At their end nothing more can come late, so what the watermark still waited for is closed, too: up to the minute of the last post.
  const events = (sources ?? []).flatMap(({ last_event }) => parseTime(last_event) ?? []);
  const end = (Math.floor(Math.max(...events) / STEP_MS.minute) + 1) * STEP_MS.minute;
  return events.length === 0 ? watermark : Math.max(watermark, Math.min(end, last));
}

/** How it stands with listening, in one sentence; null where the table of sources says more than a sentence could. */
export function plainly({ status, sources, gaps, now }: Pick<Known, 'status' | 'sources' | 'gaps' | 'now'>): string | null {
  const closed = closedUntil(status, sources);
  if (sources === null || sources.length === 0) return null;
  if (ended(sources)) return closed === null ? null : t().verdict.files(dayTime(closed));
  const gap = gaps.find((one) => one.end == null);
  if (gap !== undefined) return t().verdict.partlyBlind(since(gap, now), whose(gap), whyOf(gap));
  return sources.every(({ state }) => state === 'live' || state === 'idle' || state === 'done') ? t().verdict.well : null;
}

/** Detections of the last hours. */
export function recent(detections: readonly Detection[], closed: number | null): Detection[] {
  const from = (closed ?? Infinity) - HOURS * STEP_MS.hour;
  return detections.filter(({ detected_at }) => (parseTime(detected_at) ?? 0) > from);
}

function since(gap: CoverageGap, now: number): string {
  const start = parseTime(gap.start) ?? now;
  return now - start < STEP_MS.day ? clockTime(start) : dayTime(start);
}

/** Seconds of a stretch in which some connection did not stand; what overlaps counts once. */
export function missedMs(gaps: readonly CoverageGap[], from: number, to: number): number {
  const spans = gapsWithin(gaps, from, to)
    .map((gap) => [Math.max(from, parseTime(gap.start) ?? from), Math.min(to, parseTime(gap.end) ?? to)] as const)
    .toSorted((a, b) => a[0] - b[0]);
  let [missed, until] = [0, from];
  for (const [start, end] of spans) {
    missed += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return missed;
}

export function verdict({ status, sources, gaps, ledger, detections, now }: Known): Verdict | null {
  const closed = closedUntil(status, sources);
  if (status === null || detections === null) return null;
  if (closed === null) {
    return { mood: 'waiting', headline: t().verdict.waiting, detail: t().verdict.waitingWhy };
  }
  const open = gaps.filter((gap) => gap.end == null);
  const [gap] = open;
  const listening = (sources ?? []).some(({ state }) => state === 'live' || state === 'idle' || state === 'reading');
  const over = ended(sources);
  const found = recent(detections, closed);
  // Of a severity no more than so many are read, so there may be more.
  const capped = (severity: string): boolean => found.filter((one) => one.severity === severity).length >= DETECTIONS_READ;
  const atLeast = ['high', 'medium', 'low'].some(capped);
  const says = found.length === 0 ? t().verdict.nothing(HOURS) : t().verdict.some(found.length, HOURS);
  const high = found.filter(({ severity }) => severity === 'high').length;
  if (gap !== undefined && !listening) {
    return {
      mood: 'blind',
      headline: t().verdict.blind(since(gap, now)),
      detail: t().verdict.blindWhy(whose(gap), whyOf(gap), says),
    };
  }
  const missed = missedMs(gaps, closed - HOURS * STEP_MS.hour, closed);
  const heard = over
    ? t().verdict.files(dayTime(closed))
    : !ledger
      ? t().verdict.noLedger
      : missed === 0
        ? t().verdict.always
        : t().verdict.missed(span(missed));
  if (found.length > 0) {
    const newest = Math.max(...found.map(({ detected_at }) => parseTime(detected_at) ?? 0));
    return {
      mood: gap === undefined ? 'rising' : 'partly',
      headline: t().verdict.rising(found.length, atLeast, HOURS, high, capped('high')),
      detail: `${closed - newest < STEP_MS.minute ? t().verdict.newest : t().verdict.newestBefore(span(closed - newest))} ${gap === undefined ? heard : t().verdict.partlyBlind(since(gap, now), whose(gap), whyOf(gap))}`,
    };
  }
  if (gap !== undefined) {
    return {
      mood: 'partly',
      headline: t().verdict.partly(since(gap, now)),
      detail: t().verdict.partlyWhy(whose(gap), whyOf(gap), says),
    };
  }
  return { mood: 'quiet', headline: t().verdict.quiet, detail: t().verdict.quietWhy(HOURS, heard) };
}
