import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Detection } from '../api/types';
import { loadNames } from '../emoji/names.svelte';
import { speech } from './speech.svelte';
import { titleOf } from './title';

/** 2026-11-24, a Tuesday, at 19:00 UTC. */
const FROM = '2026-11-24T19:00:00Z';

function burst(title: string, type: string, value: string, observed: number, expected: number, { name, ...more }: { name?: string } & Record<string, unknown> = {}, to = '2026-11-24T20:00:00Z', kind = 'burst'): Detection {
  return {
    kind, title, subject: { type, value, ...(name === undefined ? {} : { name }) },
    evidence: { observed, expected, authors: 233, windows: [{ start: FROM, end: to }], baseline: { method: 'seasonal', windows: 4 }, languages: { pt: 0.83, es: 0.1, other: 0.07 }, ...more },
  } as unknown as Detection;
}

beforeEach(async () => {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(['fr-FR']);
  await speech.speak(null);
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('🔥\tfeu\n')));
  await loadNames();
  vi.unstubAllGlobals();
});
afterEach(async () => {
  await speech.speak('en');
});

// The English ones are those of the server's own tests (`gate/src/detection/words.rs`, `silence.rs`).
test.each([
  [burst("'dam failure' is 14 times its usual Tuesday-evening level, mostly in Portuguese", 'phrase', 'dam failure', 412, 29.4), '« dam failure » : 14 fois le niveau habituel du mardi soir, surtout en portugais'],
  [
    burst("'🔥' (fire) is 14 times its usual Tuesday-evening level, mostly in Portuguese", 'term', '🔥', 412, 29.4, { name: 'fire' }),
    '« 🔥 » (feu) : 14 fois le niveau habituel du mardi soir, surtout en portugais',
  ],
  [burst("'fogo' is 14 times its usual Tuesday-evening level, mostly in Portuguese", 'term', 'fogo', 412, 29.4), '« fogo » : 14 fois le niveau habituel du mardi soir, surtout en portugais'],
  [burst('Links to example.org are 2.5 times their usual Tuesday-evening level, mostly in Portuguese', 'domain', 'example.org', 50, 20), 'Liens vers example.org : 2,5 fois le niveau habituel du mardi soir, surtout en portugais'],
  [burst("'dam failure': 42 posts in 60 minutes in a sample of one post in four, where there are usually hardly any, mostly in Portuguese", 'phrase', 'dam failure', 42, 0.03), '« dam failure » : 42 publications en 60 minutes dans un échantillon d’une publication sur quatre, là où il n’y en a presque jamais, surtout en portugais'],
  [burst('#flood: 42 posts in 60 minutes, where there are usually hardly any, mostly in Portuguese', 'hashtag', 'flood', 42, 0.03), "#flood : 42 publications en 60 minutes, là où il n’y en a presque jamais, surtout en portugais"],
  [burst('Talk in Portuguese is 2 times its usual Tuesday-evening level', 'language', 'pt', 40, 20), 'Les échanges en portugais : 2 fois le niveau habituel du mardi soir'],
  [burst('All talk together is at 25 % of its usual Tuesday-evening level, mostly in Portuguese', 'total', 'all', 40, 160), 'L’ensemble des échanges : 25 % du niveau habituel du mardi soir, surtout en portugais'],
  [burst('The watch river-floods is 10 times its usual level', 'watch', 'river-floods', 40, 4, { languages: {}, baseline: { method: 'recent', windows: 9 } }), 'La veille river-floods : 10 fois le niveau habituel'],
  [
    burst('Talk in Portuguese has nearly stopped: fewer than 10 authors in 60 minutes, where there are usually 233', 'language', 'pt', 0, 410, { suppressed: true, languages: {} }, undefined, 'anomaly'),
    'Les échanges en portugais : presque plus rien, moins de 10 auteurs en 60 minutes, contre 233 d’ordinaire',
  ],
  [burst('Talk in Portuguese is at 8 % of its usual Tuesday-evening level', 'language', 'pt', 31, 410, { languages: {} }, undefined, 'anomaly'), 'Les échanges en portugais : 8 % du niveau habituel du mardi soir'],
  [
    burst("The same text in 164 posts by 64 authors within 23 minutes: 'the bridge is closed', mostly in English", 'text', 'a7', 164, 0, { authors: 64, shared_text: 'the bridge is closed', languages: { en: 0.97 } }, '2026-11-24T19:23:00Z', 'amplification'),
    'Le même texte dans 164 publications de 64 auteurs en 23 minutes : « the bridge is closed », surtout en anglais',
  ],
  [
    burst('One link to petition.example in 164 posts by 64 authors within 23 minutes, in different words, mostly in English', 'link', 'https://petition.example/river', 164, 0, { authors: 64, object: 'link', shared_text: 'https://petition.example/river', domains: ['petition.example'], languages: { en: 0.97 } }, '2026-11-24T19:23:00Z', 'amplification'),
    'Un même lien vers petition.example dans 164 publications de 64 auteurs en 23 minutes, en d’autres mots chaque fois, surtout en anglais',
  ],
  [
    burst('#savetheriver in 164 posts by 64 authors within 23 minutes, in different words', 'hashtag', 'savetheriver', 164, 0, { authors: 64, object: 'hashtag', shared_text: '#savetheriver', languages: {} }, '2026-11-24T19:23:00Z', 'amplification'),
    '#savetheriver dans 164 publications de 64 auteurs en 23 minutes, en d’autres mots chaque fois',
  ],
])('%#: a title is made again from its evidence', (detection, title) => {
  const said = titleOf(detection, 10);
  expect(said.text.replaceAll(/[\u00a0\u202f]/g, ' ')).toBe(title);
  expect(said.lang).toBeUndefined();
});

test('what does not come out as the server said it stays as it is, and is called English', () => {
  const other = burst("'dam failure' is 15 times its usual Tuesday-evening level, mostly in Portuguese", 'phrase', 'dam failure', 412, 29.4);
  expect(titleOf(other)).toEqual({ text: other.title, lang: 'en' });
  const story = burst("The story 'a, b' grows: 53 posts in 15 minutes, after hardly any", 'narrative', 'n1', 53, 0, {}, undefined, 'narrative');
  expect(titleOf(story)).toEqual({ text: story.title, lang: 'en' });
});

test('in English every title is the server\'s', async () => {
  await speech.speak('en');
  const any = burst('whatever', 'phrase', 'x', 1, 1);
  expect(titleOf(any)).toEqual({ text: 'whatever', lang: undefined });
});

test('hostile values stay in their place, as text', () => {
  const value = 'a\u202eb\u0007{b|<img src=x>}';
  const told = burst("'ab {b|<img src=x>}' is 10 times its usual Tuesday-evening level", 'term', value, 40, 4, { languages: {} });
  expect(titleOf(told).text.replaceAll(/[\u00a0\u202f]/g, ' ')).toBe('« ab {b|<img src=x>} » : 10 fois le niveau habituel du mardi soir');
});
