import { flushSync, mount, unmount } from 'svelte';
import { createSubscriber } from 'svelte/reactivity';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { NewWatch, WatchReading, WatchTrial } from '../api/types';
import { sunsetDay } from '../format/watch';
import { past, tableOfPart } from '../query/past';
import { hourBars, hoursOf, triedWords } from '../query/trial';
import type { Api } from '../api/client';
import type { Dashboard } from '../state/dashboard.svelte';
import WatchForm from './WatchForm.svelte';

const NOTHING = { query: null, faults: [] } as unknown as WatchReading;
const HOUR = { step: 'hour', by: { watch: '(flood)' } };
const TRIAL = {
  reading: '(flood)', one_in: 4, left: 31,
  hours: [{ ...HOUR, start: '2026-11-26T08:00:00Z', posts: 40, authors: 30 }, { ...HOUR, start: '2026-11-26T09:00:00Z', suppressed: true }, { ...HOUR, start: '2026-11-26T11:00:00Z', posts: 1_200, authors: 900 }],
} as unknown as WatchTrial;
let open: ReturnType<typeof mount> | null = null;
beforeEach(() => vi.useFakeTimers({ now: Date.parse('2026-11-27T08:00:00Z') }));
afterEach(() => {
  if (open !== null) void unmount(open);
  open = null;
  document.body.replaceChildren();
  vi.useRealTimers();
});

function form(check: (watch: NewWatch) => WatchReading, index = true): { api: Record<string, ReturnType<typeof vi.fn>>; done: ReturnType<typeof vi.fn>; simulate: () => Promise<void>; type: (label: string, text: string) => Promise<void>; send: () => Promise<void> } {
  const api = {
    checkWatch: vi.fn(async (watch: NewWatch) => check(watch)), addWatch: vi.fn(async () => {}), changeWatch: vi.fn(async () => {}), removeWatch: vi.fn(async () => {}),
    top: vi.fn(async () => ({ items: [] })), volumes: vi.fn(async () => []), settings: vi.fn(async () => ({ explore_index: index })),
    tryWatch: vi.fn(async () => TRIAL),
  };
  const done = vi.fn();
  let simulated = false;
  let changed = (): void => {};
  const subscribe = createSubscriber((update) => {
    changed = update;
  });
  const dashboard = {
    api, csrf: null, sources: [], status: null, k: 10, refresh: async () => {},
    get simulated() {
      subscribe();
      return simulated;
    },
  } as unknown as Dashboard;
  open = mount(WatchForm, { target: document.body, props: { dashboard, ondone: done } });
  flushSync();
  const settle = async (): Promise<void> => {
    flushSync();
    await vi.advanceTimersByTimeAsync(1_000);
    flushSync();
  };
  return {
    api, done,
    async simulate() {
      simulated = true;
      changed();
      await settle();
    },
    async type(label, text) {
      const name = [...document.querySelectorAll('label')].find((one) => one.textContent === label)?.htmlFor ?? '';
      const field = document.getElementById(name) as HTMLInputElement;
      field.value = text;
      field.dispatchEvent(new Event('input', { bubbles: true }));
      await settle();
    },
    async send() {
      document.querySelector('form')?.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
      await settle();
    },
  };
}

test('what the server refuses is marked in its place, and nothing is saved', async () => {
  const fault = { field: 'query', message: '`author:` is refused', help: 'leave it out', start: 7, end: 13 };
  const { api, done, type, send } = form(() => ({ query: null, faults: [fault] }) as unknown as WatchReading);
  await type('Query', '台風 AND author:x');
  expect(document.querySelector('.reading')?.textContent).toContain('`author:` is refused');
  expect(document.querySelector('mark')?.textContent).toBe('author');
  expect([...document.querySelectorAll('.layers .fault')].map((piece) => piece.textContent).join('')).toBe('author');
  await send();
  expect(document.querySelector('[role=alert]')?.textContent).toContain('Not saved: the query');
  expect(api['addWatch']).not.toHaveBeenCalled();
  expect(done).not.toHaveBeenCalled();
});

test('what is accepted is read back, with cost and doubts, and saved as it was written', async () => {
  const query = { reading: '(flood AND river)', parts: [], lints: [{ field: 'query', message: 'odd', help: 'better', start: 0, end: 5 }], cost: { class: 'low', sentence: 'low: looked at for posts with flood' } };
  const { api, done, type, send } = form(() => ({ query, faults: [] }) as unknown as WatchReading);
  await type('Name', 'floods');
  await type('Query', 'flood river');
  expect(document.querySelector('.reading')?.textContent).toMatch(/\(flood AND river\)[\s\S]*Low cost[\s\S]*looked at for posts with flood[\s\S]*Is this meant\?[\s\S]*odd/);
  await type('Purpose', 'crisis');
  await type('In a sentence', 'See where floods are discussed.');
  await send();
  expect(api['addWatch']).toHaveBeenCalledWith({ name: 'floods', query: 'flood river', category: 'crisis', sentence: 'See where floods are discussed.', sunset: '2027-02-25' }, null);
  expect(done).toHaveBeenCalledWith('floods');
});

test('the server is asked once typing rests, not for each letter', async () => {
  const { api, type } = form(() => NOTHING);
  const field = document.querySelector('textarea') as HTMLTextAreaElement;
  for (const letter of ['f', 'fl', 'flo']) {
    field.value = letter;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    flushSync();
  }
  await type('Query', 'floo');
  expect(api['checkWatch']).toHaveBeenCalledTimes(1);
});

test('days and tables', async () => {
  expect(sunsetDay(Date.parse('2026-11-27T08:00:00Z'), 90)).toBe('2027-02-25');
  expect(sunsetDay(Date.parse('2026-11-27T08:00:00Z'), 90, '2026-12-24T00:00:00Z')).toBe('2026-12-24');
  const part = (kind: string, text: string): Parameters<typeof tableOfPart>[0] => ({ kind, text, start: 0, end: 1 });
  expect(tableOfPart(part('word', 'River'))).toEqual({ by: 'term', value: 'river' });
  expect(tableOfPart(part('hashtag', '#Floods'))).toEqual({ by: 'hashtag', value: 'floods' });
  expect(tableOfPart(part('field', 'domain:example.org'))).toEqual({ by: 'domain', value: 'example.org' });
  expect(tableOfPart(part('phrase', '"heavy rain"'))).toBeNull();
  const volumes = vi.fn(async () => [{ posts: 20 }, { suppressed: true }, { posts: 12 }]);
  expect(await past({ volumes } as unknown as Api, [{ text: 'river', by: 'term', value: 'river' }], '2026-11-27T08:10:00Z')).toEqual([{ text: 'river', posts: 32, hours: 2 }]);
  expect(volumes).toHaveBeenCalledWith('term', 'hour', '2026-11-26T08:00:00Z', { to: '2026-11-27T08:00:00Z', value: 'river' });
});

test('a query is tried before it is a watch, once it says what it is for', async () => {
  const query = { reading: '(flood)', parts: [], lints: [], cost: { class: 'low', sentence: 'low: looked at for posts with flood' } };
  const { api, done, type } = form(() => ({ query, faults: [] }) as unknown as WatchReading);
  const button = (): HTMLButtonElement => [...document.querySelectorAll('button')].find((one) => one.textContent === 'Try it over the last days') as HTMLButtonElement;
  await type('Query', 'flood');
  expect(button().disabled).toBe(true);
  await type('Purpose', 'crisis');
  await type('In a sentence', 'See where floods are discussed.');
  expect(button().disabled).toBe(false);
  button().click();
  await type('Name', 'floods');
  expect(api['tryWatch']).toHaveBeenCalledTimes(1);
  const said = document.querySelector('section [role=status]')?.textContent ?? '';
  expect(said).toMatch(/^\s*In 3 hours it would have counted about 1,240 posts; most in the hour of .*: 1,200 posts of 900 authors\. 1 hour had fewer than 10 authors, or none\. Of all posts one in 4 is held.*Today 31 more queries/);
  expect(done).not.toHaveBeenCalled();
  expect(api['addWatch']).not.toHaveBeenCalled();
  await type('Query', 'flood OR rain');
  expect(document.querySelector('section [role=status]')?.textContent).toContain('The query was changed since.');
});

test('where no text is held it says so, and who can change that', async () => {
  const { type } = form(() => NOTHING, false);
  await type('Name', 'floods');
  expect(document.body.textContent).toContain('explore.index_mib');
  expect(document.body.textContent).not.toContain('Try it over the last days');
});

test('whether there is text is asked again when the simulator comes to be shown', async () => {
  const { api, type, simulate } = form(() => NOTHING, false);
  await type('Query', 'flood');
  expect(document.body.textContent).toContain('No text is held here');
  api['settings']?.mockResolvedValue({ explore_index: true });
  await simulate();
  expect(document.body.textContent).not.toContain('No text is held here');
  expect([...document.querySelectorAll('button')].map((button) => button.textContent)).toContain('Try it over the last days');
});

test('hours that are not held leave a place, and what is held back is no number', () => {
  const bars = hourBars(hoursOf(TRIAL.hours), 400, 60);
  expect(bars.map(({ x, held }) => [x, held])).toEqual([[0, false], [100, true], [300, false]]);
  expect(bars[2]?.height).toBe(58);
  expect(triedWords({ ...TRIAL, hours: [] }, 10)).toBe('No hour of which text is held is over yet. Try it again in an hour.');
  expect(triedWords({ ...TRIAL, one_in: 1, left: 1, hours: TRIAL.hours.slice(1, 2) }, 10)).toBe('In 1 hour it would have counted fewer than 10 authors each, or none. Today 1 more query can be tried here.');
});
