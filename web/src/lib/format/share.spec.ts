import { expect, test } from 'vitest';
import type { Detection } from '../api/types';
import { messageOf, onlyHere } from './share';

const detection = {
  id: 'burst-b7', kind: 'burst', time: '2026-11-26T23:55:00Z', detected_at: '2026-11-27T00:05:00Z', title: "'dam' is 14 times its usual level", summary: '', severity: 'high',
  subject: { type: 'term', value: 'dam' }, feeds: [], maturity: 'experimental',
  evidence: { observed: 412, expected: 29, ratio: 14, authors: 330, q: 0.2, method: { name: 'bursts', version: 1 }, windows: [], page: '/', command: '' },
} as unknown as Detection;

test('a message says what, how much, when in UTC, how sure, and where; and by whom its address can be opened', () => {
  const lines = messageOf(detection, 10, true, 'https://watch.example/detections/burst-b7').split('\n');
  expect(lines).toHaveLength(5);
  expect(lines[0]).toMatch(/^Groundswell, SIMULATED DATA: /);
  expect(lines[1]).toBe('412 ± 4 posts, where 29 were to be expected: 14 times as many. 330 ± 4 authors.');
  // Both days with their year, in UTC wherever the reader is.
  expect(lines[2]).toMatch(/^Burst, high severity\. Began .*26.*2026.* 23:55 UTC, found by .*27.*2026.* 00:05 UTC\.$/);
  expect(lines[3]).toMatch(/^False alerts to expect: one in 5/);
  expect(lines[4]).toBe('https://watch.example/detections/burst-b7');
  const here = messageOf(detection, 10, false, 'http://127.0.0.1:8080/detections/burst-b7').split('\n');
  expect(here.slice(4)).toEqual(['http://127.0.0.1:8080/detections/burst-b7', 'This address opens only on the computer that Groundswell runs on.']);
});

test.each([
  ['http://127.0.0.1:8080/x', true], ['http://127.8.9.10/', true], ['http://localhost:9/x?a#b', true], ['see http://localhost', true], ['https://LOCALHOST/', true], ['http://board.localhost:80/', true],
  ['http://[::1]:8080/', true], ['http://0.0.0.0:8080/', true],
  ['https://watch.example/', false], ['https://localhost.example/', false], ['https://notlocalhost/', false], ['https://127.0.0.1.example/', false], ['http://192.168.0.7/', false], ['http://[2001:db8::1]/', false],
  ['groundswell export bursts --at 127.0.0.1', false], ['', false],
])('%s: this computer only is %s', (text, here) => {
  expect(onlyHere(text)).toBe(here);
});
