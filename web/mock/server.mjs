// A stand-in for the engine's server: the built page under the same content policy, and the API with made-up numbers.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { K, STEP_MS, audit, coverage, minutes, narrativeEvents, narratives, sources, top, totals, watches } from './data.mjs';
import { watchDesk } from './watches.mjs';
import { amplification, desk, detections, dimensionRows, subjectRows } from './detections.mjs';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
/** What a chart of every minute asks for at once: the whole of it, in one answer, as the server gives it. */
const MINUTES_PAGE = 60_000_000;
const POLICY = "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'";
const TYPES = /** @type {Record<string, string>} */ ({
  '.html': 'text/html; charset=utf-8', '.txt': 'text/plain; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2',
});

/**
 * `live` and `simulated` have numbers, `empty` has read posts but closed no window, `silent` has not read one,
 * `quiet` has no detection, `blind` has none and hears no source, `viewer` asks who reads and lets nothing be changed,
 * `recording` has read files that end 30 days ago and begin nine and a half hours before that,
 * `failing` answers volumes with problems, `hostile` has values that try to break the page.
 * @typedef {'live' | 'simulated' | 'quiet' | 'blind' | 'empty' | 'silent' | 'failing' | 'hostile' | 'viewer' | 'recording'} Scenario
 */

/** `at`: the clock stands there. @param {{ scenario?: Scenario, port?: number, dist?: string, at?: number | null }} [options] */
export async function startMock({ scenario = 'simulated', port = 0, dist = DIST, at: standing = null } = {}) {
  /** @type {Set<import('node:http').ServerResponse>} */
  const streams = new Set();
  const simulated = !['live', 'quiet', 'blind', 'viewer', 'recording'].includes(scenario);
  const none = scenario === 'empty' || scenario === 'silent';
  /** Files as they go out: the server has them packed from the start. @type {Map<string, Buffer>} */
  const kept = new Map();
  const editors = desk(scenario === 'hostile');
  const watchers = watchDesk();
  let shift = 0;
  const recording = scenario === 'recording';
  const now = () => (standing ?? Date.now()) + shift - (recording ? 30 * STEP_MS.day : 0);
  /** What was closed last; of a recording that is the window of its last minute, whole or not. @param {import('./data.mjs').Step} step */
  const newest = (step) => (recording ? Math.floor(over('minute') / STEP_MS[step]) * STEP_MS[step] : over(step));
  /** @param {import('./data.mjs').Step} step */
  const over = (step) => Math.floor((now() - 45_000) / STEP_MS[step]) * STEP_MS[step] - STEP_MS[step];
  /** Rows of what was recorded, a part of a window with a part of its posts. @param {any[]} rows @param {import('./data.mjs').Step} step */
  const recorded = (rows, step) => (!recording ? rows : rows.flatMap((row) => {
    const start = Date.parse(row.start);
    const part = (Math.min(start + STEP_MS[step], newest('minute') + STEP_MS.minute) - Math.max(start, began())) / STEP_MS[step];
    return part <= 0 ? [] : [row.posts === undefined ? row : { ...row, posts: Math.ceil(row.posts * part), authors: Math.ceil(row.authors * part) }];
  }));
  /** Lines of the last windows, as far as they were recorded. @template {{ items: any[] }} List @param {List} list @param {import('./data.mjs').Step} step @returns {List} */
  const drawn = (list, step) => (!recording ? list : { ...list, items: list.items.map((item) => ({
    ...item, spark: item.spark.map((/** @type {number | null} */ posts, /** @type {number} */ i) => (newest(step) - (item.spark.length - 1 - i) * STEP_MS[step] + STEP_MS[step] > began() ? posts : null)),
  })) });
  const began = () => newest('minute') + STEP_MS.minute - 9.5 * STEP_MS.hour;
  /** @param {number} ms */
  const iso = (ms) => new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');

  /** @param {string} path @param {URLSearchParams} query @returns {unknown} */
  function answer(path, query) {
    const step = /** @type {import('./data.mjs').Step} */ (query.get('step') ?? 'minute');
    const hostile = scenario === 'hostile';
    switch (path) {
      case '/api/v1/status':
        return {
          version: '0.1.0', simulated, k: K, workers: 2,
          watermark: none ? null : iso(newest('minute') + 60_000),
          counters: scenario === 'silent'
            ? { read: 0, accepted: 0, rejected: 0, late: 0, opted_out: 0, deleted: 0, repeated: 0 }
            : { read: 812_447, accepted: 811_020, rejected: 7, late: 311, opted_out: 12, deleted: 904, repeated: 193 },
          event_time: none ? { first: null, last: null } : { first: iso(newest('minute') - 9e6), last: iso(newest('minute') + 60_000) },
        };
      case '/api/v1/settings':
        return {
          version: '0.1.0', build: '5f0c'.repeat(16), hash: '9a1e'.repeat(16), k: K, k_floor: 5, perturbation: 4,
          detectors: { amplification: true, bursts: true, narratives: false }, false_alerts_a_day_max: 20,
          minutes_kept_days: 14, detections_kept_days: 400, watch_days: 90, watch_days_max: 180, explore_index: scenario !== 'empty',
        };
      case '/api/v1/session':
        return scenario === 'viewer' ? { authentication: true, account: 'ada', role: 'viewer', csrf: 'token' } : { authentication: false };
      case '/api/v1/volumes': {
        if (none) return { items: [], next: null };
        const from = query.get('from');
        const by = query.get('by') ?? 'total';
        if (by !== 'total') {
          const value = query.get('value');
          const to = query.get('to');
          const until = to === null ? newest(step) + STEP_MS[step] : Date.parse(to);
          const rows = recorded(value !== null && by !== 'language' ? subjectRows(by, value, step, newest(step), Date.parse(from ?? ''), until) : dimensionRows(by, value, step, newest(step), Date.parse(from ?? ''), until), step);
          const at = Number(query.get('cursor') ?? 0);
          const limit = Number(query.get('limit') ?? 100);
          return { items: rows.slice(at, at + limit), next: at + limit < rows.length ? String(at + limit) : null };
        }
        const until = Date.parse(query.get('to') ?? '') || Infinity;
        if (step === 'minute' && from !== null && until - Date.parse(from) === MINUTES_PAGE) {
          return { items: minutes(Date.parse(from), Math.min(until, newest('minute') + 60_000)), next: null };
        }
        const all = recorded(recording && step === 'minute'
          ? minutes(Math.max(began(), Date.parse(from ?? '') || 0), newest('minute') + STEP_MS.minute)
          : totals(step, newest(step), from === null ? null : Date.parse(from), step === 'minute'), step).filter(({ start }) => Date.parse(start) < until);
        const at = Number(query.get('cursor') ?? 0);
        const limit = Math.min(100, Number(query.get('limit') ?? 100)); // Small pages, so that cursors are used.
        return { items: all.slice(at, at + limit), next: at + limit < all.length ? String(at + limit) : null };
      }
      case '/api/v1/volumes/top':
        if (none) return { window: null, items: [] };
        return drawn(top(/** @type {any} */ (query.get('by')), step, newest(step), Number(query.get('limit') ?? 10), hostile), step);
      case '/api/v1/watches':
        return drawn({ next: null, items: none ? [] : watchers.apply(watches(step, newest(step), now(), hostile)) }, step);
      case '/api/v1/narratives':
        return none ? { items: [], next: null } : narratives(newest('minute'), hostile, query.get('id'));
      case '/api/v1/detections': {
        if (none || scenario === 'quiet' || scenario === 'blind') return { items: [], total: 0, next: null };
        const found = detections(newest('minute'), hostile).filter(
          ({ id, severity }) => [id, null].includes(query.get('id')) && [severity, null].includes(query.get('severity')),
        );
        return { items: found.slice(0, Number(query.get('limit') ?? 50)), total: found.length, next: null };
      }
      case '/api/v1/amplifications':
        return { items: [amplification(newest('minute'))], next: null };
      case '/api/v1/feeds':
        return { items: editors.list() };
      case '/api/v1/narratives/events':
        return narrativeEvents(query.get('id'), newest('minute'));
      case '/api/v1/audit/entries':
        return audit(now(), Number(query.get('newest') ?? 10), hostile, query.has('first') ? Number(query.get('first')) : null);
      case '/api/v1/coverage':
        if (none || recording) return { items: [], gaps: [], next: null };
        return coverage(step, newest(step), now(), scenario === 'hostile', ['live', 'quiet', 'viewer'].includes(scenario));
      case '/api/v1/sources':
        if (recording) return { items: [{ name: 'file', kind: 'file', state: 'done', detail: '1 of 1 files read to the end, 0 given up', posts: 412_190, rejected: 0, reconnects: 0, last_event: iso(newest('minute')), rate: 0 }] };
        return { items: sources(now(), simulated, hostile).map((source) => (scenario === 'blind' ? { ...source, state: 'retrying', rate: 0 } : source)) };
      default: {
        const clauses = /^\/api\/v1\/watches\/([^/]+)\/clauses$/.exec(path);
        if (clauses !== null) {
          const parts = [{ clause: 'flood*', posts: 4_120, authors: 310, windows: 24 }, { clause: hostile ? "<b>a\u202e" + "w".repeat(3_000) : '"heavy rain"', posts: 212, authors: 41, windows: 9 }, { clause: 'dam', posts: null, authors: null, windows: 0 }];
          return { watch: decodeURIComponent(clauses[1] ?? ''), step: 'hour', from: new Date(newest('hour') - 24 * STEP_MS.hour).toISOString(), to: new Date(newest('hour')).toISOString(), items: none ? [] : parts };
        }
        const tone = /^\/api\/v1\/watches\/([^/]+)\/tone$/.exec(path);
        if (tone !== null) {
          const watch = decodeURIComponent(tone[1] ?? '');
          /** @param {number} share @param {number} by */
          const bar = (share, by) => ({ share, low: Math.max(0, share - by), high: Math.min(1, share + by) });
          /** @param {number} back */
          const hour = (back) => ({ start: new Date(newest('hour') - back * STEP_MS.hour).toISOString(), step: 'hour', watch });
          const items = [
            { ...hour(3), language: 'en', posts: 412, authors: 301, negative: bar(0.61, 0.09), neutral: bar(0.28, 0.1), positive: bar(0.11, 0.07) },
            { ...hour(2), suppressed: true },
            { ...hour(1), language: 'en', posts: 260, authors: 188, negative: bar(0.48, 0.12), neutral: bar(0.33, 0.12), positive: bar(0.19, 0.09) },
            { ...hour(1), language: hostile ? "<b>a\u202e" + "w".repeat(3_000) : 'pt', posts: 131, authors: 97, negative: bar(0.2, 0.2), neutral: bar(0.7, 0.21), positive: bar(0.1, 0.15) },
          ];
          return { watch, from: hour(24).start, to: hour(0).start, measured: ['ar', 'de', 'en', 'es', 'fr', 'it', 'pt'], items: none ? [] : items };
        }
        const preview = /^\/api\/v1\/feeds\/([^/]+)\/preview$/.exec(path);
        if (preview !== null) return editors.preview(decodeURIComponent(preview[1] ?? ''), detections(newest('minute'), hostile).find(({ id }) => id === query.get('detection')));
        const marks = /^\/api\/v1\/feeds\/([^/]+)\/marks$/.exec(path);
        return marks === null ? undefined : editors.marks(decodeURIComponent(marks[1] ?? ''), query.get('detection') ?? '');
      }
    }
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://mock');
    if (url.pathname === '/api/v1/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': hello\n\n');
      streams.add(response);
      request.on('close', () => streams.delete(response));
      return;
    }
    const document = /^\/feeds\/([^/]+)\.json$/.exec(url.pathname);
    if (document !== null) {
      const body = editors.document(decodeURIComponent(document[1] ?? ''), none ? [] : detections(newest('minute'), scenario === 'hostile'));
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/feed+json' });
      response.end(JSON.stringify(body ?? {}));
      return;
    }
    if (url.pathname === '/api/v1/trials' && request.method === 'POST' && scenario !== 'viewer') {
      let sent = '';
      for await (const part of request) sent += String(part);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(editors.trial(JSON.parse(sent), none ? [] : detections(newest('minute'), scenario === 'hostile'))));
      return;
    }
    if (/^\/api\/v1\/watch(?:es|-check|-trials)/.test(url.pathname) && request.method !== 'GET') {
      let sent = '';
      for await (const part of request) sent += String(part);
      const [status, body] = watchers.act(request.method ?? '', url.pathname, sent === '' ? {} : JSON.parse(sent));
      response.writeHead(status, { 'content-type': status < 300 ? 'application/json' : 'application/problem+json' });
      response.end(body === null ? undefined : JSON.stringify(body));
      return;
    }
    if (url.pathname.startsWith('/api/v1/feeds') && request.method !== 'GET') {
      let sent = '';
      for await (const part of request) sent += String(part);
      const [status, words] = scenario === 'viewer' ? [403, 'this needs editor'] : editors.act(request.method ?? '', url.pathname, sent === '' ? {} : JSON.parse(sent));
      response.writeHead(status, { 'content-type': 'application/problem+json' });
      response.end(status < 300 ? undefined : JSON.stringify({ title: 'it was not done', detail: words, status, code: 'x' }));
      return;
    }
    if (url.pathname.startsWith('/api/')) {
      if (scenario === 'failing' && url.pathname.startsWith('/api/v1/volumes')) {
        response.writeHead(500, { 'content-type': 'application/problem+json' });
        response.end(JSON.stringify({ type: '/problems/store', title: 'the store could not be read', status: 500, detail: 'database is locked', code: 'store_unavailable' }));
        return;
      }
      const body = answer(url.pathname, url.searchParams);
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body === undefined ? {} : simulated ? { ...body, notice: 'SIMULATED DATA' } : body));
      return;
    }
    // As the server does: what is no file is the page.
    const isFile = url.pathname.split('/').at(-1)?.includes('.') ?? false;
    const file = normalize(isFile ? url.pathname : '/index.html');
    try {
      const bytes = await readFile(join(dist, file));
      const packed = /\.(html|js|css|svg)$/.test(file) && (request.headers['accept-encoding'] ?? '').includes('gzip') ? (kept.get(file) ?? gzipSync(bytes, { level: 9 })) : null;
      if (packed !== null) kept.set(file, packed);
      response.writeHead(200, { ...(packed !== null && { 'content-encoding': 'gzip' }), 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' });
      response.end(packed ?? bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());

  /** @param {string} event @param {unknown} data */
  function emit(event, data) {
    for (const stream of streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  return {
    url: `http://127.0.0.1:${address.port}/`,
    emit,
    /** How many pages listen. */
    listeners: () => streams.size,
    /** Lets a minute pass and close. */
    closeMinute() {
      shift += 60_000;
      const start = newest('minute');
      for (const row of totals('minute', start, start, false)) emit('volume', row);
      emit('window', { step: 'minute', start: iso(start), end: iso(start + 60_000) });
    },
    async close() {
      for (const stream of streams) stream.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(() => resolve(undefined)));
    },
  };
}
