// Narratives that became part of one another or came apart, as a tree over time: a bar for each, a line for each merge and split.
import type { Narrative, NarrativeEvent } from '../api/types';
import { clockTime, dayTime, iso, parseTime } from '../format/time';
import { csvLines } from './csv';
import { round, shortened, type Paint, type Shape } from './picture';

/** Narratives of a picture, at most: the nearest relatives first. */
export const MEMBERS_MAX = 24;

export interface Tie {
  kind: 'merge' | 'split';
  time: number;
  /** What became part of the other, or what the other came from. */
  from: string;
  to: string;
}

/** Ties of the event log. A merge is told of what became a part, a split of what came apart; of the same tie once. */
export function tiesOf(events: readonly NarrativeEvent[]): Tie[] {
  const found = new Map<string, Tie>();
  for (const { time, event, id, others } of events) {
    const at = parseTime(time);
    if (at === null || (event !== 'merge' && event !== 'split')) continue;
    for (const other of others) {
      const [from, to] = event === 'merge' ? [id, other] : [other, id];
      const key = `${event} ${from} ${to}`;
      if (from !== to && !found.has(key)) found.set(key, { kind: event, time: at, from, to });
    }
  }
  return [...found.values()].toSorted((a, b) => a.time - b.time || (a.from < b.from ? -1 : 1));
}

/** Everybody who is tied to one, over however many steps, the nearest first; of null: everybody who is tied at all. */
export function relatives(ties: readonly Tie[], of: string | null): string[] {
  if (of === null) return [...new Set(ties.toReversed().flatMap(({ from, to }) => [to, from]))].slice(0, MEMBERS_MAX);
  const near = new Map<string, string[]>();
  for (const { from, to } of ties) {
    near.set(from, [...(near.get(from) ?? []), to]);
    near.set(to, [...(near.get(to) ?? []), from]);
  }
  const met = [of];
  for (let i = 0; i < met.length && met.length < MEMBERS_MAX; i += 1) {
    for (const other of near.get(met[i] ?? '') ?? []) if (!met.includes(other) && met.length < MEMBERS_MAX) met.push(other);
  }
  return met;
}

export interface Member {
  id: string;
  label: string;
  /** When it was carried; null where that is not shown. */
  from: number | null;
  to: number | null;
}

export interface Family {
  members: Member[];
  ties: Tie[];
  from: number;
  to: number;
}

/** Members in the order in which they are drawn: each below what it came from, or beside what it became. */
export function familyOf(ids: readonly string[], known: ReadonlyMap<string, Narrative>, all: readonly Tie[]): Family | null {
  const ties = all.filter(({ from, to }) => ids.includes(from) && ids.includes(to));
  if (ties.length === 0) return null;
  const member = (id: string): Member => {
    const narrative = known.get(id);
    return { id, label: narrative?.label || id, from: parseTime(narrative?.first_seen), to: parseTime(narrative?.last_seen) };
  };
  const times = ties.map(({ time }) => time);
  const members = new Map(ids.map((id) => [id, member(id)]));
  for (const { from, to } of members.values()) times.push(...[from, to].filter((time) => time !== null));
  const [start, end] = [Math.min(...times), Math.max(...times)];
  const order: string[] = [];
  const place = (id: string): void => {
    if (order.includes(id)) return;
    order.push(id);
    for (const { from, to } of ties) {
      if (from === id) place(to);
      else if (to === id) place(from);
    }
  };
  for (const id of [...ids].toSorted((a, b) => (members.get(a)?.from ?? start) - (members.get(b)?.from ?? start) || (a < b ? -1 : 1))) place(id);
  const pad = Math.max(60_000, (end - start) * 0.02);
  return { members: order.flatMap((id) => members.get(id) ?? []), ties, from: start - pad, to: end + pad };
}

const ROW = 40;
const TOP = 10;
const BOTTOM = 26;
const SIDE = 12;
/** Letters of a label in the picture; the list beneath has all of it. */
const LABEL_CHARACTERS_MAX = 40;

export function familyHeight(family: Family): number {
  return TOP + ROW * family.members.length + BOTTOM;
}

// Isolated, so that a label with a direction of its own turns nothing else around.
const isolated = (text: string): string => `\u2068${shortened(text, LABEL_CHARACTERS_MAX)}\u2069`;

export function drawFamily(family: Family, width: number, height: number, paint: Paint): Shape[] {
  const { members, ties, from, to } = family;
  const row = (height - TOP - BOTTOM) / members.length;
  const inner = Math.max(1, width - 2 * SIDE);
  const x = (time: number): number => round(SIDE + ((time - from) / Math.max(1, to - from)) * inner);
  const y = (index: number): number => round(TOP + row * index + row * 0.7);
  const shapes: Shape[] = [];
  for (const [time, anchor] of [[from, 'start'], [(from + to) / 2, 'middle'], [to, 'end']] as const) {
    shapes.push({ tag: 'line', attrs: { x1: x(time), x2: x(time), y1: TOP, y2: height - BOTTOM, stroke: paint('line'), 'stroke-width': 1 } });
    const words = to - from < 20 * 3_600_000 ? clockTime(time) : dayTime(time);
    shapes.push({ tag: 'text', attrs: { x: x(time), y: height - 8, 'text-anchor': anchor, 'font-size': 12, fill: paint('ink-soft') }, text: words });
  }
  for (const [i, member] of members.entries()) {
    const own = ties.filter((tie) => tie.from === member.id || tie.to === member.id).map(({ time }) => time);
    const [begin, end] = [member.from ?? Math.min(...own), member.to ?? Math.max(...own)];
    // What is not shown of itself is a hollow bar between its ties.
    const hollow = member.from === null;
    shapes.push({ tag: 'rect', attrs: { x: x(begin), y: y(i) - 4, width: Math.max(4, round(x(end) - x(begin))), height: 8, rx: 4, fill: hollow ? paint('surface') : paint('posts'), stroke: paint('posts'), 'stroke-width': 1.5 } });
    const right = x(begin) > width * 0.6;
    shapes.push({ tag: 'text', attrs: { x: right ? Math.max(x(end), x(begin) + 4) : x(begin), y: y(i) - 9, 'text-anchor': right ? 'end' : 'start', 'font-size': 12.5, 'font-weight': 600, fill: paint('ink') }, text: isolated(member.label) });
  }
  const index = new Map(members.map(({ id }, i) => [id, i]));
  for (const { kind, time, from: one, to: other } of ties) {
    const [a, b] = [y(index.get(one) ?? 0), y(index.get(other) ?? 0)];
    const at = x(time);
    const way = b > a ? 1 : -1;
    shapes.push({ tag: 'line', attrs: { x1: at, x2: at, y1: a, y2: b - 9 * way, stroke: paint('authors'), 'stroke-width': 2, ...(kind === 'split' && { 'stroke-dasharray': '5 3' }) } });
    shapes.push({ tag: 'path', attrs: { d: `M${round(at - 4.5)} ${round(b - 10 * way)}L${round(at + 4.5)} ${round(b - 10 * way)}L${at} ${round(b - 4 * way)}Z`, fill: paint('authors') } });
  }
  return shapes;
}

export function familyCsv(family: Family): string {
  const label = new Map(family.members.map((member) => [member.id, member.label]));
  const rows = family.ties.map(({ kind, time, from, to }) => [iso(time), kind, from, label.get(from) ?? '', to, label.get(to) ?? '']);
  return csvLines([['time', 'event', 'from', 'from_label', 'to', 'to_label'], ...rows]);
}
