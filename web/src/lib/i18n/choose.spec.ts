import { expect, test } from 'vitest';
import { choose } from './choose';

test.each([
  // What was chosen, what the browser prefers, the language and its way with numbers.
  [null, ['fr-CA', 'en'], 'fr', 'fr-CA'],
  [null, ['en-GB'], 'en', 'en-GB'],
  [null, ['de-DE', 'fr', 'en'], 'fr', 'fr'],
  [null, ['de-DE'], 'en', 'de-DE'],
  [null, [], 'en', undefined],
  ['fr', ['en-GB'], 'fr', 'fr'],
  ['en', ['fr-FR', 'en-US'], 'en', 'en-US'],
  ['en', ['de-DE'], 'en', 'en'],
] as const)('%s of %j', (chosen, preferred, language, locale) => {
  expect(choose(chosen, preferred)).toEqual({ language, locale });
});
