// Windows are in UTC; minutes and hours are shown in the reader's zone, days as the UTC days that they are.
import type { Step } from '../api/types';
import { perLocale } from '../i18n/locale';
import { t } from '../i18n/speech.svelte';

export const STEP_MS: Record<Step, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

const format = (options: Intl.DateTimeFormatOptions): (() => Intl.DateTimeFormat) => perLocale((locale) => new Intl.DateTimeFormat(locale, options));
const clock = format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayClock = format({ weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const utcDay = format({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
const utcClock = format({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: 'UTC' });
const date = format({ day: 'numeric', month: 'short', year: 'numeric' });
const axisDay = format({ day: 'numeric', month: 'short' });
const axisUtcDay = format({ day: 'numeric', month: 'short', timeZone: 'UTC' });
const axisClock = format({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** `14:02–14:03`, `Wed 25 Nov, 14:00–15:00`, `Wed 25 Nov 2026 (UTC)` */
export function windowLabel(startMs: number, step: Step): string {
  if (step === 'day') return t().units.utc(utcDay().format(startMs));
  const end = clock().format(startMs + STEP_MS[step]);
  return step === 'minute' ? `${clock().format(startMs)}–${end}` : `${dayClock().format(startMs)}–${end}`;
}

/** The same with the day, for tables that may span several. */
export function windowLabelLong(startMs: number, step: Step): string {
  if (step === 'day') return windowLabel(startMs, step);
  return `${dayClock().format(startMs)}–${clock().format(startMs + STEP_MS[step])}`;
}

/** `14:03` */
export function clockTime(ms: number): string {
  return clock().format(ms);
}

/** `Wed, 25 Nov, 14:03` */
export function dayTime(ms: number): string {
  return dayClock().format(ms);
}

/** `Wed, 25 Nov 2026, 14:03 UTC`: for who reads it elsewhere, on another day. */
export function utcTime(ms: number): string {
  return `${utcClock().format(ms)} UTC`;
}

/** `3 Mar 2027` */
export function calendarDate(ms: number): string {
  return date().format(ms);
}

/** `25 Nov`, for an axis. */
export function axisDate(ms: number, step: Step): string {
  return (step === 'day' ? axisUtcDay() : axisDay()).format(ms);
}

/** `25 Nov, 14:03`: without the weekday, which an axis does not need. */
export function axisTime(ms: number): string {
  return axisClock().format(ms);
}

/** `12 s`, `3 min`, `5 h`, `98 days`: one unit, rounded down. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return t().units.seconds(seconds);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t().units.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return t().units.hours(hours);
  return t().units.days(Math.floor(hours / 24));
}

/** Which day of the reader's calendar it is, counted on; days of 23 and 25 hours are days, too. */
function calendarDay(ms: number): number {
  const at = new Date(ms);
  return Math.round(Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) / STEP_MS.day);
}

/** Days from one moment to another as a calendar has them: from any time of Monday to any time of Wednesday it is two. */
export function daysBetween(fromMs: number, toMs: number): number {
  return calendarDay(toMs) - calendarDay(fromMs);
}

/** `in 98 days`, `ended 3 days ago`, `ends today` */
export function sunsetText(sunsetMs: number, nowMs: number): string {
  const days = daysBetween(nowMs, sunsetMs);
  if (sunsetMs <= nowMs) return days === 0 ? t().sunset.ended(span(nowMs - sunsetMs)) : t().sunset.endedDays(-days);
  return days === 0 ? t().sunset.today : t().sunset.in(days);
}

/** Milliseconds of an RFC 3339 time, or null for what is none. */
export function parseTime(text: string | null | undefined): number | null {
  if (!text) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/** As the API and files write times (RFC 3339, UTC); a whole second without a fraction. */
export function iso(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** The same to the second. */
export function isoSecond(ms: number): string {
  return iso(Math.floor(ms / 1_000) * 1_000);
}
