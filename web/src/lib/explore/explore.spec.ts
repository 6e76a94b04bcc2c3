import { expect, test, vi } from 'vitest';
import { ApiError, type Api } from '../api/client';
import type { VolumeRow } from '../api/types';
import { themed } from '../charts/picture';
import { STEP_MS } from '../format/time';
import { amountOf, drawLines, drawWeek, linesCsv, weekCsv } from './draw';
import { against, cells, countedUntil, edgesOf, endOf, largest, read, sumOf, weekOf, type Cell } from './read';
import { PAIRED, SPAN_MAX, SPAN_MIN, TABLES, VALUES_MAX, WINDOWS_MAX, comparableSpan, parseView, shift, stepFor, stepsOf, stretch, writeView, zoom, type View } from './view';

const of = (text: string): View => parseView(new URLSearchParams(text));
const NOW = Date.parse('2026-11-27T08:00:30Z');

test('an address shows the same view again', () => {
  let seed = 3;
  const next = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
  for (let round = 0; round < 300; round += 1) {
    const by = TABLES[next(TABLES.length)] ?? 'total';
    const span = by === 'spoken' ? (2 + next(400)) * STEP_MS.hour : (5 + next(40_000)) * STEP_MS.minute;
    const share = by !== 'total' && next(2) === 0;
    const view: View = {
      by, of: PAIRED.includes(by) ? ['', 'River floods', 'a&b=c'][next(3)] ?? '' : '', values: by === 'total' ? [] : ['a&b', '洪水', 'x,y'].slice(0, next(4)), span, to: next(2) === 0 ? null : 1_800_000_000_000 + next(1_000) * STEP_MS.minute,
      step: stepsOf(span, by)[0] ?? 'hour', measure: share ? 'share' : 'posts', compare: !share && next(2) === 0, form: next(3) === 0 ? 'week' : next(2) === 0 && !PAIRED.includes(by) ? 'long' : 'lines',
    };
    const address = writeView(view);
    expect(parseView(new URL(address, 'http://x').searchParams), address).toEqual(view);
  }
  expect(writeView(of(''))).toBe('/explore');
});

test('what an address cannot mean is left out, and nothing is unbounded', () => {
  const odd = of(`by=people&from=x&to=2026-01-01T00:00:00Z&span=-5&step=second&show=share&value=${'y'.repeat(600)}&form=cube`);
  expect(odd).toEqual(of(''));
  expect(of('span=99999999').span).toBe(SPAN_MAX);
  expect(of('span=1').span).toBe(SPAN_MIN);
  expect(of(`by=term&${Array.from({ length: 40 }, (_, i) => `value=v${i}`).join('&')}`).values.length).toBe(VALUES_MAX);
  expect(of('from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z').to).toBeNull();
  for (const span of [SPAN_MIN, STEP_MS.hour, STEP_MS.day, 40 * STEP_MS.day, SPAN_MAX]) {
    expect(span / STEP_MS[stepFor(span)]).toBeLessThanOrEqual(WINDOWS_MAX);
    expect(stepsOf(span)).toContain(stepFor(span));
  }
});

test('one goes from months to minutes and back, in whole windows and never past what is counted', () => {
  let view = of('span=262080');
  let end = endOf(view, NOW);
  for (let i = 0; i < 30; i += 1) {
    view = zoom(view, 0.5, end, NOW);
    end = endOf(view, NOW);
    expect(view.span % STEP_MS[view.step]).toBe(0);
    expect(end % STEP_MS[view.step]).toBe(0);
    expect(end).toBeLessThan(NOW + STEP_MS.day);
  }
  expect(view.step).toBe('minute');
  expect(view.span).toBe(SPAN_MIN);
  for (let i = 0; i < 30; i += 1) view = zoom(view, 2, endOf(view, NOW), NOW);
  expect(view.step).toBe('day');
  const earlier = shift(of('span=60'), -1, endOf(of('span=60'), NOW), NOW);
  expect(endOf(of('span=60'), NOW) - endOf(earlier, NOW)).toBe(STEP_MS.hour / 2);
  const chosen = stretch(of(''), NOW - 3 * STEP_MS.hour, NOW - 2 * STEP_MS.hour, NOW);
  expect([chosen.step, chosen.span]).toEqual(['minute', STEP_MS.hour]);
});

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
const row = (start: number, by: Record<string, string>, posts: number | null): VolumeRow =>
  ({ start: iso(start), step: 'hour', by, ...(posts === null ? { suppressed: true } : { posts, authors: posts - 1 }) }) as unknown as VolumeRow;
const H = STEP_MS.hour;
const T0 = Math.floor(NOW / H) * H - 6 * H;

const noLedger = async (): Promise<unknown> => ({ items: [], gaps: [] });

test('what is not there is held back where something was read, and unread where nothing was; never zero', () => {
  const heard = new Set([T0, T0 + H, T0 + 2 * H]);
  const found = cells([row(T0, { term: 'a' }, 20), row(T0 + H, { term: 'a' }, null)], T0, T0 + 4 * H, H, heard);
  expect(found.map(({ state }) => state)).toEqual(['shown', 'suppressed', 'suppressed', 'gap']);
  expect(found.map(({ posts }) => posts)).toEqual([20, null, null, null]);
});

test('small tables are read at once and the largest shown, with the stretch before', async () => {
  const volumes = vi.fn(async (by: string, _step: string, from: string) => {
    const start = Date.parse(from);
    return by === 'total' ? Array.from({ length: 12 }, (_, i) => row(start + i * H, { total: 'all' }, 100))
      : ['pt', 'en', 'de', 'fr', 'ja', 'ko', 'tr'].flatMap((value, rank) => Array.from({ length: 12 }, (_, i) => row(start + i * H, { language: value }, 80 - 10 * rank + i)));
  });
  const api = { volumes } as unknown as Api;
  const numbers = await read(api, of('by=language&span=360&step=hour&compare=before'), T0 + 6 * H);
  expect(numbers.series.map(({ value }) => value)).toEqual(['pt', 'en', 'de', 'fr', 'ja', 'ko']);
  expect(numbers.series[0]?.cells.map(({ posts }) => posts)).toEqual([86, 87, 88, 89, 90, 91]);
  expect(numbers.series[0]?.before?.map(({ posts }) => posts)).toEqual([80, 81, 82, 83, 84, 85]);
  expect(numbers.total.length).toBe(6);
  expect(volumes).toHaveBeenCalledTimes(2);
  expect(largest([], 'term')).toEqual([]);
});

test('large tables are asked for their largest values, or for those chosen', async () => {
  const volumes = vi.fn(async (by: string, _step: string, from: string, more: { value?: string }) => (by === 'total' ? [row(T0, { total: 'all' }, 100)] : [row(Date.parse(from), { term: more.value ?? '' }, 12)]));
  const topAt = vi.fn(async () => ({ items: [{ value: 'river' }, { value: 'rain' }] }));
  const api = { volumes, topAt, coverage: noLedger } as unknown as Api;
  expect((await read(api, of('by=term&span=360&step=hour'), T0 + 6 * H)).series.map(({ value }) => value)).toEqual(['river', 'rain']);
  expect((await read(api, of('by=term&value=snow&span=360&step=hour'), T0 + 6 * H)).series.map(({ value }) => value)).toEqual(['snow']);
  expect(topAt).toHaveBeenCalledTimes(1);
});

test('a stretch that was not recorded is no sum of nothing, and is compared only where both are shown', () => {
  let seed = 11;
  const next = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
  const states = ['shown', 'suppressed', 'gap'] as const;
  const list = (size: number): Cell[] => Array.from({ length: size }, (_, i) => {
    const state = states[next(3)] ?? 'gap';
    const posts = state === 'shown' ? 10 + next(500) : null;
    return { start: T0 + i * H, posts, authors: posts, state };
  });
  for (let round = 0; round < 500; round += 1) {
    const size = 1 + next(6);
    const [now, before] = [list(size), list(size)];
    const sum = sumOf(before);
    const shown = before.filter(({ state }) => state === 'shown').length;
    // Never 0: what is shown rests on k authors, and where nothing is shown there is no sum.
    if (shown === 0) expect(sum.posts).toBeNull();
    else expect(sum.posts).toBeGreaterThanOrEqual(10 * shown);
    expect(sum.shown).toBe(shown);
    expect(sum.recorded).toBe(before.filter(({ state }) => state !== 'gap').length);
    expect(sum.shown <= sum.recorded && sum.recorded <= sum.windows && sum.windows === size).toBe(true);
    const both = against(now, before);
    const pairs = now.filter(({ state }, i) => state === 'shown' && before[i]?.state === 'shown').length;
    if (pairs === 0) expect(both).toBeNull();
    else {
      expect(both?.windows).toBe(pairs);
      // A stretch is as much as itself, however much of it is missing.
      expect(against(before, before)?.ratio).toBe(1);
      // What is missing on one side changes nothing on the other.
      const hole = now.map((cell, i): Cell => (before[i]?.posts == null ? { ...cell, posts: null, state: 'gap' } : cell));
      expect(against(hole, before)).toEqual(both);
    }
  }
});

test('the day before the recording was not recorded; where the ledger says that somebody listened, it is fewer than k authors or none', async () => {
  const begin = T0 + 4 * H;
  const volumes = vi.fn(async () => [row(begin, { total: 'all' }, 100), row(begin + H, { total: 'all' }, 200)]);
  const of6 = of('span=360&step=hour&compare=before');
  const alone = await read({ volumes, coverage: noLedger } as unknown as Api, of6, T0 + 6 * H);
  expect(alone.series[0]?.cells.map(({ state }) => state)).toEqual(['gap', 'gap', 'gap', 'gap', 'shown', 'shown']);
  expect(sumOf(alone.series[0]?.before ?? [])).toEqual({ posts: null, shown: 0, recorded: 0, windows: 6 });
  expect(against(alone.series[0]?.cells ?? [], alone.series[0]?.before ?? [])).toBeNull();
  const items = [['gap', T0], ['covered', T0 + H], ['partly', T0 - H]].map(([state, start]) => ({ start: iso(Number(start)), step: 'hour', state, source: 's' }));
  const heard = await read({ volumes, coverage: async () => ({ items, gaps: [] }) } as unknown as Api, of6, T0 + 6 * H);
  expect(heard.series[0]?.cells.map(({ state }) => state)).toEqual(['gap', 'suppressed', 'gap', 'gap', 'shown', 'shown']);
  expect(sumOf(heard.series[0]?.before ?? [])).toEqual({ posts: null, shown: 0, recorded: 1, windows: 6 });
  expect(sumOf(heard.series[0]?.cells ?? [])).toEqual({ posts: 300, shown: 2, recorded: 3, windows: 6 });
  // A ledger that cannot be read says nothing.
  const failing = { volumes, coverage: async () => Promise.reject(new ApiError('away', 0)) } as unknown as Api;
  expect(await read(failing, of6, T0 + 6 * H)).toEqual(alone);
});

test('a recording is shown to its end, and windows that reach beyond its edges are parts', async () => {
  // As the server has it: the first hour of a minute, the last of half an hour.
  const [began, over] = [T0 - STEP_MS.minute, T0 + 2 * H + 30 * STEP_MS.minute];
  const until = countedUntil(over, true, 'hour');
  expect([until, countedUntil(over, false, 'hour'), countedUntil(T0, true, 'hour')]).toEqual([T0 + 3 * H, over, T0]);
  const edges = await edgesOf(async (step) => (step === 'minute' ? began : T0 - H), 'hour', over);
  expect(edges).toEqual({ since: began, until: over });
  const volumes = vi.fn(async () => [-1, 0, 1, 2].map((i) => row(T0 + i * H, { total: 'all' }, i === -1 ? 585 : i === 2 ? 17_000 : 34_000)));
  const api = { volumes, coverage: noLedger } as unknown as Api;
  const found = await read(api, of('span=240&step=hour'), until, edges);
  expect(found.series[0]?.cells.map(({ start, part }) => [start - T0, part])).toEqual([[-H, STEP_MS.minute], [0, undefined], [H, undefined], [2 * H, 30 * STEP_MS.minute]]);
  // Of what goes on, the end is no edge.
  const live = await read(api, of('span=240&step=hour'), until, { ...edges, until: null });
  expect(live.series[0]?.cells.at(-1)?.part).toBeUndefined();
  // They are not compared, nor taken into the mean of an hour.
  const list = found.series[0]?.cells ?? [];
  const before = list.map(({ start }): Cell => ({ start: start - 4 * H, posts: 17_000, authors: 9, state: 'shown' }));
  expect(against(list, before)).toEqual({ now: 68_000, was: 34_000, ratio: 2, windows: 2 });
  expect(against(before, list)).toEqual({ now: 34_000, was: 68_000, ratio: 0.5, windows: 2 });
  expect(weekOf('all', list, 0, 1).cells.filter(({ shown }) => shown > 0)).toHaveLength(2);
  // Nor is a line drawn through them; each is a hollow point. A share is as good of a part.
  const drawn = (measure: 'posts' | 'share'): [string, number] => {
    const shapes = drawLines(found, 'hour', measure, 600, 300, themed);
    return [String(shapes.findLast(({ tag }) => tag === 'path')?.attrs['d']).replaceAll(/[^ML]/g, ''), shapes.filter(({ tag, attrs }) => tag === 'circle' && attrs['fill'] === 'none').length];
  };
  expect(drawn('posts')).toEqual(['ML', 2]);
  expect(drawn('share')).toEqual(['MLLL', 0]);
  expect(linesCsv(found, 'hour', 'total').split('\r\n')[1]).toMatch(/,585,.*,recorded in part,/);
});

test('where shorter windows are kept for less long, their first one is no beginning; what is not known is none', async () => {
  const edges = (first: number | null, finer: number | null): ReturnType<typeof edgesOf> => edgesOf(async (step) => (step === 'minute' ? finer : first), 'hour', null);
  expect(await edges(T0, T0 + 14 * STEP_MS.day)).toEqual({ since: T0, until: null });
  expect(await edges(T0, T0)).toEqual({ since: T0, until: null });
  expect(await edges(T0, null)).toEqual({ since: T0, until: null });
  for (const first of [null, Infinity]) expect(await edges(first, T0)).toEqual({ since: null, until: null });
});

test('a stretch that has one before it is offered where the one that was asked for has none', () => {
  for (let minutes = 0; minutes < 5_000; minutes += 7) {
    for (const wanted of [H, STEP_MS.day, 7 * STEP_MS.day]) {
      const recorded = minutes * STEP_MS.minute;
      const span = comparableSpan(recorded, wanted);
      if (recorded >= 2 * wanted || recorded < 2 * SPAN_MIN) expect(span).toBeNull();
      else {
        expect(span).toBeLessThan(wanted);
        expect(2 * (span ?? Infinity)).toBeLessThanOrEqual(recorded);
        expect(span).toBeGreaterThanOrEqual(SPAN_MIN);
        // Its address shows it.
        expect(of(`span=${(span ?? 0) / STEP_MS.minute}&compare=before`)).toMatchObject({ span, compare: true });
      }
    }
  }
  expect([comparableSpan(9.5 * H, STEP_MS.day), comparableSpan(STEP_MS.day, STEP_MS.day), comparableSpan(30 * STEP_MS.minute, STEP_MS.day)]).toEqual([4 * H, 12 * H, 15 * STEP_MS.minute]);
});

const numbers = (posts: (number | null)[]): Parameters<typeof drawLines>[0] => {
  const list = posts.map((count, i): Cell => ({ start: T0 + i * H, posts: count, authors: count, state: count === null ? 'suppressed' : 'shown' }));
  return { from: T0, to: T0 + posts.length * H, series: [{ value: '=cmd', cells: list, before: list }], total: list.map((cell) => ({ ...cell, posts: 100, state: 'shown' as const })) };
};

test('a line breaks where numbers are held back, and a lone one is a dot', () => {
  const shapes = drawLines(numbers([20, null, 30, 40]), 'hour', 'posts', 600, 300, themed);
  const line = shapes.filter(({ tag }) => tag === 'path').at(-1);
  expect(String(line?.attrs['d']).match(/M/g)?.length).toBe(2);
  expect(shapes.filter(({ tag }) => tag === 'circle').length).toBe(1);
  expect(JSON.stringify(shapes)).not.toContain('NaN');
  expect(JSON.stringify(drawLines(numbers([null, null]), 'hour', 'share', 0, 300, themed))).not.toContain('NaN');
});

test('times on the axis are those that people say', () => {
  for (const [span, step] of [[60, 'minute'], [137, 'minute'], [360, 'minute'], [700, 'minute']] as const) {
    for (const late of [0, 3, 38, 59]) {
      const from = T0 + late * STEP_MS.minute;
      const list = Array.from({ length: span }, (_, i): Cell => ({ start: from + i * STEP_MS.minute, posts: 20, authors: 20, state: 'shown' }));
      const shapes = drawLines({ from, to: from + span * STEP_MS.minute, series: [{ value: 'all', cells: list, before: null }], total: list }, step, 'posts', 900, 300, themed);
      const clocks = shapes.filter(({ tag, attrs }) => tag === 'text' && attrs['text-anchor'] === 'middle').map(({ text }) => Number(/:(\d\d)$/.exec(text ?? '')?.[1]));
      expect(clocks.length).toBeGreaterThan(1);
      for (const minute of clocks) expect(minute % 5, `${span} ${late}`).toBe(0);
    }
  }
});

test('a share is of all posts of its window, and of nothing there is none', () => {
  const cell: Cell = { start: 0, posts: 25, authors: 20, state: 'shown' };
  expect(amountOf(cell, { ...cell, posts: 100 }, 'share')).toBe(0.25);
  expect(amountOf(cell, { ...cell, posts: null }, 'share')).toBeNull();
  expect(amountOf(cell, undefined, 'posts')).toBe(25);
});

test('files hold what is held back as such, their error, and no formula', () => {
  const csv = linesCsv(numbers([20, null]), 'hour', 'term');
  const [head, first, second] = csv.split('\r\n');
  expect(head).toBe('start,step,term,posts,plus_minus,authors,all_posts,state,posts_before,state_before');
  expect(first).toBe(`${iso(T0)},hour,'=cmd,20,4,20,100,shown,20,shown`);
  expect(second).toBe(`${iso(T0 + H)},hour,'=cmd,,,,100,held back,,held back`);
});

test('a week has its hours in their places: means of those shown, and how many are not', () => {
  const monday = new Date(2026, 10, 23, 5).getTime();
  const at = (ms: number, posts: number | null): Cell => ({ start: ms, posts, authors: posts, state: posts === null ? 'suppressed' : 'shown' });
  const week = weekOf('all', [at(monday, 10), at(monday + 7 * STEP_MS.day, 30), at(monday + H, null)], 0, 1);
  expect(week.cells.length).toBe(168);
  expect(week.cells[5]).toEqual({ day: 0, hour: 5, mean: 20, shown: 2, hidden: 0 });
  expect(week.cells[6]).toEqual({ day: 0, hour: 6, mean: null, shown: 0, hidden: 1 });
  expect(drawWeek(week, 600, 230, themed).filter(({ tag }) => tag === 'rect').length).toBe(168);
  expect(weekCsv(week).split('\r\n')[6]).toBe('1,5,20,2,0');
});

test('a watch by the parts of its query and by language: two dimensions, with what is missing held back and never zero', async () => {
  const [from, to] = [Date.parse('2026-11-27T00:00:00Z'), Date.parse('2026-11-27T08:00:00Z')];
  const hour = (i: number): string => new Date(from + i * STEP_MS.hour).toISOString().replace('.000Z', 'Z');
  const volumes = vi.fn(async (by: string, _step: string, _from: string | null, more: { value?: string } = {}) => {
    if (by === 'total') return [0, 1, 2, 3, 5].map((i) => ({ start: hour(i), step: 'hour' as const, by: { total: 'all' }, posts: 9_000, authors: 5_000 }));
    if (by === 'watch') return [0, 1, 2].map((i) => ({ start: hour(i), step: 'hour' as const, by: { watch: 'w' }, posts: 100, authors: 50 }));
    return more.value === 'w\u001fflood*' ? [{ start: hour(1), step: 'hour' as const, by: { clause: more.value }, posts: 40, authors: 20 }] : [{ start: hour(1), step: 'hour' as const, by: {}, suppressed: true }];
  });
  const watchClauses = vi.fn(async () => ({ items: [{ clause: 'flood*' }, { clause: 'rain' }] }));
  const watchTone = vi.fn(async () => ({ items: [{ start: hour(0), step: 'hour', watch: 'w', suppressed: true }, { start: hour(1), step: 'hour', watch: 'w', language: 'pt', posts: 120, authors: 90 }, { start: hour(2), step: 'hour', watch: 'w', language: 'en', posts: 500, authors: 90 }] }));
  const api = { volumes, watchClauses, watchTone, coverage: noLedger } as unknown as Api;
  const parts = await read(api, of('by=clause&of=w&span=480&step=hour'), to);
  expect(parts.series.map(({ value, cells: list }) => [value, list.map(({ posts, state }) => posts ?? state)])).toEqual([
    ['flood*', ['suppressed', 40, 'suppressed', 'suppressed', 'gap', 'suppressed', 'gap', 'gap']],
    ['rain', ['suppressed', 'suppressed', 'suppressed', 'suppressed', 'gap', 'suppressed', 'gap', 'gap']],
  ]);
  expect(parts.total.map(({ posts }) => posts)).toEqual([100, 100, 100, null, null, null, null, null]);
  const spoken = await read(api, of('by=spoken&of=w&span=480&show=share'), to);
  expect(spoken.series.map(({ value }) => value)).toEqual(['en', 'pt']);
  expect(spoken.series[1]?.cells.map(({ posts, state }) => posts ?? state)).toEqual(['suppressed', 120, 'suppressed', 'suppressed', 'gap', 'suppressed', 'gap', 'gap']);
  expect(watchTone).toHaveBeenCalledWith('w', { from: hour(0), to: '2026-11-27T08:00:00Z' });
  expect((await read(api, of('by=clause&span=480'), to)).series).toEqual([]);
  // By hour alone, and never more hours than are told of at once, with the stretch before.
  expect(of('by=spoken&of=w&span=999999&step=minute&form=long')).toMatchObject({ step: 'hour', form: 'lines' });
  expect((2 * of('by=spoken&of=w&span=999999').span) / STEP_MS.hour).toBeLessThanOrEqual(1_000);
});
