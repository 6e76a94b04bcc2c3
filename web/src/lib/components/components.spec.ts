// What the parts say, in a simulated document; how they look and behave is for the browser tests.
import { flushSync, mount, tick, unmount, type Component } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import type { Api } from '../api/client';
import type { AuditPage, CoverageGap, Narrative, NarrativeEvent, Status, TopAnswer, Watch } from '../api/types';
import AccountLine from './AccountLine.svelte';
import AuditPanel from './AuditPanel.svelte';
import ChangeMark from './ChangeMark.svelte';
import CoverageBand from '../charts/CoverageBand.svelte';
import Sparkline from '../charts/Sparkline.svelte';
import EmptyState from './EmptyState.svelte';
import GapList from './GapList.svelte';
import NarrativeCard from './NarrativeCard.svelte';
import InForce from './InForce.svelte';
import MethodDialog from './MethodDialog.svelte';
import SourcesPanel from './SourcesPanel.svelte';
import TopPanel from './TopPanel.svelte';
import TryFeed from './TryFeed.svelte';
import WatchCard from './WatchCard.svelte';

const mounted: Record<string, unknown>[] = [];

// `any`, because an interface of props has no index signature.
function render<Props extends Record<string, any>>(component: Component<Props>, props: NoInfer<Props>): HTMLElement {
  const target = document.createElement('div');
  document.body.append(target);
  mounted.push(mount(component as unknown as Component<Record<string, unknown>>, { target, props }));
  flushSync();
  return target;
}
function text(element: Element): string {
  return (element.textContent ?? '').replace(/\s+/g, ' ').trim();
}

afterEach(async () => {
  for (const part of mounted.splice(0)) await unmount(part);
  document.body.replaceChildren();
});

const watch: Watch = {
  name: 'River floods',
  query: 'flood OR floods',
  reading: '(flood OR floods)',
  purpose: { category: 'crisis-response', sentence: 'See where flooding is discussed.' },
  created: '2026-11-01T00:00:00Z',
  sunset: '2027-02-01T00:00:00Z',
  state: 'active',
  spark: [12, null, 30],
  latest: { start: '2026-11-25T14:02:00Z', step: 'minute', by: { watch: 'River floods' }, posts: 30, authors: 21 },
} as Watch;

test('a watch shows its numbers, purpose and sunset', () => {
  const said = text(render(WatchCard, { watch, k: 10, now: Date.parse('2026-11-25T14:04:00Z'), onwhy: () => {} }));
  expect(said).toContain('30 posts by 21 authors');
  expect(said).toContain('See where flooding is discussed.');
  expect(said).toContain('in 68 days');
});

test('a held-back watch says so, shows no number, and leads to the reason', () => {
  const onwhy = vi.fn();
  const latest = { start: '2026-11-25T14:02:00Z', step: 'minute', by: { watch: 'River floods' }, suppressed: true };
  const card = render(WatchCard, { watch: { ...watch, spark: [null], latest } as Watch, k: 10, now: 0, onwhy });
  expect(text(card.querySelector('.latest') as Element)).toContain('fewer than 10 authors');
  expect(text(card.querySelector('.latest') as Element)).not.toMatch(/\b0\b/);
  (card.querySelector('.latest button') as HTMLButtonElement).click();
  expect(onwhy).toHaveBeenCalledOnce();
});

test('the table of a watch has every window, newest first', () => {
  const card = render(WatchCard, { watch, k: 10, now: 0, onwhy: () => {} });
  const details = card.querySelector('details.numbers-table') as HTMLDetailsElement;
  expect(details.querySelectorAll('tbody tr')).toHaveLength(0);
  details.open = true;
  details.dispatchEvent(new Event('toggle'));
  flushSync();
  expect([...details.querySelectorAll('tbody td')].map(text)).toEqual(['30', '< 10 authors', '12']);
});

const answer: TopAnswer = {
  window: { start: '2026-11-25T14:02:00Z', end: '2026-11-25T14:03:00Z', step: 'minute' },
  items: [
    { value: '<img src=x onerror=alert(1)>', posts: 40, authors: 30, previous: { posts: 16 }, change: 2.5, spark: [16, 40] },
    { value: '\u202Eevil', posts: 20, authors: 12, previous: null, change: null, spark: [null, 20] },
  ],
} as TopAnswer;

test('values are text and isolated, whatever they hold', () => {
  const panel = render(TopPanel, { by: 'hashtag', answer, step: 'minute', k: 10, closed: true });
  expect(panel.querySelector('img')).toBeNull();
  const values = [...panel.querySelectorAll('tbody bdi')];
  expect(values.map((value) => value.textContent)).toEqual(['#<img src=x onerror=alert(1)>', '#\u202Eevil']);
});

test('languages have names', () => {
  const items = [{ ...answer.items[0], value: 'ja' }];
  const panel = render(TopPanel, { by: 'language', answer: { ...answer, items } as TopAnswer, step: 'minute', k: 10, closed: true });
  expect(text(panel.querySelector('tbody bdi') as Element)).not.toBe('ja');
});

test('an empty list is not taken for silence', () => {
  const panel = render(TopPanel, { by: 'term', answer: { ...answer, items: [] }, step: 'hour', k: 10, closed: true });
  expect(text(panel)).toContain('10 authors or more');
  const before = render(TopPanel, { by: 'term', answer: { ...answer, items: [] }, step: 'hour', k: 10, closed: false });
  expect(text(before)).toContain('first closed hour');
});

test('a rise is said in words too', () => {
  expect(text(render(ChangeMark, { ratio: 2.5, k: 10 }))).toMatch(/×2.5.*up: 2.5 times the window before/);
  expect(text(render(ChangeMark, { ratio: null, k: 10 }))).toContain('from <10');
});

const status = (read: number, last: string | null): Status =>
  ({ counters: { read }, event_time: { first: last, last } }) as Status;

test('before the first window, the page says what is happening', () => {
  expect(text(render(EmptyState, { status: null, step: 'minute', loaded: false }))).toContain('Reading');
  expect(text(render(EmptyState, { status: status(0, null), step: 'minute', loaded: true }))).toContain('There is nothing to tell of yet');
  expect(text(render(EmptyState, { status: status(40, null), step: 'minute', loaded: true }))).toMatch(/40 so far.*first minute/);
  expect(text(render(EmptyState, { status: status(40, '2026-11-25T14:02:10Z'), step: 'hour', loaded: true }))).toMatch(/No hour has closed yet.*ends at/);
  expect(text(render(EmptyState, { status: status(40, '2026-11-25T14:02:10Z'), step: 'day', loaded: true }))).toContain('No day has closed yet');
});

test('the reason for holding back names the k in force', () => {
  expect(text(render(MethodDialog, { k: 14, onclose: () => {} }))).toContain('k = 14');
});

test('what an installation runs with is told whole: its rule, what it does not look for, what it keeps', async () => {
  const settings = {
    version: '0.1.0', build: 'ab'.repeat(32), hash: 'cd'.repeat(32), k: 12, k_floor: 5, perturbation: 4, detectors: { bursts: true, narratives: false, mixes: true },
    false_alerts_a_day_max: 20, minutes_kept_days: 14, detections_kept_days: null, watch_days: 90, watch_days_max: 180, explore_index: false,
  };
  const shown = render(InForce, { api: { settings: async () => settings } as unknown as Api });
  await Promise.resolve();
  await tick();
  expect(text(shown)).toMatch(/12 authors on; never fewer than 5.*at most 4, up or down.*bursts, mixes, not for narratives.*at most 20 false alerts a day.*minutes 14 days, hours and days for ever, detections for ever.*90 days, at most 180.*abababababab.*cdcdcdcdcdcd/);
  const exact = render(InForce, { api: { settings: async () => ({ ...settings, perturbation: 0 }) } as unknown as Api });
  await Promise.resolve();
  await tick();
  expect(text(exact)).toContain('nothing: made-up data are shown as they are');
});

test('sources say their state, and every record is accounted for', () => {
  const said = text(
    render(SourcesPanel, {
      sources: [{ name: 'bluesky', kind: 'jetstream', state: 'retrying', detail: 'no route', posts: 0, rejected: 3, reconnects: 9, last_event: null, rate: 0, last_error: 'the network does not reach the server', advice: 'check network, proxy and firewall' }],
      status: { counters: { read: 100, accepted: 90, rejected: 3, late: 7, opted_out: 0, deleted: 0, repeated: 0, thinned: 0 } } as Status,
      error: undefined,
      now: 0,
      onretry: () => {},
    }),
  );
  expect(said).toMatch(/trying again.*no route/);
  expect(said).toContain('last trouble: the network does not reach the server; check network, proxy and firewall');
  expect(said).toContain('Of 100 records read, 90 were counted, 3 could not be read, 7 came too late.');
});

test('what came last of a recording is told by its time, whatever the clock says', () => {
  const source = { name: 'day', kind: 'file', state: 'done', detail: null, posts: 10, rejected: 0, reconnects: 0, last_event: '2026-11-25T14:02:00Z', rate: 0 } as const;
  const said = (recording: boolean, later: number): string =>
    text(render(SourcesPanel, { sources: [source], status: null, error: undefined, now: Date.parse(source.last_event) + later, recording, onretry: () => {} }).querySelector('td:last-child') as Element);
  expect(said(false, 6 * 60_000)).toBe('6 min ago');
  for (const later of [0, 6 * 60_000, 30 * 86_400_000]) expect(said(true, later)).toMatch(/25 Nov.*\d\d:02|Nov 25.*\d\d:02/);
});

const gap: CoverageGap = {
  source: 'bluesky', part: 'bluesky', start: '2026-11-25T14:02:00Z', end: '2026-11-25T14:05:00Z', seconds: 130,
  cause: 'refused', phrase: 'the connection was refused', recovered: false,
};

test('the strip under a chart says in words and in shapes when nobody listened', () => {
  const starts = [0, 60_000, 120_000, 180_000].map((after) => Date.parse('2026-11-25T14:01:00Z') + after);
  const area = { left: 30, width: 400, from: (starts[0] ?? 0) - 30_000, to: (starts[3] ?? 0) + 30_000 };
  const band = render(CoverageBand, { states: ['covered', 'gap', 'partly', 'unknown'], starts, gaps: [gap], step: 'minute', area });
  const strip = band.querySelector('svg') as SVGElement;
  expect(strip.getAttribute('aria-label')).toBe('Coverage by minute: 1 listened to, 1 partly listened to, 1 not listened to, 1 not known');
  const titles = [...strip.querySelectorAll('title')].map(text);
  expect(titles[0]).not.toContain('refused');
  expect(titles[1]).toMatch(/not listened to; bluesky.*the connection was refused/);
  const heights = ['.covered', '.partly', '.gap'].map((name) => strip.querySelector(name)?.getAttribute('height'));
  expect(new Set(heights).size).toBe(3);
  // On the axis of the chart: a quarter each.
  expect([...strip.querySelectorAll('.touch')].map((rect) => rect.getAttribute('x'))).toEqual(['0', '100', '200', '300']);
});

test('what is being missed now is said aloud, and what was missed is listed', () => {
  const open = { ...gap, end: null, seconds: null };
  const list = render(GapList, { gaps: [open, gap], now: Date.parse('2026-11-25T14:10:00Z') });
  expect(text(list.querySelector('[role=status]') as Element)).toMatch(/^Blind since \d\d:02 to bluesky: the connection was refused\.$/);
  expect(text(list.querySelector('summary') as Element)).toBe('2 gaps in this chart');
  expect(list.querySelectorAll('li')).toHaveLength(2);
  expect(text(render(GapList, { gaps: [], now: 0 }))).toBe('');
});

test('a small line tells what is held back from what was not recorded, in shapes and words', () => {
  const line = (values: (number | null)[], states: ('shown' | 'suppressed' | 'gap')[]): HTMLElement => render(Sparkline, { values, states, label: 'x', k: 10 });
  const some = line([null, null, null, 7], ['gap', 'gap', 'suppressed', 'shown']);
  expect(some.querySelector('svg')?.getAttribute('aria-label')).toBe('x: 4 windows, from 7 to 7 posts, 1 with fewer than 10 authors or none, 2 not recorded');
  expect([some.querySelectorAll('.hidden').length, some.querySelectorAll('.unrecorded').length]).toEqual([1, 1]);
  const none = line([null, null], ['gap', 'gap']).querySelector('svg')?.getAttribute('aria-label');
  expect(none).toBe('x: 2 windows, none with a number, 2 not recorded');
  const table = render(WatchCard, { watch: { ...watch, spark: [null, null, 30] } as Watch, k: 10, since: Date.parse('2026-11-25T14:01:00Z'), now: 0, onwhy: () => {} });
  const details = table.querySelector('details.numbers-table') as HTMLDetailsElement;
  details.open = true;
  details.dispatchEvent(new Event('toggle'));
  flushSync();
  expect([...details.querySelectorAll('tbody td')].map(text)).toEqual(['30', '< 10 authors', 'not recorded']);
});

test('a small line says so too', () => {
  const line = render(Sparkline, { values: [1, 2, 3], label: 'x', k: 10, heard: ['covered', 'gap', 'partly'] });
  expect(line.querySelector('svg')?.getAttribute('aria-label')).toMatch(/, 1 not listened to, 1 partly listened to$/);
  expect(line.querySelectorAll('.gap, .partly')).toHaveLength(2);
});

const narrative: Narrative = {
  id: 'n1a', state: 'growing', label: 'river, bridge', first_seen: '2026-11-25T14:00:00Z', last_seen: '2026-11-25T14:10:00Z',
  as_of: '2026-11-25T14:12:00Z', terms: [{ term: 'river', weight: 0.9 }], phrases: [], hashtags: ['floods'], domains: [],
  languages: { en: 0.7, other: 0.3 }, posts: 1_234, authors: 800, growth: 2.5, growth_interval: [1.5, 4],
  timeline: [{ start: '2026-11-25T14:00:00Z', end: '2026-11-25T14:10:00Z', posts: 1_234 }], parents: [], merged_into: null, related: [],
};

test('a narrative shows its numbers, how sure its growth is, and what it is made of', () => {
  const card = render(NarrativeCard, { narrative, k: 10, watermark: Date.parse('2026-11-25T14:12:00Z'), events: async () => [] });
  const said = text(card);
  expect(said).toContain('river, bridge');
  expect(said).toContain('1,234 posts by 800 authors');
  expect(said).toContain('between ×1.5 and ×4.0');
  expect(said).toContain('Other languages 30 %');
  expect(said).toContain('2 min ago');
});

test('a narrative of which no word may be shown says so', () => {
  const card = render(NarrativeCard, { narrative: { ...narrative, label: '', terms: [] }, k: 10, watermark: null, events: async () => [] });
  expect(text(card.querySelector('h3') as Element)).toBe('No word of it may be shown');
});

test('what happened to a narrative is read when the reader asks, and a failure is said', async () => {
  const log: NarrativeEvent[] = [
    { time: '2026-11-25T14:01:00Z', event: 'merge', id: 'n1a', others: ['n7'], reason: 'likeness 0.41, 0.25 is enough', authors: 20 },
  ];
  const events = vi.fn(async () => log);
  const card = render(NarrativeCard, { narrative, k: 10, watermark: null, events });
  const details = card.querySelectorAll('details')[1] as HTMLDetailsElement;
  expect(events).not.toHaveBeenCalled();
  details.open = true;
  details.dispatchEvent(new Event('toggle'));
  await vi.waitFor(() => expect(text(details)).toContain('likeness 0.41, 0.25 is enough'));
  expect(details.querySelector('a')?.getAttribute('href')).toBe('/narratives/n7');
  events.mockRejectedValueOnce(new Error('away'));
  details.dispatchEvent(new Event('toggle'));
  await vi.waitFor(() => expect(text(details)).toContain('could not be read'));
});

test('the audit log shows its newest entries first, in words, and how to check them', () => {
  const entry = (number: number, words: string) => ({ number, time: '2026-11-25T14:02:00Z', account: 'local', act: 'x', words, line: '{}' });
  const page = {
    items: [entry(41, 'watch heat made until 2027-02-01: heat*'), entry(42, '<b>run</b> stopped')],
    head: { origin: 'example.org/ours', size: 43, root: 'CsUY', key: 'example.org/ours+530d903a+Aeky', note: '' },
    next: null,
  } as AuditPage;
  const panel = render(AuditPanel, { page, error: undefined, oncheck: async () => null, onretry: () => {} });
  expect([...panel.querySelectorAll('li')].map((li) => li.value)).toEqual([42, 41]);
  expect(text(panel.querySelector('li') as Element)).toContain('<b>run</b> stopped');
  expect(panel.querySelector('li b')).toBeNull();
  expect(text(panel)).toContain('43 entries under the newest head');
  expect(text(panel)).toContain('example.org/ours+530d903a+Aeky');
  expect((panel.querySelector('details a') as HTMLAnchorElement).getAttribute('href')).toBe('/api/v1/audit/checkpoint');
});

test('an entry that a link leads to is marked, and fetched where it is none of the newest', async () => {
  const entry = (number: number) => ({ number, time: '2026-11-25T14:02:00Z', account: 'local', act: 'x', words: `act ${number}`, line: '{}' });
  const page = { items: [entry(41), entry(42)], head: { origin: 'o', size: 43, root: 'r', key: 'k', note: '' }, next: null } as AuditPage;
  const onentry = vi.fn(async (number: number) => (number < 43 ? entry(number) : null));
  const shown = (wanted: number | null): HTMLElement => render(AuditPanel, { page, error: undefined, entry: wanted, onentry, oncheck: async () => null, onretry: () => {} });
  const marked = (panel: HTMLElement): string[] => [...panel.querySelectorAll('[aria-current]')].map(text);
  expect(marked(shown(null))).toEqual([]);
  expect(marked(shown(41))[0]).toContain('act 41');
  expect(onentry).not.toHaveBeenCalled();
  const old = shown(7);
  await vi.waitFor(() => expect(marked(old)[0]).toContain('act 7'));
  expect([...old.querySelectorAll('li')].map((li) => li.value)).toEqual([42, 41, 7]);
  const none = shown(900);
  await vi.waitFor(() => expect(onentry).toHaveBeenCalledWith(900));
  await tick();
  expect(marked(none)).toEqual([]);
  expect(none.querySelectorAll('li')).toHaveLength(2);
});

test('where there is no audit log, that is said', () => {
  expect(text(render(AuditPanel, { page: null, error: undefined, oncheck: async () => null, onretry: () => {} }))).toContain('There is no audit log yet.');
});

test('the audit log can be checked on the page, and what is found is said', async () => {
  const page = { items: [], head: { origin: 'o', size: 12, root: 'r', key: 'k', note: '' }, next: null } as unknown as AuditPage;
  for (const [verdict, words] of [
    [{ entries: 12, whole: true, signed: true, broken: null }, 'All 12 entries are what the head is over, and it is signed by the key below.'],
    [{ entries: 12, whole: true, signed: null, broken: null }, 'this browser cannot check its signature'],
    [{ entries: 12, whole: true, signed: false, broken: null }, 'NOT signed'],
    [{ entries: 12, whole: false, signed: true, broken: 7 }, 'ALTERED: entry 7'],
    [{ entries: 11, whole: false, signed: true, broken: null }, 'ALTERED'],
    [new Error('gone'), 'could not be read to its end'],
  ] as const) {
    const oncheck = async () => {
      if (verdict instanceof Error) throw verdict;
      return verdict;
    };
    const panel = render(AuditPanel, { page, error: undefined, oncheck, onretry: () => {} });
    (panel.querySelector('button') as HTMLButtonElement).click();
    await vi.waitFor(() => expect(text(panel.querySelector('[role=status]') as Element)).toContain(words));
  }
});

test('who is signed in is shown where somebody is, and only a session can be left', () => {
  const onsignout = vi.fn();
  expect(text(render(AccountLine, { session: null, onsignout }))).toBe('');
  expect(text(render(AccountLine, { session: { authentication: false }, onsignout }))).toBe('');
  const byToken = render(AccountLine, { session: { authentication: true, account: 'token/grafana', role: 'viewer' }, onsignout });
  expect(text(byToken)).toBe('Signed in as token/grafana, viewer');
  expect(byToken.querySelector('button')).toBeNull();
  const shown = render(AccountLine, { session: { authentication: true, account: '<b>ada</b>', role: 'admin', csrf: 'c' }, onsignout });
  expect(text(shown)).toBe('Signed in as <b>ada</b>, admin Sign out');
  (shown.querySelector('button') as HTMLButtonElement).click();
  expect(onsignout).toHaveBeenCalledOnce();
});

test('a feed is tried over a time that is over, and says what it would have told or why not', async () => {
  const trial = {
    detections: 2, days: [{ day: '2016-10-07', detections: 2 }], a_day: 2, useful: 1, noise: 0, precision: 1, precision_interval: [0.21, 1], complete: true,
  };
  const newest = [{ id: 'burst-b7', title: '<b>dam</b>', severity: 'high', detected_at: '2016-10-07T21:00:00Z' }];
  const ontry = vi.fn(async () => ({ trial, newest }) as never);
  const part = render(TryFeed, { feed: () => ({ kinds: ['burst'] }), closed: Date.parse('2016-10-31T00:00:00Z'), ontry });
  part.querySelector('button')?.click();
  await vi.waitFor(() => expect(text(part)).toContain('2 detections in a day, 2 a day. 100 % useful of the 1 that are marked'));
  expect(ontry).toHaveBeenCalledWith({ kinds: ['burst'], from: '2016-10-01T00:00:00Z', to: '2016-10-31T00:01:00Z' });
  expect(part.querySelector('svg')?.getAttribute('aria-label')).toContain('most on 2016-10-07: 2');
  expect(part.querySelector('a')?.getAttribute('href')).toBe('/detections/burst-b7');
  expect(part.querySelector('a b')).toBeNull();
  ontry.mockRejectedValueOnce(new Error('x'));
  part.querySelector('button')?.click();
  await vi.waitFor(() => expect(text(part)).toContain('Not tried: the page is at fault.'));
  expect(part.querySelector('svg')).toBeNull();
});
