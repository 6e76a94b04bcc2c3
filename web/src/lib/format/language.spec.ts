import { expect, test } from 'vitest';
import { languageCode, languageName, languageNames } from './language';

test('codes get names, and what has none stays a code', () => {
  expect(languageName('pt')).not.toBe('pt');
  expect(languageName('und')).toBe('Not recognised');
  expect(languageName('qqx')).toBe('qqx');
  expect(languageName('<b>')).toBe('<b>');
});

test('a name becomes its code again, and what is no name stays', () => {
  for (const code of ['pt', 'he', 'yi', 'ro', 'id', 'ja']) expect(languageCode(languageName(code))).toBe(code);
  expect(languageCode('PORTUGUESE')).toBe(languageCode('Portuguese'));
  expect(languageCode('pt')).toBe('pt');
  expect(languageCode('Nowhereish')).toBe('Nowhereish');
});

test('two languages are both named', () => {
  expect(languageNames('pt+en')).toBe(`${languageName('pt')} + ${languageName('en')}`);
  expect(languageNames('other')).toBe(languageName('other'));
});
