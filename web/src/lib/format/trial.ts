// What a feed would have told, in words and as bars.
import type { NewTrial, Trial, TrialDay } from '../api/types';
import { t } from '../i18n/speech.svelte';
import { count, percent } from './number';
import { STEP_MS, isoSecond } from './time';

/** The period of so many days before the newest minute that has closed; of 0 days, whatever there is. */
export function since(days: number, closed: number | null): Pick<NewTrial, 'from' | 'to'> {
  if (days === 0 || closed === null) return {};
  // `detected_at` may be the very end of that minute.
  return { from: isoSecond(closed - days * STEP_MS.day), to: isoSecond(closed + STEP_MS.minute) };
}

/** In one sentence or two: how much, how often, how right. */
export function tried(trial: Trial): string {
  if (trial.days.length === 0) return t().trial.nothing;
  const days = trial.days.length;
  const much = t().trial.much(trial.detections, days);
  const often = trial.detections === 0 ? '' : t().trial.often(trial.a_day);
  const marked = trial.useful + trial.noise;
  const [low, high] = trial.precision_interval ?? [];
  const right =
    typeof trial.precision !== 'number'
      ? trial.detections === 0 ? '' : t().trial.unmarked
      : t().trial.right(percent(trial.precision), count(marked), low === undefined || high === undefined ? '' : t().trial.range(percent(low), percent(high)));
  const part = trial.complete ? '' : t().trial.part;
  return `${much}${often}.${right}${part}`;
}

export interface Bar {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A bar for each day that has any, in a box of this size. */
export function bars(days: readonly TrialDay[], width: number, height: number): Bar[] {
  const most = Math.max(1, ...days.map(({ detections }) => detections));
  const step = width / Math.max(1, days.length);
  return days.flatMap(({ detections }, i) => {
    if (detections === 0) return [];
    const tall = Math.max(1, (detections / most) * (height - 2));
    return [{ x: i * step, y: height - tall, width: Math.max(0.5, step * 0.85), height: tall }];
  });
}

/** What the bars show, for who does not see them. */
export function barsWords(days: readonly TrialDay[]): string {
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return t().trial.noDays;
  const most = days.reduce((best, day) => (day.detections > best.detections ? day : best), first);
  return t().trial.bars(first.day, last.day, most.day, count(most.detections));
}
