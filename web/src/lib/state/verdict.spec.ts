import { expect, test } from 'vitest';
import type { CoverageGap, Detection, Source, Status } from '../api/types';
import { closedUntil, missedMs, plainly, present, recent, recorded, verdict, type Known } from './verdict';

const now = Date.parse('2026-11-26T20:01:00Z');
const status = { event_time: { first: '2026-11-26T00:00:00Z', last: '2026-11-26T20:00:00Z' }, watermark: '2026-11-26T20:00:00Z' } as Status;
const gap = (start: string, end: string | null): CoverageGap => ({
  source: 'bluesky', part: 'bluesky', start: `2026-11-26T${start}:00Z`, end: end === null ? null : `2026-11-26T${end}:00Z`,
  seconds: null, cause: 'refused', phrase: 'the connection was refused', recovered: false,
}) as unknown as CoverageGap;
const found = (at: string, severity = 'high'): Detection => ({ id: at, detected_at: `2026-11-26T${at}:00Z`, severity }) as Detection;
const known = (more: Partial<Known> = {}): Known => ({
  status, sources: [{ state: 'live' } as Source], gaps: [], ledger: true, detections: [], now, ...more,
});

test('quiet is said plainly, and whether we listened', () => {
  expect(verdict(known())).toMatchObject({ mood: 'quiet', headline: 'Quiet' });
  expect(verdict(known())?.detail).toContain('We listened all the time');
  expect(verdict(known({ gaps: [gap('18:00', '18:12')] }))?.detail).toContain('For 12 min of it a source was not heard');
  expect(verdict(known({ ledger: false }))?.detail).toContain('not known');
});

test('blind is not quiet', () => {
  const blind = verdict(known({ gaps: [gap('19:50', null)], sources: [{ state: 'retrying' } as Source] }));
  expect(blind?.mood).toBe('blind');
  expect(blind?.headline).toMatch(/^Blind since /);
  expect(blind?.detail).toContain('bluesky: the connection was refused');
  expect(blind?.detail).toContain('says nothing');
  const partly = verdict(known({ gaps: [gap('19:50', null)] }));
  expect(partly?.mood).toBe('partly');
  expect(partly?.headline).toContain('partly blind');
});

test('what rose is counted in the last hours of what was read, and old ones are not', () => {
  const detections = [found('19:59', 'high'), found('18:00', 'low'), found('16:59')];
  expect(recent(detections, Date.parse('2026-11-26T20:00:00Z'))).toHaveLength(2);
  expect(verdict(known({ detections }))).toMatchObject({ mood: 'rising', headline: '2 detections in the last 3 hours, 1 of high severity' });
  expect(verdict(known({ detections: [found('10:00')] }))?.mood).toBe('quiet');
});

test('what is read of a severity is bounded, and the sentence says so', () => {
  const many = Array.from({ length: 50 }, (_, i) => ({ ...found('19:59', 'low'), id: String(i) }));
  expect(verdict(known({ detections: many }))?.headline).toBe('At least 50 detections in the last 3 hours');
});

test('the end of the last day is not the end of what was read', () => {
  const replayed = { event_time: { first: null, last: '2026-11-27T00:00:00Z' }, watermark: '2026-11-26T20:00:00Z' } as unknown as Status;
  expect(verdict(known({ status: replayed, detections: [found('19:59')] }))?.mood).toBe('rising');
});

test('before anything closed, and before anything is known, nothing is claimed', () => {
  expect(verdict(known({ status: { event_time: { first: null, last: null } } as Status }))?.mood).toBe('waiting');
  expect(verdict(known({ status: null }))).toBeNull();
  expect(verdict(known({ detections: null }))).toBeNull();
});

test('files that were read are not listened to', () => {
  expect(verdict(known({ sources: [{ state: 'done' } as Source], ledger: false }))?.detail).toContain('Nothing is wrong: the recording ended');
});

test('a recording has one end: the minute of its last post, and never beyond what is closed', () => {
  const at = (time: string): number => Date.parse(`2026-11-26T${time}:00Z`);
  const done = (last: string | null): Source => ({ state: 'done', last_event: last }) as unknown as Source;
  const of = (last: string): Status => ({ event_time: { first: null, last }, watermark: '2026-11-26T20:00:00Z' }) as unknown as Status;
  const day = of('2026-11-27T00:00:00Z');
  expect(closedUntil(day, [done('2026-11-26T20:10:00Z'), done('2026-11-26T20:08:00Z')])).toBe(at('20:11'));
  expect(closedUntil(of('2026-11-26T20:05:00Z'), [done('2026-11-26T20:10:00Z')])).toBe(at('20:05'));
  expect(closedUntil(day, [done(null)])).toBe(at('20:00'));
  expect(closedUntil(day, [done('2026-11-26T18:00:00Z')])).toBe(at('20:00'));
  expect(closedUntil(day, [done('2026-11-26T20:10:00Z'), { state: 'live' } as Source])).toBe(at('20:00'));
});

test('ages are told against the end of a recording, and against the clock where somebody listens', () => {
  const done = { state: 'done', last_event: '2026-11-26T19:59:00Z' } as Source;
  const of = (state: Source['state']): Source => ({ state }) as Source;
  const later = now + 30 * 86_400_000;
  expect(present(status, [done], later)).toBe(Date.parse('2026-11-26T20:00:00Z'));
  expect(present(status, [done, of('reading')], later)).toBe(Date.parse('2026-11-26T20:00:00Z'));
  for (const state of ['live', 'idle', 'connecting', 'retrying', 'failed', 'stopped'] as const) {
    expect(recorded([done, of(state)])).toBe(false);
    expect(present(status, [done, of(state)], later)).toBe(later);
  }
  expect(present(status, null, later)).toBe(later);
  expect(present(status, [], later)).toBe(later);
  expect(present(null, [done], later)).toBe(later);
});

test('how it stands is one plain sentence, and none where something is not well', () => {
  const live = { state: 'live' } as Source;
  expect(plainly(known())).toContain('Nothing is wrong: every source');
  expect(plainly(known({ sources: [{ state: 'done' } as Source] }))).toContain('Nothing is wrong: the recording ended');
  expect(plainly(known({ gaps: [gap('19:50', null)] }))).toContain('Partly blind since');
  for (const state of ['failed', 'retrying', 'connecting'] as const) expect(plainly(known({ sources: [live, { state } as Source] }))).toBeNull();
  expect(plainly(known({ sources: [] }))).toBeNull();
});

test('gaps that overlap count once', () => {
  const at = (time: string): number => Date.parse(`2026-11-26T${time}:00Z`);
  expect(missedMs([gap('18:10', '18:30'), gap('18:00', '18:20'), gap('10:00', '17:30')], at('17:00'), at('20:00'))).toBe(60 * 60_000);
  expect(missedMs([gap('19:50', null)], at('17:00'), at('20:00'))).toBe(10 * 60_000);
});
