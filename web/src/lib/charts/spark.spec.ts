import { expect, test } from 'vitest';
import { spark, stretches } from './spark';

test('a line breaks where numbers are held back', () => {
  const shape = spark([1, 2, null, null, 3, 4], 60, 20, 2);
  expect(shape.line.match(/M/g)).toHaveLength(2);
  expect(shape.last).toEqual({ x: 55, y: 2 });
});

test('the largest touches the top, zero the bottom', () => {
  const shape = spark([0, 8], 20, 20, 2);
  expect(shape.line).toBe('M5 18L15 2');
});

test('a lone number is a dot, and nothing held back is drawn as a value', () => {
  const shape = spark([null, 5, null], 30, 20);
  expect(shape.line).toBe('');
  expect(shape.dots).toHaveLength(1);
  expect(shape.last).toBeNull();
  expect(spark([null, null], 20, 20)).toEqual({ line: '', area: '', dots: [], last: null, level: null });
});

test('what is held back and what was not recorded have each their places', () => {
  const states = ['gap', 'gap', 'suppressed', 'shown', 'suppressed', 'suppressed'] as const;
  expect(stretches(states, 'gap', 60)).toEqual([{ x: 0, width: 20 }]);
  expect(stretches(states, 'suppressed', 60)).toEqual([{ x: 20, width: 10 }, { x: 40, width: 20 }]);
});

test('no windows, no shape', () => {
  expect(spark([], 20, 20)).toEqual({ line: '', area: '', dots: [], last: null, level: null });
  expect(stretches([], 'gap', 20)).toEqual([]);
});

test('what was expected has its place on the same scale', () => {
  expect(spark([0, 8], 20, 20, 2, 4).level).toBe(10);
  expect(spark([0, 4], 20, 20, 2, 8)).toMatchObject({ level: 2, line: 'M5 18L15 10' });
});
