// Detections in words. The title and the summary are the server's; these are the words around them.
import type { Detection, DetectionKind, Severity } from '../api/types';
import { t, word } from '../i18n/speech.svelte';
import { languageName } from './language';
import { count, roughly } from './number';

export { COUNT_ERROR, countWithError } from './number';

export const KINDS: readonly DetectionKind[] = ['burst', 'amplification', 'narrative', 'anomaly'];
export const SEVERITIES: readonly Severity[] = ['high', 'medium', 'low'];

export function kindWords(kind: DetectionKind): string {
  return word(t().kinds, kind);
}

export function kindMeaning(kind: DetectionKind): string {
  return Object.hasOwn(t().meanings, kind) ? t().meanings[kind] : '';
}

/** Whether a link or hashtag was amplified, and not a text. */
export function isPush(detection: Detection): boolean {
  return Object.hasOwn(t().pushes, detection.evidence.object ?? '');
}

/** What an anomaly is of, or what was pushed; for the other kinds the kind says it. */
export function findingWords(detection: Detection): string {
  if (isPush(detection)) return word(t().pushes, detection.evidence.object ?? '');
  const method = detection.evidence.method?.name ?? '';
  return Object.hasOwn(t().findings, method) ? word(t().findings, method) : kindWords(detection.kind);
}

/** `31 %`, `8.7 %` */
function part(share: number): string {
  return `${share >= 0.0995 ? Math.round(share * 100) : roughly(share * 100)} %`;
}

/** `31 % of all posts, where 12 % is usual`, `61 % of posts sound negative, where 35 % is usual`; nothing where no share is told. */
export function shareWords(detection: Detection): string | null {
  const { share, tone } = detection.evidence;
  if (share === undefined) return null;
  if (tone !== undefined) return t().detection.toneShare(part(share.observed ?? 0), word(t().tone.classes, tone), part(share.expected));
  return t().detection.share(typeof share.observed === 'number' ? part(share.observed) : null, part(share.expected));
}

/** Between which two a share usually is. */
export function usualShare(detection: Detection): [low: string, high: string] | null {
  const interval = detection.evidence.share?.expected_interval;
  return interval?.length === 2 ? [part(interval[0] ?? 0), part(interval[1] ?? 0)] : null;
}

/** Whether its authors are those that usually write, since too few did: of a silence, and of a share that fell. */
export function tellsUsualAuthors(detection: Detection): boolean {
  const { method, share, tone } = detection.evidence;
  return method?.name === 'silences' || (share !== undefined && tone === undefined && (share.observed ?? 0) < share.expected);
}

/** As exact as such a number can be: whole from ten on. */
export function expectation(value: number): string {
  return value === 0 ? '0' : value < 0.01 ? `<${roughly(0.01)}` : roughly(value);
}

/** `12`, where a ratio says something. */
export function ratioOf(detection: Detection): string | null {
  const { ratio, expected } = detection.evidence;
  // Where hardly anything was expected, a ratio says nothing but that.
  if (typeof ratio !== 'number' || typeof expected !== 'number' || expected < 1) return null;
  return roughly(ratio);
}

/** Languages by share, largest first; those under k stand together as the others. */
export function languagesOf(detection: Detection): [name: string, share: number][] {
  return shares(detection).map(([code, share]) => [code === 'other' ? t().detection.others : languageName(code), share]);
}

function shares(detection: Detection): [code: string, share: number][] {
  return Object.entries(detection.evidence.languages ?? {}).toSorted((a, b) => b[1] - a[1]);
}

/** A language carries a detection from this share on, as a feed's `--language` takes it. */
const CARRIES = 0.25;

/** Languages that carry it, or that it is about. */
export function carriers(detection: Detection): string[] {
  if (detection.subject.type === 'language') return [detection.subject.value];
  return shares(detection).filter(([code, share]) => share >= CARRIES && code !== 'other' && code !== 'und').map(([code]) => code);
}

/** `mostly Portuguese`, `Portuguese and Spanish`, or nothing where none stands out. */
export function mostly(detection: Detection): string {
  const named = shares(detection).filter(([code]) => code !== 'other').map(([code, share]) => [languageName(code), share] as const);
  const [first, second] = named;
  if (first === undefined) return '';
  if (first[1] >= 0.95) return first[0];
  if (first[1] >= 0.6) return t().detection.mostly(first[0]);
  return second !== undefined && first[1] + second[1] >= 0.75 ? t().detection.and(first[0], second[0]) : '';
}

/** `one in 5 days`, `2 a day`: a rate of false alerts as a person would say it. */
export function perDay(q: number): string {
  if (q <= 0) return t().detection.hardlyEver;
  if (q >= 0.95) return t().detection.aDay(roughly(q));
  const days = 1 / q;
  return days > 3_650 ? t().detection.rare : t().detection.oneIn(days >= 10 ? count(Math.round(days)) : roughly(days));
}

/** How sure it is, in the one scale that is used for that: the false alerts to expect of all that is at least as striking. */
export function sureOf({ evidence: { q }, maturity }: Detection): string {
  const { sureness } = t().detection;
  return typeof q === 'number' ? `${sureness.rate(perDay(q))} ${word(sureness.tried, maturity)}` : word(sureness.unknown, maturity);
}

/** Page of the docs that says how it was computed. */
const DOCS = 'https://github.com/groundswell/groundswell/blob/main/docs/methods';
const METHOD_PAGES: readonly string[] = ['bursts', 'amplification', 'narratives', 'silences', 'mix-shifts', 'tone-shifts'];
export function methodPage(method: string): string {
  return `${DOCS}/${METHOD_PAGES.includes(method) ? method : 'detections'}.md`;
}

/** The most important first: by severity, then the one found last. */
export function ordered(detections: readonly Detection[]): Detection[] {
  return detections.toSorted(
    (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)
      || (a.detected_at < b.detected_at ? 1 : a.detected_at > b.detected_at ? -1 : a.id < b.id ? -1 : 1),
  );
}
