// What may be meant by the beginning of a word: operators, fields and their values, and what this installation has released.
import { FIELDS, OPERATORS, tokens } from './lexer';

/** Values that may be offered; all of them are public here already. */
export interface Known {
  terms: readonly string[];
  hashtags: readonly string[];
  domains: readonly string[];
  languages: readonly string[];
  sources: readonly string[];
}

export interface Offer {
  text: string;
  /** Why it is offered. */
  hint: 'value' | 'released' | 'operator' | 'field';
}

export interface Completion {
  /** What an offer takes the place of, in UTF-16 units. */
  from: number;
  to: number;
  offers: Offer[];
}

/** Offers shown at most. */
export const OFFERS_MAX = 8;

const VALUES: Record<string, readonly string[]> = { kind: ['person', 'publisher'], relation: ['post', 'reply', 'repost', 'quote'] };

/** What can stand in a query as it is. */
const plain = (value: string): boolean => /^[\p{L}\p{N}][\p{L}\p{N}\p{M}_.-]*$/u.test(value) && value.length <= 64;

/** What to offer for the word that ends at the caret; null where there is none. */
export function complete(text: string, caret: number, known: Known): Completion | null {
  const token = tokens(text.slice(0, caret)).at(-1);
  if (token === undefined || token.kind === 'space' || token.kind === 'paren' || token.kind === 'phrase') return null;
  const begun = token.text;
  const offers: Offer[] = [];
  const offer = (values: readonly string[], hint: Offer['hint'], before = ''): void => {
    const lower = begun.toLowerCase();
    for (const value of values) {
      const whole = `${before}${value}`;
      if (whole.toLowerCase().startsWith(lower) && whole !== begun && !offers.some((other) => other.text === whole)) offers.push({ text: whole, hint });
    }
  };
  const field = /^([A-Za-z_]+):/.exec(begun)?.[1]?.toLowerCase();
  if (field !== undefined) {
    const values = { lang: known.languages.filter((code) => code !== 'other'), domain: known.domains, source: known.sources, ...VALUES }[field] ?? [];
    offer(values.filter(plain), 'value', `${field}:`);
  } else if (begun.startsWith('#')) {
    offer(known.hashtags.filter(plain), 'released', '#');
  } else {
    if (/^[A-Z]/.test(begun)) offer(OPERATORS, 'operator');
    offer(FIELDS.map((name) => `${name}:`), 'field');
    offer(known.terms.filter(plain), 'released');
  }
  return offers.length === 0 ? null : { from: token.start, to: caret, offers: offers.slice(0, OFFERS_MAX) };
}
