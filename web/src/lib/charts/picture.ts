// A curve as a drawing: shapes with the colours' names, so that the page draws them in its theme and a file holds them as they are.
import { short } from '../format/number';
import { t } from '../i18n/speech.svelte';
import type { Step } from '../api/types';
import { STEP_MS, axisTime, calendarDate, clockTime } from '../format/time';
import type { Curve } from './curve';
import { runs } from './grid';

export interface Shape {
  tag: 'path' | 'rect' | 'line' | 'circle' | 'text';
  attrs: Record<string, string | number>;
  text?: string;
}

/** How a colour of the page is called in a drawing. */
export type Paint = (name: string) => string;

/** In the page itself, where the theme's variables hold. */
export const themed: Paint = (name) => `var(--${name})`;

const LEFT = 46;
const RIGHT = 14;
const TOP = 26;
const BOTTOM = 26;
/** Labels closer than this run into one another: a time, and a day with a time. */
const TICK_GAP = 72;
const TICK_GAP_LONG = 112;

/** A coordinate, to a tenth of a pixel. */
export const round = (value: number): number => Math.round(value * 10) / 10;

/** At most so many letters of a label; what was cut shows. */
export function shortened(text: string, lettersMax: number): string {
  const letters = [...text];
  return letters.length > lettersMax ? `${letters.slice(0, lettersMax - 1).join('')}…` : text;
}

/** A round number of at most `value`: 1, 2 or 5 with noughts. */
export function niceStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  const lead = value / power;
  return (lead >= 5 ? 5 : lead >= 2 ? 2 : 1) * power;
}

export interface Scale {
  x(at: number): number;
  y(posts: number): number;
  /** Index of the window under a place, or null beside them all. */
  at(x: number): number | null;
  top: number;
}

export function scaleOf(curve: Curve, width: number, height: number): Scale {
  const { grid, expected } = curve;
  const step = STEP_MS[grid.step];
  const from = grid.start[0] ?? 0;
  const to = Math.max((grid.start.at(-1) ?? 0) + step, curve.alarm + step / 2);
  const highest = Math.max(4, ...grid.posts.map((posts) => posts ?? 0), expected?.level ?? 0, expected?.high ?? 0);
  const top = highest * 1.1;
  const span = Math.max(1, to - from);
  return {
    x: (at) => round(LEFT + ((at - from) / span) * (width - LEFT - RIGHT)),
    y: (posts) => round(height - BOTTOM - (posts / top) * (height - TOP - BOTTOM)),
    at: (x) => {
      const index = Math.floor((((x - LEFT) / (width - LEFT - RIGHT)) * span) / step);
      return index < 0 || index >= grid.start.length ? null : index;
    },
    top,
  };
}

function tick(at: number, step: Step, first: boolean): string {
  if (step === 'day') return calendarDate(at);
  return step === 'hour' || first ? axisTime(at) : clockTime(at);
}

export function picture(curve: Curve, width: number, height: number, paint: Paint = themed): Shape[] {
  const { grid, expected, alarm } = curve;
  const step = STEP_MS[grid.step];
  const { x, y, top } = scaleOf(curve, width, height);
  const shapes: Shape[] = [];
  const line = (x1: number, y1: number, x2: number, y2: number, stroke: string, more: Shape['attrs'] = {}): void => {
    shapes.push({ tag: 'line', attrs: { x1, y1, x2, y2, stroke: paint(stroke), 'stroke-width': 1, ...more } });
  };
  const label = (at: number, down: number, text: string, anchor: string, more: Shape['attrs'] = {}): void => {
    shapes.push({ tag: 'text', attrs: { x: at, y: down, 'text-anchor': anchor, 'font-size': 12, fill: paint('ink-soft'), ...more }, text });
  };
  const floor = y(0);

  // Levels.
  const each = Math.max(1, niceStep(top / 3));
  for (let value = 0; value <= top; value += each) {
    line(LEFT, y(value), width - RIGHT, y(value), 'line');
    label(LEFT - 7, y(value) + 4, short(value), 'end');
  }
  // Time.
  const gap = grid.step === 'minute' ? TICK_GAP : TICK_GAP_LONG;
  const every = Math.max(1, Math.ceil((grid.start.length * gap) / Math.max(gap, width - LEFT - RIGHT)));
  for (let i = 0; i < grid.start.length; i += every) {
    const at = grid.start[i] ?? 0;
    // The first says the day, too, and stands to the right of its place.
    if (i > 0 && x(at) - gap / 2 < LEFT + TICK_GAP_LONG - 8) continue;
    if (x(at) + gap / 2 > width && i > 0) break;
    label(x(at), height - 7, tick(at, grid.step, i === 0), i === 0 ? 'start' : 'middle');
  }
  // Held back, and not listened to.
  for (const [a, b] of runs(grid.state, 'suppressed')) {
    const left = x(grid.start[a] ?? 0);
    shapes.push({ tag: 'rect', attrs: { x: left, y: floor - 6, width: round(x((grid.start[b] ?? 0) + step) - left), height: 6, fill: paint('hatch'), 'fill-opacity': 0.45 } });
  }
  for (const [a, b] of runs(grid.state, 'gap')) {
    const left = x(grid.start[a] ?? 0);
    shapes.push({ tag: 'rect', attrs: { x: left, y: TOP, width: Math.max(2, round(x((grid.start[b] ?? 0) + step) - left)), height: round(floor - TOP), fill: paint('bad'), 'fill-opacity': 0.14 } });
  }
  // What was expected, where it was looked at.
  if (expected !== null) {
    const [from, to] = [Math.max(LEFT, x(expected.from)), Math.min(width - RIGHT, x(expected.to))];
    if (to > from && expected.low !== null && expected.high !== null) {
      shapes.push({ tag: 'rect', attrs: { x: from, y: y(expected.high), width: round(to - from), height: Math.max(1.5, round(y(expected.low) - y(expected.high))), fill: paint('authors'), 'fill-opacity': 0.22 } });
    }
    line(LEFT, y(expected.level), width - RIGHT, y(expected.level), 'authors', { 'stroke-width': 1.5, 'stroke-dasharray': '5 4' });
  }
  // What was counted: a bar a window, so that a window between held-back ones is seen as one.
  const bar = Math.max(1, round((x(step) - x(0)) * (grid.start.length > 120 ? 1 : 0.82)));
  for (const [i, posts] of grid.posts.entries()) {
    if (posts === null) continue;
    const up = y(posts);
    shapes.push({ tag: 'rect', attrs: { x: x(grid.start[i] ?? 0), y: up, width: bar, height: round(Math.max(1, floor - up)), fill: paint('posts') } });
  }
  // When it was told.
  const told = x(alarm);
  line(told, TOP - 8, told, floor, 'ink', { 'stroke-width': 1.5 });
  const right = told > width / 2;
  label(told + (right ? -6 : 6), TOP - 10, t().curve.found(clockTime(alarm)), right ? 'end' : 'start', { fill: paint('ink'), 'font-weight': 600 });
  return shapes;
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0)};`);

/** A drawing as a file of its own. Its title says what it is, since it travels without the page. */
export function svgFile(shapes: readonly Shape[], width: number, height: number, title: string, ground: string): string {
  const body = shapes.map(({ tag, attrs, text }) => {
    const written = Object.entries(attrs).map(([name, value]) => ` ${name}="${escaped(String(value))}"`).join('');
    return text === undefined ? `<${tag}${written}/>` : `<${tag}${written}>${escaped(text)}</${tag}>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Inter, system-ui, sans-serif">`
    + `<title>${escaped(title)}</title><rect width="${width}" height="${height}" fill="${escaped(ground)}"/>${body.join('')}</svg>\n`;
}
