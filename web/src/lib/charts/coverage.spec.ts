import { expect, test } from 'vitest';
import type { CoverageGap, CoverageItem } from '../api/types';
import { bandWords, gapWords, gapsWithin, segmentWords, segments, startsUpTo, statesOf, toCoverage, whose } from './coverage';

const item = (source: string, minute: number, state: CoverageItem['state']): CoverageItem => ({
  source, start: `2026-01-01T00:0${minute}:00Z`, step: 'minute', state, blind_seconds: 0, rejected: 0, late: 0, thinned: 0,
});
const gap: CoverageGap = {
  source: 'bluesky', part: 'bluesky', start: '2026-01-01T00:01:00Z', end: '2026-01-01T00:03:00Z', seconds: 75,
  cause: 'refused', phrase: 'the connection was refused', recovered: false,
};
const at = (minute: number): number => Date.parse('2026-01-01T00:00:00Z') + minute * 60_000;

test('sources together are covered if each is, and a gap if none is', () => {
  const coverage = toCoverage([
    item('a', 0, 'covered'), item('b', 0, 'covered'),
    item('a', 1, 'covered'), item('b', 1, 'gap'),
    item('a', 2, 'gap'), item('b', 2, 'gap'),
    item('a', 3, 'partly'), item('b', 3, 'covered'),
  ], 'minute');
  expect(statesOf(coverage, [at(0), at(1), at(2), at(3), at(4)])).toEqual(['covered', 'partly', 'gap', 'partly', 'unknown']);
  expect(toCoverage([item('a', 0, 'covered')], 'hour').size).toBe(0);
});

test('without a ledger nothing is claimed', () => {
  expect(statesOf(null, [at(0)])).toBeNull();
  expect(statesOf(new Map(), [at(0)])).toBeNull();
});

test('neighbours of one state are one segment', () => {
  const starts = [at(0), at(1), at(2), at(3)];
  expect(segments(['covered', 'covered', 'gap', 'covered'], starts, 'minute')).toEqual([
    { state: 'covered', from: at(0), to: at(2) },
    { state: 'gap', from: at(2), to: at(3) },
    { state: 'covered', from: at(3), to: at(4) },
  ]);
  expect(startsUpTo(at(3), 4, 'minute')).toEqual(starts);
  expect(startsUpTo(null, 4, 'minute')).toEqual([]);
});

test('a gap is said with source, time, cause and length', () => {
  expect(gapWords(gap)).toMatch(/^bluesky, .*\d\d:01–\d\d:03: the connection was refused \(1 min\)$/);
  expect(gapWords({ ...gap, end: null, seconds: null })).toMatch(/^bluesky, since .*\d\d:01: the connection was refused$/);
  expect(whose({ ...gap, source: 'mastodon', part: 'example.social' })).toBe('mastodon (example.social)');
});

test('a segment names the gaps that touch it and were not made up for', () => {
  const gaps = [gap, { ...gap, recovered: true, phrase: 'made up for' }];
  expect(gapsWithin(gaps, at(3), at(9))).toEqual([]);
  expect(gapsWithin(gaps, at(2), at(3))).toEqual([gap]);
  expect(gapsWithin([{ ...gap, end: null }], at(8), at(9))).toHaveLength(1);
  expect(segmentWords({ state: 'gap', from: at(1), to: at(3) }, gaps)).toMatch(/not listened to; bluesky.*refused/);
  expect(segmentWords({ state: 'covered', from: at(1), to: at(3) }, gaps)).not.toContain('refused');
  expect(bandWords(['covered', 'covered', 'gap'], 'minute')).toBe('Coverage by minute: 2 listened to, 1 not listened to');
});
