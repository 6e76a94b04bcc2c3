import { expect, test } from 'vitest';
import type { Narrative, NarrativeEvent } from '../api/types';
import { MEMBERS_MAX, drawFamily, familyCsv, familyHeight, familyOf, relatives, tiesOf } from './family';

const T0 = Date.parse('2026-11-27T08:00:00Z');
const iso = (minutes: number): string => new Date(T0 + minutes * 60_000).toISOString();
const event = (minutes: number, kind: string, id: string, ...others: string[]): NarrativeEvent => ({ time: iso(minutes), event: kind, id, others, reason: '', authors: 12 }) as NarrativeEvent;
const known = (id: string, from: number, to: number): [string, Narrative] => [id, { id, label: `story ${id}`, first_seen: iso(from), last_seen: iso(to) } as Narrative];

const LOG = [event(0, 'birth', 'a'), event(10, 'merge', 'b', 'a'), event(20, 'split', 'c', 'a'), event(20, 'split', 'c', 'a'), event(30, 'merge', 'x', 'y'), event(40, 'end', 'a')];

test('a merge leads into what stays, a split out of what it was, each once', () => {
  expect(tiesOf(LOG).map(({ kind, from, to }) => `${kind} ${from} ${to}`)).toEqual(['merge b a', 'split a c', 'merge x y']);
  expect(tiesOf([event(1, 'merge', 'a', 'a'), { ...event(1, 'merge', 'a', 'b'), time: 'never' }])).toEqual([]);
});

test('relatives are found over any number of steps, strangers are not, and there is an end to it', () => {
  const ties = tiesOf(LOG);
  expect(relatives(ties, 'c').toSorted()).toEqual(['a', 'b', 'c']);
  expect(relatives(ties, 'lone')).toEqual(['lone']);
  expect(relatives(ties, null).toSorted()).toEqual(['a', 'b', 'c', 'x', 'y']);
  const chain = tiesOf(Array.from({ length: 100 }, (_, i) => event(i, 'merge', `n${i}`, `n${i + 1}`)));
  expect(relatives(chain, 'n50').length).toBe(MEMBERS_MAX);
  expect(relatives(chain, null).length).toBe(MEMBERS_MAX);
});

test('of everybody there is a bar, of every tie a line, all within the picture; what is not shown is hollow', () => {
  const ties = tiesOf(LOG);
  const family = familyOf(relatives(ties, 'a'), new Map([known('a', 0, 40), known('c', 20, 35)]), ties);
  if (family === null) throw new Error('no family');
  expect(family.members.map(({ id }) => id).toSorted()).toEqual(['a', 'b', 'c']);
  expect(family.members.find(({ id }) => id === 'b')?.label).toBe('b');
  const height = familyHeight(family);
  const shapes = drawFamily(family, 600, height, (name) => name);
  const bars = shapes.filter(({ tag }) => tag === 'rect');
  expect(bars.length).toBe(3);
  expect(bars.filter(({ attrs }) => attrs['fill'] === 'surface').length).toBe(1);
  expect(shapes.filter(({ tag }) => tag === 'path').length).toBe(2);
  for (const { attrs } of bars) {
    expect(Number(attrs['x'])).toBeGreaterThanOrEqual(0);
    expect(Number(attrs['x']) + Number(attrs['width'])).toBeLessThanOrEqual(600);
    expect(Number(attrs['y']) + Number(attrs['height'])).toBeLessThanOrEqual(height);
  }
  expect(JSON.stringify(drawFamily(family, 0, height, (name) => name))).not.toContain('NaN');
  expect(familyOf(['a'], new Map(), ties)).toBeNull();
});

test('its numbers hold no formula and no broken line', () => {
  const ties = tiesOf(LOG);
  const family = familyOf(['a', 'b'], new Map([['a', { ...known('a', 0, 40)[1], label: '=1+1,"x"' }]]), ties);
  if (family === null) throw new Error('no family');
  expect(familyCsv(family).split('\r\n')).toEqual(['time,event,from,from_label,to,to_label', `2026-11-27T08:10:00Z,merge,b,b,a,"'=1+1,""x"""`, '']);
});
