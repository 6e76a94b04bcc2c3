import { expect, test } from 'vitest';
import { complete, OFFERS_MAX, type Known } from './complete';
import { pieces, tokens, units } from './lexer';

const kinds = (text: string): string[] => tokens(text).filter(({ kind }) => kind !== 'space').map(({ kind, text: word }) => `${kind} ${word}`);

test('a query in its parts', () => {
  expect(kinds('flood* AND (river OR “heavy rain”) NOT #art lang:pt NEAR/5 near and \\AND')).toEqual([
    'prefix flood*', 'operator AND', 'paren (', 'word river', 'operator OR', 'phrase “heavy rain”', 'paren )', 'operator NOT', 'hashtag #art',
    'field lang:pt', 'operator NEAR/5', 'word near', 'word and', 'word \\AND',
  ]);
  expect(kinds('"not closed')).toEqual(['phrase "not closed']);
});

test('no letter is lost, whatever is typed', () => {
  const letters = ['a', ' ', '(', ')', '"', '”', '\\', '#', ':', '*', '\n', '洪', '👩‍👧', '\u202e', 'AND'];
  let seed = 7;
  const next = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
  for (let round = 0; round < 500; round += 1) {
    const text = Array.from({ length: next(12) }, () => letters[next(letters.length)]).join('');
    const marks = [{ start: next(8), end: next(14), kind: 'fault' as const }, { start: next(8), end: next(14), kind: 'lint' as const }];
    expect(tokens(text).map((token) => token.text).join('')).toBe(text);
    expect(pieces(text, marks).map((piece) => piece.text).join('')).toBe(text);
  }
});

test('a mark stands where the server says, in characters', () => {
  const text = '👩台 AND from:me';
  expect(units(text, 7)).toBe(8);
  const [start, end] = [units(text, 7), units(text, 11)];
  const marked = pieces(text, [{ start, end, kind: 'fault' }]).filter(({ mark }) => mark === 'fault');
  expect(marked.map((piece) => piece.text)).toEqual(['from']);
  // At the end, where something is missing, the letter before is marked.
  expect(pieces('a AND', [{ start: 5, end: 5, kind: 'fault' }]).at(-1)).toEqual({ text: 'D', kind: 'operator', mark: 'fault' });
});

const known: Known = { terms: ['river', 'rivers', 'rain', 'a b'], hashtags: ['floods'], domains: ['example.org'], languages: ['pt', 'other'], sources: ['bluesky'] };
const offers = (text: string): string[] | undefined => complete(text, text.length, known)?.offers.map((offer) => offer.text);

test('the beginning of a word is completed with what is known', () => {
  expect(offers('ri')).toEqual(['river', 'rivers']);
  expect(offers('A')).toEqual(['AND']);
  expect(offers('a')).toBeUndefined();
  expect(offers('la')).toEqual(['lang:']);
  expect(offers('x lang:')).toEqual(['lang:pt']);
  expect(offers('kind:p')).toEqual(['kind:person', 'kind:publisher']);
  expect(offers('#f')).toEqual(['#floods']);
  expect(offers('source:b')).toEqual(['source:bluesky']);
  expect(offers('river')).toEqual(['rivers']);
  expect(offers('"ri')).toBeUndefined();
  expect(offers('')).toBeUndefined();
  expect(complete('rx river', 1, known)?.to).toBe(1);
  const many = { ...known, terms: Array.from({ length: 99 }, (_, i) => `w${i}`) };
  expect(complete('w', 1, many)?.offers.length).toBe(OFFERS_MAX);
});
