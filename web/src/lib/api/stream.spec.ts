import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WAIT_MAX_MS, WAIT_MIN_MS, openStream, waitMs, type EventSourceLike, type StreamState } from './stream';

class Fake implements EventSourceLike {
  static made: Fake[] = [];
  listeners = new Map<string, (event: MessageEvent<string>) => void>();
  onopen: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  closed = false;
  constructor() {
    Fake.made.push(this);
  }
  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(name, listener);
  }
  close(): void {
    this.closed = true;
  }
  send(name: string, data: string): void {
    this.listeners.get(name)?.({ data } as MessageEvent<string>);
  }
}

beforeEach(() => {
  Fake.made = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function open(): { states: StreamState[]; events: [string, unknown][]; stream: ReturnType<typeof openStream> } {
  const states: StreamState[] = [];
  const events: [string, unknown][] = [];
  const stream = openStream(
    '/s',
    { state: (state) => states.push(state), event: (name, data) => events.push([name, data]) },
    () => new Fake(),
    () => 1,
  );
  return { states, events, stream };
}

test('waits grow, are spread and bounded', () => {
  expect(waitMs(0, 0)).toBe(WAIT_MIN_MS / 2);
  expect(waitMs(0, 1)).toBe(WAIT_MIN_MS);
  expect(waitMs(3, 1)).toBe(WAIT_MIN_MS * 8);
  expect(waitMs(1_000, 1)).toBe(WAIT_MAX_MS);
});

test('events come through, broken ones do not end the stream', () => {
  const { events } = open();
  Fake.made[0]?.send('window', '{"step":"minute"}');
  Fake.made[0]?.send('window', '{"step":');
  Fake.made[0]?.send('sources', '{"items":[]}');
  expect(events).toEqual([['window', { step: 'minute' }], ['sources', { items: [] }]]);
});

test('a lost connection is opened again, later each time, and at once when asked', async () => {
  const { states, stream } = open();
  Fake.made[0]?.onerror?.(new Event('error'));
  expect(Fake.made[0]?.closed).toBe(true);
  await vi.advanceTimersByTimeAsync(WAIT_MIN_MS - 1);
  expect(Fake.made).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(Fake.made).toHaveLength(2);
  Fake.made[1]?.onerror?.(new Event('error'));
  await vi.advanceTimersByTimeAsync(WAIT_MIN_MS);
  expect(Fake.made).toHaveLength(2);
  stream.retry();
  expect(Fake.made).toHaveLength(3);
  Fake.made[2]?.onopen?.(new Event('open'));
  expect(states).toEqual(['connecting', 'lost', 'connecting', 'lost', 'connecting', 'open']);
});

test('closed is closed', async () => {
  const { stream } = open();
  Fake.made[0]?.onerror?.(new Event('error'));
  stream.close();
  stream.retry();
  await vi.advanceTimersByTimeAsync(WAIT_MAX_MS * 2);
  expect(Fake.made).toHaveLength(1);
});
