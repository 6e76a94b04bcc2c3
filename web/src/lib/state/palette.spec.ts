import { expect, test, vi } from 'vitest';
import type { Detection, Feed, Watch } from '../api/types';
import { SHOWN_MAX, commands, find } from './palette';

const things = (edits = true): Parameters<typeof commands>[0] => ({
  watches: [{ name: 'river.floods' }] as unknown as Watch[],
  feeds: [{ name: 'everything' }] as unknown as Feed[],
  detections: Array.from({ length: 40 }, (_, i) => ({ id: `burst-b${i}`, title: `burst number ${i} of the river ${'x'.repeat(9_000)}` })) as unknown as Detection[],
  edits,
  acts: [{ name: 'Light or dark', run: vi.fn() }],
});

test('words find what they begin before what they stand in, and never too much', () => {
  const all = commands(things());
  expect(find(all, 'ri flo').map(({ name }) => name)).toEqual(['river.floods']);
  expect(find(all, 'river').length).toBe(SHOWN_MAX);
  expect(find(all, 'RIVER')[0]?.to).toBe('/watches/river%2Efloods');
  expect(find(all, 'arrative')[0]?.name).toBe('Narratives');
  expect(find(all, 'feed every')[0]?.to).toBe('/feed/everything');
  expect(find(all, 'nothing like it')).toEqual([]);
  expect(find(all, '').map(({ name }) => name).slice(0, 2)).toEqual(['Now', 'Explore']);
  expect(Math.max(...all.map(({ name }) => name.length))).toBeLessThanOrEqual(200);
});

test('every command is one of a kind, and a viewer is offered nothing that is refused', () => {
  const all = commands(things());
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  expect(find(all, 'new watch')[0]?.to).toBe('/watches?new=1');
  expect(find(commands(things(false)), 'new watch')).toEqual([]);
});
