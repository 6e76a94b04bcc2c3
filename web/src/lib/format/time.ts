// Windows are in UTC; minutes and hours are shown in the reader's zone, days as the UTC days that they are.
import type { Step } from '../api/types';

export const STEP_MS: Record<Step, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayClock = new Intl.DateTimeFormat(undefined, {
  weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
});
const utcDay = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

/** `14:02–14:03`, `Wed 25 Nov, 14:00–15:00`, `Wed 25 Nov 2026 (UTC)` */
export function windowLabel(startMs: number, step: Step): string {
  if (step === 'day') return `${utcDay.format(startMs)} (UTC)`;
  const end = clock.format(startMs + STEP_MS[step]);
  return step === 'minute' ? `${clock.format(startMs)}–${end}` : `${dayClock.format(startMs)}–${end}`;
}

/** The same with the day, for tables that may span several. */
export function windowLabelLong(startMs: number, step: Step): string {
  if (step === 'day') return windowLabel(startMs, step);
  return `${dayClock.format(startMs)}–${clock.format(startMs + STEP_MS[step])}`;
}

/** `14:03` */
export function clockTime(ms: number): string {
  return clock.format(ms);
}

/** `Wed, 25 Nov, 14:03` */
export function dayTime(ms: number): string {
  return dayClock.format(ms);
}

/** `3 Mar 2027` */
export function calendarDate(ms: number): string {
  return date.format(ms);
}

/** `12 s`, `3 min`, `5 h`, `98 days`: one unit, rounded down. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h`;
  return `${Math.floor(hours / 24)} days`;
}

/** `in 98 days`, `ended 3 days ago`, `ends today` */
export function sunsetText(sunsetMs: number, nowMs: number): string {
  const days = Math.floor((sunsetMs - nowMs) / STEP_MS.day);
  if (sunsetMs <= nowMs) return `ended ${span(nowMs - sunsetMs)} ago`;
  if (days === 0) return 'ends within a day';
  return days === 1 ? 'in 1 day' : `in ${days} days`;
}

/** Milliseconds of an RFC 3339 time, or null for what is none. */
export function parseTime(text: string | null | undefined): number | null {
  if (!text) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}
