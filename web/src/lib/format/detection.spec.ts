import { expect, test } from 'vitest';
import type { Detection } from '../api/types';
import { countWithError, findingWords, methodPage, mostly, ordered, perDay, ratioOf, shareWords, sureOf, tellsUsualAuthors } from './detection';

const of = (evidence: object, more: object = {}): Detection => ({ evidence, ...more }) as unknown as Detection;

test('a ratio is said only where something was expected', () => {
  expect(ratioOf(of({ ratio: 14, expected: 29 }))).toBe('14');
  expect(ratioOf(of({ ratio: 107, expected: 0 }))).toBeNull();
  expect(ratioOf(of({ ratio: 12.8, expected: 0.78 }))).toBeNull();
  expect(ratioOf(of({}))).toBeNull();
});

test('languages are named where one or two stand out', () => {
  expect(mostly(of({ languages: { pt: 1 } }))).not.toBe('');
  expect(mostly(of({ languages: { pt: 0.7, es: 0.3 } }))).toMatch(/^mostly /);
  expect(mostly(of({ languages: { pt: 0.5, es: 0.4 } }))).toContain(' and ');
  expect(mostly(of({ languages: { pt: 0.4, other: 0.6 } }))).toBe('');
  expect(mostly(of({}))).toBe('');
});

test('false alerts are said as a person would', () => {
  expect(perDay(0.2)).toMatch(/^one in 5([.,]0)? days$/);
  expect(perDay(20)).toBe('20 a day');
  expect(perDay(1e-9)).toBe('less than one in ten years');
  expect(perDay(0)).toBe('hardly any');
});

test('how sure it is, is said once and in false alerts', () => {
  for (const maturity of ['experimental', 'measured', 'proven']) {
    for (const q of [undefined, 0, 1e-9, 0.2, 20]) {
      const said = sureOf(of({ q }, { maturity }));
      expect(said.match(/False alerts/g), said).toHaveLength(1);
      expect(said).not.toMatch(/severity|undefined|experimental/);
    }
  }
  expect(sureOf(of({ q: 20 }, { maturity: 'experimental' }))).toBe("False alerts to expect: 20 a day, of everything at least as striking as this. That is the method's own reckoning; how often it is right has not been measured.");
  expect(sureOf(of({}, { maturity: 'experimental' }))).toMatch(/^False alerts to expect: not known\. It is a hint/);
});

test('a method leads to its page and nowhere else', () => {
  expect(methodPage('bursts')).toMatch(/\/docs\/methods\/bursts\.md$/);
  expect(methodPage('../../x')).toMatch(/\/docs\/methods\/detections\.md$/);
});

test('what was pushed is called so', () => {
  const object = (of_: string) => findingWords(of({ object: of_ }, { kind: 'amplification' }));
  expect([object('link'), object('hashtag'), object('text')]).toEqual(['Link by many', 'Hashtag by many', 'Same text by many']);
});

test('a silence and another mix are called so', () => {
  const found = (name: string) => findingWords(of({ method: { name, version: 1 } }, { kind: 'anomaly' }));
  expect(found('silences')).toBe('Silence');
  expect(found('mix-shifts')).toBe('Another mix');
  expect(found('tone-shifts')).toBe('Another tone');
  expect(found('something-new')).toBe('Unusual');
  expect(methodPage('mix-shifts')).toMatch(/\/docs\/methods\/mix-shifts\.md$/);
  expect(methodPage('silences')).toMatch(/\/docs\/methods\/silences\.md$/);
});

test('a share is told beside the usual one', () => {
  expect(shareWords(of({ share: { observed: 0.31, expected: 0.12, expected_interval: [0.09, 0.16], of: 5_260 } })))
    .toBe('31 % of all posts, where 12 % is usual');
  expect(shareWords(of({ share: { expected: 0.087, expected_interval: [0.06, 0.1], of: 5_260 } })))
    .toMatch(/^a share that is held back, where 8[.,]7 % is usual$/);
  expect(shareWords(of({ tone: 'negative', share: { observed: 0.61, expected: 0.35, expected_interval: [0.26, 0.45], of: 812 } })))
    .toBe('61 % of posts sound negative, where 35 % is usual');
  expect(shareWords(of({}))).toBeNull();
});

test('too few have no authors but the usual ones', () => {
  const found = (name: string, share?: object) => tellsUsualAuthors(of({ method: { name, version: 1 }, share }));
  expect([found('silences'), found('bursts')]).toEqual([true, false]);
  expect([found('mix-shifts', { observed: 0.3, expected: 0.1 }), found('mix-shifts', { observed: 0.1, expected: 0.3 }), found('mix-shifts', { expected: 0.3 })])
    .toEqual([false, true, true]);
  const fewer = { observed: 0.1, expected: 0.3, expected_interval: [0.2, 0.4] as [number, number], of: 812 };
  expect(tellsUsualAuthors(of({ method: { name: 'tone-shifts', version: 1 }, tone: 'negative', share: fewer }))).toBe(false);
});

test('the most severe first, then the newest', () => {
  const one = (id: string, severity: string, detected_at: string): Detection => of({}, { id, severity, detected_at });
  const list = [one('a', 'low', '9'), one('b', 'high', '1'), one('c', 'high', '2'), one('d', 'medium', '5'), one('e', 'high', '2')];
  expect(ordered(list).map(({ id }) => id)).toEqual(['c', 'e', 'b', 'd', 'a']);
});

test('released counts carry how far they may be off', () => {
  expect(countWithError(72)).toBe('72 ± 4');
});
