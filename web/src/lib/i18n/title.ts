// Titles of detections in the reader's language. The server writes them in English from released numbers; here the same sentence is made
// again from those numbers. Only where the English one comes out letter by letter as the server wrote it is the other one its translation:
// else the server's stands as it is, and says that it is English.
import type { Detection, DetectionKind } from '../api/types';
import { emojiName } from '../emoji/names.svelte';
import { STEP_MS, parseTime } from '../format/time';
import { en, type Messages } from './en';
import { locale } from './locale';
import { servers, t } from './speech.svelte';

export interface Title {
  text: string;
  /** For the `lang` of what shows it: undefined where it is the page's own. */
  lang: 'en' | undefined;
}

/** Characters of a quoted value (`gate::detection::QUOTED_CHARS_MAX`). */
const QUOTED_CHARACTERS_MAX = 80;

/** As `gate::detection::words::plain` and `cut`: no turning marks, no control characters, and not endless. */
function plain(value: string): string {
  const straight = [...value.replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '').replace(/\p{Cc}/gu, ' ')];
  return straight.length <= QUOTED_CHARACTERS_MAX ? straight.join('') : `${straight.slice(0, QUOTED_CHARACTERS_MAX - 1).join('').trimEnd()}…`;
}

type Words = Messages['titles'];
interface Speaker {
  words: Words;
  language: (code: string) => string;
  /** Of an emoji. */
  emoji: (subject: Detection['subject']) => string | null;
}

function named(tag: string): (code: string) => string {
  const names = new Intl.DisplayNames([tag], { type: 'language', fallback: 'code' });
  return (code) => {
    try {
      return names.of(code) ?? code;
    } catch {
      return code;
    }
  };
}

function subject({ words, language, emoji }: Speaker, of: Detection['subject']): [name: string, many: boolean] {
  const { type, value } = of;
  switch (type) {
    case 'term': {
      const name = emoji(of);
      return [name === null ? words.subjects.quoted(plain(value)) : `${words.subjects.quoted(plain(value))} (${name})`, false];
    }
    case 'hashtag':
      return [`#${plain(value)}`, false];
    case 'domain':
      return [words.subjects.links(plain(value)), true];
    case 'watch':
      return [words.subjects.watch(plain(value)), false];
    case 'language':
      return [words.subjects.language(language(value)), false];
    case 'source':
      return [words.subjects.source(plain(value)), false];
    case 'total':
      return [words.subjects.total, false];
    default:
      return [words.subjects.quoted(plain(value)), false];
  }
}

function length(words: Words, ms: number): string {
  const seconds = Math.max(60, Math.round(ms / 1000));
  if (seconds <= 90 * 60) return words.length(Math.ceil(seconds / 60), 'minute');
  return seconds <= 48 * 3_600 ? words.length(Math.ceil(seconds / 3_600), 'hour') : words.length(Math.ceil(seconds / 86_400), 'day');
}

function times(words: Words, ratio: number): string {
  if (ratio >= 1_000) return words.ratio(null);
  return words.ratio(words.decimal(ratio >= 9.5 ? ratio.toFixed(0) : ratio.toFixed(1).replace(/\.0$/, '')));
}

function mostly({ words, language }: Speaker, languages: Detection['evidence']['languages']): string {
  const known = Object.entries(languages ?? {}).filter(([code]) => code !== 'other' && code !== 'und').toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const [first, second] = known;
  if (first === undefined) return '';
  if (first[1] >= 0.6) return words.mostly([language(first[0])]);
  return second !== undefined && first[1] + second[1] >= 0.75 ? words.mostly([language(first[0]), language(second[0])]) : '';
}

const DAY_MS_MIN = STEP_MS.day / 2;

function level(words: Words, seasonal: boolean, from: number, to: number): string {
  if (!seasonal) return words.level(null, null);
  const at = new Date(from);
  const hour = at.getUTCHours();
  const part = hour >= 5 && hour <= 11 ? 'morning' : hour >= 12 && hour <= 16 ? 'afternoon' : hour >= 17 && hour <= 21 ? 'evening' : 'night';
  return words.level(at.getUTCDay(), to - from >= DAY_MS_MIN ? null : part);
}

/** The title in the words of a language; null where the evidence does not hold it. */
function told(speaker: Speaker, { kind, subject: of, evidence }: Detection, k: number): string | null {
  const { words } = speaker;
  const [first] = evidence.windows;
  const [from, to] = [parseTime(first?.start), parseTime(first?.end)];
  if (from === null || to === null) return null;
  const languages = mostly(speaker, evidence.languages);
  if (kind === 'amplification') {
    if (typeof evidence.shared_text !== 'string') return null;
    if (evidence.object === 'link' || evidence.object === 'hashtag') {
      const what = evidence.object === 'link' ? words.oneLink(plain(evidence.domains?.[0] ?? evidence.shared_text)) : plain(evidence.shared_text);
      return `${words.pushed(what, evidence.observed, evidence.authors, length(words, to - from))}${languages}`;
    }
    return `${words.amplified(evidence.observed, evidence.authors, length(words, to - from), plain(evidence.shared_text))}${languages}`;
  }
  // The words that a story is called by are in no field of its own.
  if (kind === 'narrative' || typeof evidence.expected !== 'number') return null;
  const [name, many] = subject(speaker, of);
  const usual = level(words, evidence.baseline?.method === 'seasonal', from, to);
  if (kind === 'anomaly') {
    if (evidence.suppressed === true) return words.silence(name, many, k, length(words, to - from), evidence.authors);
    return words.share(name, many, ((evidence.observed / Math.max(0.01, evidence.expected)) * 100).toFixed(0), usual);
  }
  const ratio = evidence.observed / evidence.expected;
  const said = evidence.expected < 1
    ? words.hardly(name, evidence.observed, `${length(words, to - from)}${of.type === 'phrase' ? words.sample : ''}`)
    : ratio >= 1 ? words.times(name, many, times(words, ratio), usual) : words.share(name, many, (ratio * 100).toFixed(0), usual);
  return `${said}${of.type === 'language' ? '' : languages}`;
}

const KINDS: readonly DetectionKind[] = ['burst', 'amplification', 'anomaly'];

export function titleOf(detection: Detection, k = 10): Title {
  const lang = servers();
  if (lang === undefined || !KINDS.includes(detection.kind)) return { text: detection.title, lang };
  const again = told({ words: en.titles, language: named('en'), emoji: ({ name }) => name ?? null }, detection, k);
  if (again !== detection.title) return { text: detection.title, lang };
  return { text: told({ words: t().titles, language: named(locale() ?? 'en'), emoji: ({ value }) => emojiName(value) }, detection, k) ?? detection.title, lang: undefined };
}
