// Live updates: an EventSource that is opened again with growing, jittered waits, and says in which state it is.

export type StreamState = 'connecting' | 'open' | 'lost';

export interface StreamHandlers {
  /** `window`, `volume`, `detection`, `sources` or `reset`, with the event's data. */
  event(name: string, data: unknown): void;
  state(state: StreamState): void;
}

/** First wait after a lost connection; doubles up to `WAIT_MAX_MS`. */
export const WAIT_MIN_MS = 1_000;
export const WAIT_MAX_MS = 30_000;

const NAMES = ['window', 'volume', 'detection', 'sources', 'reset'] as const;

/** Wait before attempt `attempt` (from 0): doubled each time, bounded, spread over [½, 1] of it. */
export function waitMs(attempt: number, random: number): number {
  const full = Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** Math.min(attempt, 20));
  return Math.round(full * (0.5 + random / 2));
}

export interface EventSourceLike {
  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  close(): void;
}

export interface Stream {
  /** Tries at once instead of waiting for the next attempt. */
  retry(): void;
  close(): void;
}

export function openStream(
  url: string,
  handlers: StreamHandlers,
  make: (url: string) => EventSourceLike = (address) => new EventSource(address) as unknown as EventSourceLike,
  random: () => number = Math.random,
): Stream {
  let source: EventSourceLike | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let attempt = 0;
  let closed = false;

  function clear(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    source?.close();
    source = null;
  }

  function connect(): void {
    clear();
    handlers.state('connecting');
    const opened = make(url);
    source = opened;
    opened.onopen = () => {
      attempt = 0;
      handlers.state('open');
    };
    opened.onerror = () => {
      if (closed || source !== opened) return;
      // The browser would retry every few seconds without end; the waits here grow, and the page can say so.
      clear();
      handlers.state('lost');
      timer = setTimeout(connect, waitMs(attempt, random()));
      attempt += 1;
    };
    for (const name of NAMES) {
      opened.addEventListener(name, (event) => {
        let data: unknown;
        try {
          data = JSON.parse(event.data);
        } catch {
          return; // A half-sent event at the end of a connection; the next answer brings what it held.
        }
        handlers.event(name, data);
      });
    }
  }

  connect();
  return {
    retry() {
      if (!closed) {
        attempt = 0;
        connect();
      }
    },
    close() {
      closed = true;
      clear();
    },
  };
}
