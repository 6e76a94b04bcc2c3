import { expect, test, vi } from 'vitest';
import type { Api } from '../api/client';
import type { Detection, VolumeRow } from '../api/types';
import { CURVES_MAX, Curves, FRESH_MS, READS_MAX } from './curves';

const T = Date.UTC(2026, 10, 26, 20);
const iso = (ms: number): string => new Date(ms).toISOString();
const burst = (id: string, type = 'term'): Detection => ({
  id, kind: 'burst', time: iso(T - 300_000), detected_at: iso(T), subject: { type, value: 'dam' },
  evidence: { observed: 1, expected: 1, windows: [{ start: iso(T - 300_000), end: iso(T) }] },
}) as unknown as Detection;
const rows = (step: string, count: number): VolumeRow[] =>
  Array.from({ length: count }, (_, i) => ({ start: iso(T - (i + 1) * (step === 'minute' ? 60_000 : 3_600_000)), step, by: {}, posts: 20, authors: 12 }) as unknown as VolumeRow);

const SINCE = T - 60 * 60_000;
function fake(minutes = 5): { api: Api; volumes: ReturnType<typeof vi.fn>; recordedSince: ReturnType<typeof vi.fn> } {
  const recordedSince = vi.fn(async () => SINCE);
  const volumes = vi.fn(async (_by: string, step: string) => rows(step, step === 'minute' ? minutes : 3));
  const narrative = vi.fn(async () => ({ timeline: [{ start: iso(T - 120_000), end: iso(T), posts: 30 }] }));
  return { api: { volumes, narrative, recordedSince, coverage: vi.fn(async () => ({ items: [], gaps: [] })) } as unknown as Api, volumes, recordedSince };
}

test('what is past is read once, what still grows again after a while', async () => {
  const { api, volumes } = fake();
  const curves = new Curves(api);
  const late = T + 10 * 3_600_000;
  await curves.read(burst('a'), 'minute', late);
  await curves.read(burst('a'), 'minute', late + FRESH_MS);
  expect(volumes).toHaveBeenCalledTimes(1);
  expect(volumes).toHaveBeenCalledWith('term', 'minute', '2026-11-26T17:55:00Z', { value: 'dam', to: '2026-11-26T21:00:00Z' });
  await curves.read(burst('b'), 'minute', T);
  await curves.read(burst('b'), 'minute', T + 1_000);
  await curves.read(burst('b'), 'minute', T + FRESH_MS);
  expect(volumes).toHaveBeenCalledTimes(3);
});

test('where minutes are held back, hours are shown', async () => {
  expect((await new Curves(fake(5).api).best(burst('a'), T)).curve.grid.step).toBe('minute');
  expect((await new Curves(fake(1).api).best(burst('a'), T)).curve.grid.step).toBe('hour');
});

test('a story has a timeline and no table', async () => {
  const { api, volumes } = fake();
  const { curve } = await new Curves(api).best(burst('n', 'narrative'), T);
  expect(volumes).not.toHaveBeenCalled();
  expect(curve.grid.posts.slice(-2)).toEqual([15, 15]);
});

test('a pushed link has the timeline of its amplification', async () => {
  const { api, volumes } = fake();
  const amplification = vi.fn(async () => ({ timeline: [{ start: iso(T - 120_000), end: iso(T), posts: 30 }] }));
  const link = { ...burst('amplification-a7', 'link'), kind: 'amplification' } as Detection;
  const { curve } = await new Curves({ ...api, amplification } as unknown as Api).best(link, T);
  expect(amplification).toHaveBeenCalledWith('a7');
  expect(volumes).not.toHaveBeenCalled();
  expect(curve.grid.posts.slice(-2)).toEqual([15, 15]);
});

test('small lines share one answer to since when anything was recorded; a chart that explains itself asks for its own', async () => {
  const { api, volumes, recordedSince } = fake();
  const amplification = vi.fn(async () => ({ timeline: [{ start: iso(T - 120_000), end: iso(T), posts: 30 }] }));
  const curves = new Curves({ ...api, amplification } as unknown as Api);
  const all = [burst('a'), burst('b'), burst('n', 'narrative'), { ...burst('amplification-a7', 'text'), kind: 'amplification' } as Detection];
  for (const one of all) {
    const { grid } = (await curves.read(one, 'minute', T)).curve;
    for (const [i, start] of grid.start.entries()) expect(grid.state[i] === 'gap').toBe(start < SINCE);
  }
  expect(recordedSince).toHaveBeenCalledTimes(1);
  volumes.mockClear();
  const { grid } = (await curves.read(all[3] as Detection, 'minute', T, true)).curve;
  expect(volumes.mock.calls.map(([by]) => by)).toEqual(['total']);
  expect(grid.state.filter((state) => state === 'gap')).toHaveLength(grid.start.filter((start) => start < T - 5 * 60_000).length);
});

test('since when is asked again where it could not be known, or nothing was there yet', async () => {
  const recordedSince = vi.fn<() => Promise<number>>().mockRejectedValueOnce(new Error('away')).mockResolvedValueOnce(Infinity).mockResolvedValue(SINCE);
  const curves = new Curves({ recordedSince } as unknown as Api);
  expect([await curves.since('hour'), await curves.since('hour'), await curves.since('hour'), await curves.since('hour')]).toEqual([null, Infinity, SINCE, SINCE]);
  expect(recordedSince).toHaveBeenCalledTimes(3);
});

test('a few are read at a time, all in the end, and what fails is tried again', async () => {
  let [now, most] = [0, 0];
  const release: (() => void)[] = [];
  const volumes = vi.fn(async () => {
    now += 1;
    most = Math.max(most, now);
    await new Promise<void>((resolve) => release.push(resolve));
    now -= 1;
    throw new Error('away');
  });
  const curves = new Curves({ volumes } as unknown as Api);
  const reads = Array.from({ length: 7 }, (_, i) => curves.read(burst(String(i)), 'minute', T).catch(() => 'failed'));
  while (volumes.mock.calls.length < 7 || release.length > 0) {
    release.splice(0).forEach((resolve) => resolve());
    await Promise.resolve();
  }
  expect(await Promise.all(reads)).toEqual(Array(7).fill('failed'));
  expect(most).toBeLessThanOrEqual(READS_MAX);
  void curves.read(burst('0'), 'minute', T).catch(() => {});
  await Promise.resolve();
  expect(volumes).toHaveBeenCalledTimes(8);
});

test('what is kept has a bound', async () => {
  const { api, volumes } = fake();
  const curves = new Curves(api);
  for (let i = 0; i <= CURVES_MAX; i += 1) await curves.read(burst(String(i)), 'minute', null);
  await curves.read(burst(String(CURVES_MAX)), 'minute', null);
  expect(volumes).toHaveBeenCalledTimes(CURVES_MAX + 1);
  await curves.read(burst('0'), 'minute', null);
  expect(volumes).toHaveBeenCalledTimes(CURVES_MAX + 2);
});
