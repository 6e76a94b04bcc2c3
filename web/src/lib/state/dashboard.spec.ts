import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError, type Api } from '../api/client';
import type { Narrative, VolumeRow } from '../api/types';
import { Dashboard, LEDGER_MS, POLL_MS, REFRESH_MIN_MS, rising } from './dashboard.svelte';

class FakeEventSource {
  static last: FakeEventSource | null = null;
  listeners = new Map<string, (event: { data: string }) => void>();
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  constructor() {
    FakeEventSource.last = this;
  }
  addEventListener(name: string, listener: (event: { data: string }) => void): void {
    this.listeners.set(name, listener);
  }
  close(): void {}
  send(name: string, data: unknown): void {
    this.listeners.get(name)?.({ data: JSON.stringify(data) });
  }
}

const row = (minute: number, posts: number, step = 'minute'): VolumeRow =>
  ({ start: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`, step, by: { total: 'all' }, posts, authors: posts }) as VolumeRow;

type Call = Exclude<keyof Api, 'onnotice' | 'onsignedout'>;

function fake(): { [name in Call]: ReturnType<typeof vi.fn> } {
  return {
    status: vi.fn(async () => ({ simulated: true, k: 12, event_time: { first: null, last: '2026-01-01T00:10:00Z' } })),
    sources: vi.fn(async () => ({ items: [] })),
    settings: vi.fn(async () => null),
    session: vi.fn(async () => ({ authentication: true, account: 'ada', role: 'viewer', csrf: 'c' })),
    signOut: vi.fn(async () => undefined),
    coverage: vi.fn(async () => ({ items: [], gaps: [] })),
    watches: vi.fn(async () => ({ items: [] })),
    audit: vi.fn(async () => null),
    auditEntry: vi.fn(async () => null),
    recordedSince: vi.fn(async () => Date.parse('2026-01-01T00:00:00Z')),
    auditEntries: vi.fn(async function* () {}),
    narratives: vi.fn(async () => []),
    narrative: vi.fn(async () => null),
    narrativeEvents: vi.fn(async () => []),
    narrativeEventsSince: vi.fn(async () => []),
    feedPreview: vi.fn(async () => []),
    top: vi.fn(async () => ({ window: null, items: [] })),
    detections: vi.fn(async () => []),
    detection: vi.fn(async () => null),
    amplification: vi.fn(async () => null),
    feeds: vi.fn(async () => []),
    feedItems: vi.fn(async () => null),
    feedMarks: vi.fn(async () => null),
    tryFeed: vi.fn(async () => null),
    editFeed: vi.fn(async () => undefined),
    addFeed: vi.fn(async () => undefined),
    removeFeed: vi.fn(async () => undefined),
    watchClauses: vi.fn(async () => ({ items: [] })),
    watchTone: vi.fn(async () => ({ items: [] })),
    checkWatch: vi.fn(async () => ({ query: null, faults: [] })),
    addWatch: vi.fn(async () => undefined),
    tryWatch: vi.fn(async () => ({ reading: '', hours: [], one_in: 1, left: 31 })),
    changeWatch: vi.fn(async () => undefined),
    removeWatch: vi.fn(async () => undefined),
    topAt: vi.fn(async () => ({ window: null, items: [] })),
    volumes: vi.fn(async () => [row(1, 100)]),
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', FakeEventSource);
  // There is always time.
  vi.stubGlobal('requestIdleCallback', (run: () => void) => run());
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function started(api = fake()): Promise<{ dashboard: Dashboard; api: ReturnType<typeof fake>; stop: () => void }> {
  const dashboard = new Dashboard(api as unknown as Api);
  const stop = dashboard.start();
  await vi.advanceTimersByTimeAsync(0);
  FakeEventSource.last?.onopen?.();
  flushSync();
  return { dashboard, api, stop };
}

test('reads everything once, from as far back as the chart reaches', async () => {
  const { dashboard, api, stop } = await started();
  expect(dashboard.k).toBe(12);
  expect(dashboard.simulated).toBe(true);
  expect(dashboard.loaded).toBe(true);
  expect(api.volumes).toHaveBeenCalledWith('total', 'minute', '2025-12-31T21:10:00Z');
  expect(api.top).toHaveBeenCalledTimes(4);
  stop();
});

test('lists come one by one when there is time for them, after what a reader came for', async () => {
  const idle: (() => void)[] = [];
  vi.stubGlobal('requestIdleCallback', (run: () => void) => idle.push(run));
  const { dashboard, api, stop } = await started();
  expect(dashboard.loaded).toBe(true);
  expect(dashboard.detections).toEqual([]);
  expect(api.top).toHaveBeenCalledTimes(4);
  const seen: number[] = [];
  for (let i = 0; i < 6; i += 1) {
    seen.push(Object.keys(dashboard.tops).length);
    for (const run of idle.splice(0)) run();
    await vi.advanceTimersByTimeAsync(0);
  }
  expect(seen).toEqual([0, 1, 2, 3, 4, 4]);
  // What is there already is renewed without waiting.
  api.top.mockResolvedValue({ window: null, items: [{ value: 'x' }] });
  await dashboard.refresh();
  expect(dashboard.tops.language?.items).toHaveLength(1);
  stop();
});

test('what every page shows is asked for once, also where that began before the page', async () => {
  const api = fake();
  const dashboard = new Dashboard(api as unknown as Api);
  dashboard.ahead();
  const stop = dashboard.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(api.status).toHaveBeenCalledTimes(1);
  expect(dashboard.loaded).toBe(true);
  await dashboard.refresh();
  expect(api.status).toHaveBeenCalledTimes(2);
  stop();
});

test('a page asks for what it shows, at once and with every window, and for nothing else', async () => {
  const { dashboard, api, stop } = await started();
  dashboard.show(['narratives']);
  api.volumes.mockClear();
  api.narratives.mockClear();
  FakeEventSource.last?.send('window', { step: 'minute', start: '', end: '' });
  await vi.advanceTimersByTimeAsync(REFRESH_MIN_MS);
  expect(api.narratives).toHaveBeenCalledTimes(1);
  expect(api.volumes).not.toHaveBeenCalled();
  dashboard.show(['total']);
  await vi.advanceTimersByTimeAsync(0);
  expect(api.volumes).toHaveBeenCalledTimes(1);
  stop();
});

test('one narrative by itself is read instead of all, and said to be none where there is none', async () => {
  const { dashboard, api, stop } = await started();
  dashboard.showNarrative('n1');
  expect(dashboard.narrative).toBeUndefined();
  await vi.advanceTimersByTimeAsync(0);
  expect(api.narrative).toHaveBeenCalledWith('n1');
  expect(dashboard.narrative).toBeNull();
  dashboard.showNarrative(null);
  await vi.advanceTimersByTimeAsync(0);
  expect(api.narratives).toHaveBeenCalledTimes(2);
  stop();
});

test('the audit log is read with the rest, and again while no window closes', async () => {
  const api = fake();
  const page = { items: [], head: { size: 3 }, next: null };
  api.audit.mockResolvedValue(page as never);
  const { dashboard, stop } = await started(api);
  expect(dashboard.audit).toBe(page);
  expect(api.audit).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(LEDGER_MS + POLL_MS);
  expect(api.audit.mock.calls.length).toBeGreaterThan(1);
  stop();
});

test('a live row is drawn at once; rows of other steps and subjects are not', async () => {
  const { dashboard, stop } = await started();
  FakeEventSource.last?.send('volume', row(2, 200));
  FakeEventSource.last?.send('volume', row(3, 300, 'hour'));
  FakeEventSource.last?.send('volume', { ...row(4, 400), by: { hashtag: 'x' } });
  FakeEventSource.last?.send('volume', null);
  expect(dashboard.rows.map((held) => held.posts)).toEqual([100, 200]);
  stop();
});

test('a hundred windows closing at once cost one reading', async () => {
  const { api, stop } = await started();
  const before = api.watches.mock.calls.length;
  for (let i = 0; i < 100; i += 1) FakeEventSource.last?.send('window', { step: 'minute' });
  FakeEventSource.last?.send('window', { step: 'hour' });
  await vi.advanceTimersByTimeAsync(REFRESH_MIN_MS);
  expect(api.watches.mock.calls.length).toBe(before + 1);
  stop();
});

test('a failure stays with its part, keeps what was shown, and goes when reading works again', async () => {
  const { dashboard, api, stop } = await started();
  api.watches.mockRejectedValueOnce(new ApiError('the store could not be read', 500));
  await dashboard.refresh();
  expect(dashboard.errors.watches?.message).toBe('the store could not be read');
  expect(dashboard.watches).toEqual([]);
  expect(dashboard.rows).toHaveLength(1);
  expect(dashboard.disconnected).toBe(false);
  await dashboard.refresh();
  expect(dashboard.errors).toEqual({});
  stop();
});

test('a lost stream says so until it is open again, and then what was missed is read', async () => {
  const { dashboard, api, stop } = await started();
  const before = api.watches.mock.calls.length;
  api.status.mockRejectedValueOnce(new ApiError('the server cannot be reached', 0));
  FakeEventSource.last?.onerror?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(dashboard.disconnected).toBe(true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(dashboard.stream).toBe('lost'); // Trying is not yet being connected.
  FakeEventSource.last?.onopen?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(dashboard.disconnected).toBe(false);
  expect(dashboard.stream).toBe('open');
  expect(api.watches.mock.calls.length).toBe(before + 1);
  stop();
});

test('a stream alone that is refused is no lost server: the page reads every few seconds', async () => {
  const { dashboard, api, stop } = await started();
  FakeEventSource.last?.onerror?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(dashboard.disconnected).toBe(false);
  const before = api.volumes.mock.calls.length;
  await vi.advanceTimersByTimeAsync(POLL_MS);
  expect(api.volumes.mock.calls.length).toBe(before + 1);
  stop();
});

test('any answer that calls itself simulated is enough, before the status says so', async () => {
  const api = fake();
  api.status.mockResolvedValue({ simulated: false, k: 10, event_time: { first: null, last: null } });
  const { dashboard, stop } = await started(api);
  expect(dashboard.simulated).toBe(false);
  (api as unknown as Api).onnotice('SIMULATED DATA');
  expect(dashboard.simulated).toBe(true);
  (api as unknown as Api).onnotice(null);
  expect(dashboard.simulated).toBe(false);
  stop();
});

test('an answer for a step that is no longer shown is dropped', async () => {
  const { dashboard, api, stop } = await started();
  let late: (rows: VolumeRow[]) => void = () => {};
  api.volumes.mockImplementationOnce(() => new Promise((resolve) => (late = resolve)));
  const slow = dashboard.refresh();
  await vi.advanceTimersByTimeAsync(0);
  api.volumes.mockResolvedValue([row(0, 5_000, 'hour')]);
  dashboard.setStep('hour');
  await vi.advanceTimersByTimeAsync(0);
  late([row(5, 1)]);
  await slow;
  expect(dashboard.rows.map((held) => held.step)).toEqual(['hour']);
  stop();
});

test('what rises comes first, and what is part of another is not shown twice', () => {
  const narrative = (id: string, state: string, authors: number): Narrative => ({ id, state, authors }) as Narrative;
  const all = [
    narrative('n1', 'fading', 900), narrative('n2', 'growing', 20), narrative('n3', 'emerging', 40), narrative('n4', 'merged', 999),
    narrative('n5', 'steady', 50), narrative('n6', 'dormant', 999), narrative('n7', 'growing', 40),
  ];
  expect(rising(all).map(({ id }) => id)).toEqual(['n3', 'n7', 'n2', 'n5', 'n1']);
});

test('says who reads, and signs out with the token of the session', async () => {
  const { dashboard, api, stop } = await started();
  expect(dashboard.session?.account).toBe('ada');
  await dashboard.signOut();
  expect(api.signOut).toHaveBeenCalledWith('c');
  stop();
});

test('a server that does not say who reads costs the page nothing', async () => {
  const api = fake();
  api.session.mockRejectedValue(new ApiError('there is nothing here', 404));
  const { dashboard, stop } = await started(api);
  expect([dashboard.session, dashboard.loaded, Object.keys(dashboard.errors)]).toEqual([null, true, []]);
  await dashboard.signOut();
  expect(api.signOut).not.toHaveBeenCalled();
  stop();
});
