// Detections in words. The title and the summary are the server's; these are the words around them.
import type { Detection, DetectionKind, Severity } from '../api/types';
import { languageName } from './language';
import { count, roughly } from './number';

/** A released count is so far from the true one, at most (docs/methods/release.md). What only publishers wrote is exact. */
export const COUNT_ERROR = 4;

export const KINDS: readonly DetectionKind[] = ['burst', 'amplification', 'narrative', 'anomaly'];
export const SEVERITIES: readonly Severity[] = ['high', 'medium', 'low'];

const KIND_WORDS: Record<DetectionKind, string> = {
  burst: 'Burst', amplification: 'Same text by many', narrative: 'Growing story', anomaly: 'Unusual',
};
export function kindWords(kind: DetectionKind): string {
  return KIND_WORDS[kind] ?? kind;
}

/** What an anomaly is of; for the other kinds the kind says it. */
const METHOD_WORDS: Record<string, string> = { silences: 'Silence', 'mix-shifts': 'Another mix' };
export function findingWords(detection: Detection): string {
  return METHOD_WORDS[detection.evidence.method?.name ?? ''] ?? kindWords(detection.kind);
}

const KIND_MEANING: Record<DetectionKind, string> = {
  burst: 'More was written about it than its own past foretells.',
  amplification: 'Many accounts posted the same text, or nearly, in a short time. That may be a campaign or enthusiasm.',
  narrative: 'A story found by the likeness of texts, carried by more posts than in the stretch before.',
  anomaly: 'Something is otherwise than usual.',
};
export function kindMeaning(kind: DetectionKind): string {
  return KIND_MEANING[kind] ?? '';
}

const MATURITY: Record<string, string> = {
  experimental: 'a hint: how often this method is right has not been measured',
  measured: 'how often this method is right has been measured, see its page',
  proven: 'this method has proven itself',
};
export function maturityWords(maturity: string): string {
  return MATURITY[maturity] ?? maturity;
}

/** `72 ± 4` */
export function countWithError(value: number): string {
  return `${count(value)} ± ${COUNT_ERROR}`;
}

/** `1,629 ± 4`, or that it is held back: which is no nought. */
export function observedWords(detection: Detection, k: number): string {
  const { observed, suppressed } = detection.evidence;
  return suppressed === true ? `posts of fewer than ${k} authors` : `${countWithError(observed)} posts`;
}

/** `31 %`, `8.7 %` */
export function percent(share: number): string {
  return `${share >= 0.0995 ? Math.round(share * 100) : roughly(share * 100)} %`;
}

/** `31 % of all posts, where 12 % is usual`; nothing where no share is told. */
export function shareWords(detection: Detection): string | null {
  const { share } = detection.evidence;
  if (share === undefined) return null;
  const observed = typeof share.observed === 'number' ? `${percent(share.observed)} of all posts` : 'a share that is held back';
  return `${observed}, where ${percent(share.expected)} is usual`;
}

/** As exact as such a number can be: whole from ten on. */
export function expectation(value: number): string {
  return value === 0 ? '0' : value < 0.01 ? `<${roughly(0.01)}` : roughly(value);
}

/** `12 times` */
export function ratioWords(detection: Detection): string | null {
  const { ratio, expected } = detection.evidence;
  // Where hardly anything was expected, a ratio says nothing but that.
  if (typeof ratio !== 'number' || typeof expected !== 'number' || expected < 1) return null;
  return `${roughly(ratio)} times`;
}

/** Languages by share, largest first; those under k stand together as the others. */
export function languagesOf(detection: Detection): [name: string, share: number][] {
  return Object.entries(detection.evidence.languages ?? {})
    .toSorted((a, b) => b[1] - a[1])
    .map(([code, share]) => [code === 'other' ? 'Others' : languageName(code), share]);
}

/** `mostly Portuguese`, `Portuguese and Spanish`, or nothing where none stands out. */
export function mostly(detection: Detection): string {
  const named = languagesOf(detection).filter(([name]) => name !== 'Others');
  const [first, second] = named;
  if (first === undefined) return '';
  if (first[1] >= 0.95) return first[0];
  if (first[1] >= 0.6) return `mostly ${first[0]}`;
  return second !== undefined && first[1] + second[1] >= 0.75 ? `${first[0]} and ${second[0]}` : '';
}

/** `one in 5 days`, `2 a day`: a rate of false alerts as a person would say it. */
export function perDay(q: number): string {
  if (q <= 0) return 'hardly ever';
  if (q >= 0.95) return `${roughly(q)} a day`;
  const days = 1 / q;
  return days > 3_650 ? 'less than one in ten years' : `one in ${days >= 10 ? count(Math.round(days)) : roughly(days)} days`;
}

/** Page of the docs that says how it was computed. */
const DOCS = 'https://github.com/groundswell/groundswell/blob/main/docs/methods';
const METHOD_PAGES: readonly string[] = ['bursts', 'amplification', 'narratives', 'silences', 'mix-shifts'];
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
