// A query in colours, while it is typed. Only colours come from here: what a query means, costs and is refused for is the server's word.

export type TokenKind = 'space' | 'paren' | 'operator' | 'phrase' | 'hashtag' | 'field' | 'prefix' | 'word';

export interface Token {
  kind: TokenKind;
  text: string;
  /** Where it begins, in UTF-16 units, as a text field counts. */
  start: number;
}

/** Fields that a query may name (`query/src/field.rs`). */
export const FIELDS = ['lang', 'source', 'domain', 'kind', 'relation', 'region'] as const;
export const OPERATORS = ['AND', 'OR', 'NOT', 'NEAR/3', 'ONEAR/3'] as const;

const QUOTES = '"“”„«»';
const PARTS = new RegExp(`\\s+|[()]|[${QUOTES}][^${QUOTES}]*[${QUOTES}]?|(?:\\\\.?|[^\\s()${QUOTES}\\\\])+`, 'gsu');

function kindOf(text: string): TokenKind {
  const first = text.charAt(0);
  if (/^\s/u.test(text)) return 'space';
  if (first === '(' || first === ')') return 'paren';
  if (QUOTES.includes(first)) return 'phrase';
  if (/^(?:AND|OR|NOT|O?NEAR(?:\/\d*)?)$/.test(text)) return 'operator';
  if (first === '#') return 'hashtag';
  if (/^[A-Za-z_]+:/.test(text)) return 'field';
  return text.endsWith('*') && !text.endsWith('\\*') ? 'prefix' : 'word';
}

/** Every letter of the text is in exactly one token. */
export function tokens(text: string): Token[] {
  return [...text.matchAll(PARTS)].map((match) => ({ kind: kindOf(match[0]), text: match[0], start: match.index }));
}

/** Where a place in characters (code points, as the server counts) is in UTF-16 units. */
export function units(text: string, characters: number): number {
  let at = 0;
  for (const letter of text) {
    if (characters <= 0) break;
    characters -= 1;
    at += letter.length;
  }
  return at;
}

export interface Mark {
  start: number;
  end: number;
  kind: 'fault' | 'lint';
}

export interface Piece {
  text: string;
  kind: TokenKind;
  mark: Mark['kind'] | null;
}

/** Tokens cut where a mark begins or ends; a fault goes before a doubt. An empty place marks the letter before it. */
export function pieces(text: string, marks: readonly Mark[]): Piece[] {
  const wide = marks.map((mark) => ({ ...mark, start: mark.end > mark.start ? mark.start : Math.max(0, mark.start - 1), end: Math.max(mark.end, mark.start) }));
  const cuts = new Set(wide.flatMap(({ start, end }) => [start, end]));
  return tokens(text).flatMap((token) => {
    const end = token.start + token.text.length;
    const inside = [...cuts].filter((cut) => cut > token.start && cut < end).toSorted((a, b) => a - b);
    const edges = [token.start, ...inside, end];
    return edges.slice(1).map((to, i) => {
      const from = edges[i] ?? token.start;
      const here = wide.filter((mark) => mark.start < to && mark.end > from);
      const mark = here.some(({ kind }) => kind === 'fault') ? ('fault' as const) : here.length > 0 ? ('lint' as const) : null;
      return { text: text.slice(from, to), kind: token.kind, mark };
    });
  });
}
