import { expect, test } from 'vitest';
import type { AuditEntry } from '../api/types';
import { DECISIONS_MAX, decisions, makers } from './watch';

const entry = (number: number, act: string, line: object | string): AuditEntry =>
  ({ number, act, account: 'ada', time: '2026-11-26T13:33:20Z', words: '', line: typeof line === 'string' ? line : JSON.stringify(line) });
async function* pages(...all: AuditEntry[][]): AsyncGenerator<AuditEntry[]> {
  yield* all;
}

test('the acts of a watch, newest first, and of no other', async () => {
  const found = await decisions(
    pages(
      [entry(0, 'watch_made', { watch: 'floods' }), entry(1, 'watch_made', { watch: 'floods-2' }), entry(2, 'exported', { watch: 'floods' })],
      [entry(3, 'watch_renewed', { watch: 'floods' }), entry(4, 'watch_ended', 'no JSON'), entry(5, 'watch_ended', { watch: 'other', query: '"watch":"floods"' })],
    ),
    'floods',
  );
  expect(found.map(({ number, act }) => `${number} ${act}`)).toEqual(['3 watch_renewed', '0 watch_made']);
});

test('who made each watch, the last time that its name was used', async () => {
  const made = await makers(pages(
    [entry(0, 'watch_made', { watch: 'floods' }), entry(1, 'watch_made', 'no JSON'), entry(2, 'watch_renewed', { watch: 'rain' })],
    [entry(3, 'watch_ended', { watch: 'floods' }), entry(4, 'watch_made', { watch: 'floods' }), entry(5, 'watch_made', { watch: 7 })],
  ));
  expect([...made].map(([name, { number }]) => `${name} ${number}`)).toEqual(['floods 4']);
});

test('there is an end to what is shown', async () => {
  const many = Array.from({ length: DECISIONS_MAX + 5 }, (_, i) => entry(i, 'watch_changed', { watch: 'x' }));
  const found = await decisions(pages(many), 'x');
  expect(found.length).toBe(DECISIONS_MAX);
  expect(found[0]?.number).toBe(DECISIONS_MAX + 4);
});
