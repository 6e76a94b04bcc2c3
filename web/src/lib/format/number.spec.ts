import { expect, test } from 'vitest';
import { count, rate, roughly, short } from './number';

// The machine's own locale decides separators, so the expectations are made with it.
const plain = (value: number, digits = 0): string =>
  new Intl.NumberFormat(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

test('counts are whole and grouped', () => {
  expect(count(1_234_567)).toBe(plain(1_234_567));
});

test('short keeps numbers below ten thousand whole', () => {
  expect(short(9_999)).toBe(plain(9_999));
  expect(short(1_234_567).length).toBeLessThan(count(1_234_567).length);
});

test.each([
  [0, `${plain(0)}/s`],
  [0.04, `<${plain(0.1, 1)}/s`],
  [2.34, `${plain(2.3, 1)}/s`],
  [71.4, `${plain(71)}/s`],
])('rate %d', (value, text) => {
  expect(rate(value)).toBe(text);
});

test.each([
  [12.4, plain(12)],
  [2.54, plain(2.5, 1)],
  [0.432, plain(0.43, 2)],
])('roughly %d', (value, text) => {
  expect(roughly(value)).toBe(text);
});
