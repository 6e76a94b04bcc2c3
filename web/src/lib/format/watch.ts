// The end of a watch, as a day.
import { STEP_MS, parseTime } from './time';

/** How long a watch lives when nobody says otherwise, and at most (`watch::SUNSET_DAYS`, `SUNSET_DAYS_MAX`; PRIVACY section 7). */
export const SUNSET_DAYS = 90;
export const SUNSET_DAYS_MAX = 180;

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The UTC day so many days after a moment; the end that a watch has already, where that is still to come. */
export function sunsetDay(nowMs: number, days: number, has: string | null = null): string {
  const end = parseTime(has);
  return end !== null && end > nowMs ? day(end) : day(nowMs + days * STEP_MS.day);
}
