// A detection as plain text, for a mail, a chat or a note: what somebody else must know, without the page.
import type { Detection } from '../api/types';
import { t } from '../i18n/speech.svelte';
import { titleOf } from '../i18n/title';
import { countWithError, expectation, findingWords, ratioOf, sureOf, tellsUsualAuthors } from './detection';
import { parseTime, utcTime } from './time';

/** How much was written, as against what was expected; marks for `Rich`. */
export function leadOf(detection: Detection, k: number): string {
  const { evidence } = detection;
  if (evidence.suppressed === true) return t().detection.leadHeldBack(k);
  const observed = countWithError(evidence.observed);
  if (typeof evidence.expected !== 'number') return t().detection.leadPlain(observed);
  const expected = expectation(evidence.expected);
  const ratio = ratioOf(detection);
  return detection.kind === 'narrative' ? t().detection.leadBefore(observed, expected, ratio) : t().detection.leadExpected(observed, expected, ratio);
}

export function messageOf(detection: Detection, k: number, simulated: boolean, link: string): string {
  const { evidence } = detection;
  const lead = leadOf(detection, k).replaceAll(/\{b\|([^{}]*)\}/g, '$1');
  const authors = evidence.suppressed === true ? '' : ` ${tellsUsualAuthors(detection) ? t().detection.usualAuthors(countWithError(evidence.authors)) : t().detection.authors(countWithError(evidence.authors))}.`;
  const found = parseTime(detection.detected_at) ?? 0;
  const what = `${findingWords(detection)}, ${t().severity(detection.severity)}. ${t().detection.when(utcTime(parseTime(detection.time) ?? found), utcTime(found))}`;
  return [
    t().detection.fileTitle(simulated, titleOf(detection, k).text), `${lead}${authors}`, what, sureOf(detection), link,
    ...(onlyHere(link) ? [t().copy.onlyHere] : []),
  ].join('\n');
}

/** Whether a text has an address that no other computer can open: the one of the computer itself. */
export function onlyHere(text: string): boolean {
  return /\bhttps?:\/\/(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\])(?=[:/?#\s]|$)/i.test(text);
}
