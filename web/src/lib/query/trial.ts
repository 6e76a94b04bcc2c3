// What came of trying a query, as bars and in words.
import type { VolumeRow, WatchTrial } from '../api/types';
import { stateOf } from '../charts/grid';
import { t } from '../i18n/speech.svelte';
import { count } from '../format/number';
import { STEP_MS, parseTime, windowLabelLong } from '../format/time';

export interface TriedHour {
  start: number;
  /** Null where it is held back. */
  posts: number | null;
  authors: number | null;
}

export function hoursOf(rows: readonly VolumeRow[]): TriedHour[] {
  return rows.flatMap((row) => {
    const start = parseTime(row.start);
    if (start === null) return [];
    // There are rows of those hours only of which text is held.
    const shown = stateOf(row, start, () => true) === 'shown';
    return [{ start, posts: shown ? (row.posts ?? null) : null, authors: shown ? (row.authors ?? null) : null }];
  });
}

/** A bar for each hour in a box of this size; a low one for an hour that is held back, which is no number. */
export function hourBars(hours: readonly TriedHour[], width: number, height: number): { x: number; y: number; width: number; height: number; held: boolean }[] {
  const HELD = 3;
  const most = Math.max(1, ...hours.map(({ posts }) => posts ?? 0));
  const [first, last] = [hours[0], hours.at(-1)];
  if (first === undefined || last === undefined) return [];
  // Hours of which nothing is held leave their places free.
  const step = width / ((last.start - first.start) / STEP_MS.hour + 1);
  return hours.map(({ start, posts }) => {
    const tall = posts === null ? HELD : Math.max(HELD + 1, (posts / most) * (height - 2));
    return { x: ((start - first.start) / STEP_MS.hour) * step, y: height - tall, width: Math.max(0.5, step * 0.85), height: tall, held: posts === null };
  });
}

/** In some sentences: how much, when most, what is not shown, and what part of all it is. */
export function triedWords(trial: WatchTrial, k: number): string {
  const hours = hoursOf(trial.hours);
  const words = t().tryQuery;
  if (hours.length === 0) return words.none;
  const shown = hours.filter((hour) => hour.posts !== null);
  const most = shown.reduce<TriedHour | null>((best, hour) => (best === null || (hour.posts ?? 0) > (best.posts ?? 0) ? hour : best), null);
  const said = most === null
    ? words.nothing(hours.length, k)
    : words.counted(count(shown.reduce((sum, { posts }) => sum + (posts ?? 0), 0)), hours.length, windowLabelLong(most.start, 'hour'), count(most.posts ?? 0), count(most.authors ?? 0));
  const hidden = hours.length - shown.length;
  return [said, most !== null && hidden > 0 ? words.hidden(hidden, k) : '', trial.one_in > 1 ? words.part(trial.one_in) : '', words.left(trial.left)].filter((part) => part !== '').join(' ');
}
