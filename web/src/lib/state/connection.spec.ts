import { expect, test } from 'vitest';
import type { Status } from '../api/types';
import { CONNECTING_MS, connection } from './connection';

const T = 1_700_000_000_000;
const of = (more: Partial<Parameters<typeof connection>[0]> = {}): ReturnType<typeof connection> =>
  connection({ disconnected: false, stream: 'connecting', status: null, now: T, connectingSince: T, ...more });
const status = {} as Status;

test('a connection that is being made is no trouble, until it takes some seconds', () => {
  for (const waited of [0, 1_000, CONNECTING_MS - 1]) {
    expect(of({ now: T + waited })).toBe('reading');
    // What is known already is shown as it is.
    expect(of({ now: T + waited, status })).toBe('well');
  }
  for (const waited of [CONNECTING_MS, 60_000]) {
    expect(of({ now: T + waited })).toBe('connecting');
    expect(of({ now: T + waited, status })).toBe('connecting');
    expect(of({ now: T + waited, status, stream: 'open' })).toBe('well');
  }
});

test('what is trouble is said at once', () => {
  expect(of({ disconnected: true, status })).toBe('none');
  expect(of({ stream: 'lost', status })).toBe('polling');
});
