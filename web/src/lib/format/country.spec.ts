import { expect, test } from 'vitest';
import { countryName } from './country';

test('codes get names, and what has none stays as it is', () => {
  expect(countryName('PT')).toBe('Portugal');
  expect(countryName('other')).toBe('other');
  expect(countryName('<b>')).toBe('<b>');
});
