import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { speech } from '../i18n/speech.svelte';
import { emojiName, loadNames, tableOf, termName } from './names.svelte';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

beforeEach(() => {
  vi.stubGlobal('fetch', (url: string) => Promise.resolve(new Response(read(`./${url.split('/').pop()}`))));
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await speech.speak('en');
});

test('an emoji has no name until the table has come, and then has that of the language that the page speaks', async () => {
  expect(termName('🔥')).toBe('🔥');
  await vi.waitFor(() => expect(termName('🔥')).toBe('🔥 (fire)'));
  await loadNames();
  await speech.speak('fr');
  expect(termName('🔥')).toBe('🔥 (feu)');
});

test.each([
  ['❤️', 'red heart'], ['🇵🇹', 'flag: Portugal'], ['1️⃣', 'keycap: 1'], ['👩‍🚀', 'woman astronaut'], ['🏴󠁧󠁢󠁳󠁣󠁴󠁿', 'flag: Scotland'], ['©️', 'copyright'],
  ['fire', null], ['1', null], ['été', null], ['東京', null], ['🔥🔥', null], ['', null], ['constructor', null],
])('%s is called %s', async (term, name) => {
  await loadNames();
  expect(emojiName(term)).toBe(name);
});

test('both languages name the same signs, and the English names are those of the server', () => {
  const [en, fr] = [read('./en.txt'), read('./fr.txt')];
  expect([...tableOf(fr).keys()]).toEqual([...tableOf(en).keys()]);
  expect(en).toBe(read('../../../../crates/gate/data/emoji-names.txt'));
});
