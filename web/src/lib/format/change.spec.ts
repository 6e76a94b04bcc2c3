import { expect, test } from 'vitest';
import { change } from './change';

test.each([
  [2.5, 'up'],
  [0.4, 'down'],
  [1.02, 'level'],
  [0.97, 'level'],
  [null, 'unknown'],
  [undefined, 'unknown'],
  [Infinity, 'unknown'],
  [NaN, 'unknown'],
  [-1, 'unknown'],
  [0, 'down'],
] as const)('%s is %s', (ratio, direction) => {
  expect(change(ratio, 10).direction).toBe(direction);
});

test('what was held back before is said to be below k, never zero', () => {
  const { text, words } = change(null, 12);
  expect(text).toBe('');
  expect(words).toContain('fewer than 12 authors');
});
