import { expect, test } from 'vitest';
import { languageName } from './language';

test('codes get names, and what has none stays a code', () => {
  expect(languageName('pt')).not.toBe('pt');
  expect(languageName('und')).toBe('Not recognised');
  expect(languageName('qqx')).toBe('qqx');
  expect(languageName('<b>')).toBe('<b>');
});
