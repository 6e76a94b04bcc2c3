// How a number stands to the one of the window before.
import { t } from '../i18n/speech.svelte';
import { roughly } from './number';

export type Direction = 'up' | 'down' | 'level' | 'unknown';

export interface Change {
  direction: Direction;
  /** `×2.5`, or empty where there is nothing to compare with. */
  text: string;
  /** The same in words, for those who do not see the arrow. */
  words: string;
}

/** Closer to 1 than this is shown as level: single windows wobble. */
export const LEVEL_BAND = 0.05;

export function change(ratio: number | null | undefined, k: number): Change {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio) || ratio < 0) {
    return {
      direction: 'unknown',
      text: '',
      words: t().change.unknown(k),
    };
  }
  if (Math.abs(ratio - 1) < LEVEL_BAND) {
    return { direction: 'level', text: '≈', words: t().change.level };
  }
  const direction = ratio > 1 ? 'up' : 'down';
  return {
    direction,
    text: `×${roughly(ratio)}`,
    words: t().change[direction](roughly(ratio)),
  };
}
