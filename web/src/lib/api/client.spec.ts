import { expect, test, vi } from 'vitest';
import { Api, ApiError, PAGES_MAX, TIMEOUT_MS } from './client';

const json = (body: unknown, status = 200, type = 'application/json'): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': type } });

test('all pages of a table are followed', async () => {
  const asked: string[] = [];
  const api = new Api('', async (url) => {
    asked.push(url);
    return json(asked.length === 1 ? { items: [{ start: 'a' }], next: 'c&1' } : { items: [{ start: 'b' }], next: null });
  });
  expect(await api.volumes('total', 'minute', null)).toEqual([{ start: 'a' }, { start: 'b' }]);
  expect(asked[1]).toContain('cursor=c%261');
  expect(asked[0]).not.toContain('from=');
});

test('a cursor without end does not hold the page', async () => {
  const fetcher = vi.fn(async () => json({ items: [], next: 'again' }));
  await new Api('', fetcher).volumes('total', 'minute', null);
  expect(fetcher).toHaveBeenCalledTimes(PAGES_MAX);
});

test('a problem document says what happened', async () => {
  const api = new Api('', async () => json({ title: 'no such step', detail: 'one of minute, hour, day', code: 'bad_step' }, 400, 'application/problem+json'));
  await expect(api.status()).rejects.toMatchObject({ message: 'no such step: one of minute, hour, day', status: 400, code: 'bad_step' });
});

test("a proxy's page gives the status", async () => {
  const api = new Api('', async () => new Response('<html>', { status: 502 }));
  await expect(api.status()).rejects.toMatchObject({ message: 'the server answered with status 502', status: 502 });
});

test('no answer and half an answer are told apart', async () => {
  const away = new Api('', async () => {
    throw new TypeError('Failed to fetch');
  });
  await expect(away.status()).rejects.toMatchObject({ status: 0, message: 'the server cannot be reached' });
  const cut = new Api('', async () => new Response('{"items":'));
  await expect(cut.status()).rejects.toBeInstanceOf(ApiError);
});

test('what does not answer in time is given up', async () => {
  vi.useFakeTimers();
  const api = new Api('', (_url, init) => new Promise((_, reject) => {
    init?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
  }));
  const answer = expect(api.status()).rejects.toMatchObject({ message: 'the server did not answer in time' });
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
  await answer;
  vi.useRealTimers();
});

test('all pages of the ledger are followed, and the gaps are told once', async () => {
  let page = 0;
  const gap = { source: 'a' };
  const api = new Api('', async () => json({ items: [{ start: String((page += 1)) }], gaps: [gap], next: page === 1 ? 'c' : null }));
  expect(await api.coverage('minute', null)).toEqual({ items: [{ start: '1' }, { start: '2' }], gaps: [gap] });
});

test('a session that has ended is told once an answer says so, and signing out sends what another site cannot know', async () => {
  const sent: [string, RequestInit | undefined][] = [];
  let status = 401;
  const api = new Api('', async (url, init) => {
    sent.push([url, init]);
    return status === 204 ? new Response(null, { status }) : json({ title: 'this service asks who reads', code: 'sign_in_needed' }, status, 'application/problem+json');
  });
  api.onsignedout = vi.fn();
  await expect(api.status()).rejects.toMatchObject({ status: 401, code: 'sign_in_needed' });
  expect(api.onsignedout).toHaveBeenCalledTimes(1);
  status = 204;
  await api.signOut('abc');
  expect(sent[1]).toEqual(['/api/v1/session', { method: 'DELETE', headers: { 'x-groundswell-csrf': 'abc' } }]);
  expect(api.onsignedout).toHaveBeenCalledTimes(2);
  status = 403;
  await expect(api.signOut('abc')).rejects.toMatchObject({ status: 403 });
  expect(api.onsignedout).toHaveBeenCalledTimes(2);
});

test('a feed is tried with the token of the session, and what it would have told comes back', async () => {
  const sent: [string, RequestInit | undefined][] = [];
  const answer = { trial: { detections: 0, days: [] }, newest: [] };
  const api = new Api('', async (url, init) => {
    sent.push([url, init]);
    return sent.length === 1 ? json(answer) : json({ title: 'the body cannot be read', detail: 'budget: expected …' }, 400, 'application/problem+json');
  });
  expect(await api.tryFeed({ kinds: ['burst'] }, 'abc')).toEqual(answer);
  expect(sent[0]?.[0]).toBe('/api/v1/trials');
  expect(sent[0]?.[1]).toMatchObject({ method: 'POST', body: '{"kinds":["burst"]}', headers: { 'x-groundswell-csrf': 'abc' } });
  await expect(api.tryFeed({}, null)).rejects.toMatchObject({ status: 400, message: 'the body cannot be read: budget: expected …' });
});

test('marks of a detection that is not in a feed are none', async () => {
  const asked: string[] = [];
  const marks = { pinned: true, mark: null, notes: [] };
  const api = new Api('', async (url) => {
    asked.push(url);
    return asked.length === 1 ? json({ marks }) : json({}, 404);
  });
  expect(await api.feedMarks('a b', 'burst-b7')).toEqual(marks);
  expect(asked[0]).toBe('/api/v1/feeds/a%20b/marks?detection=burst-b7');
  expect(await api.feedMarks('x', 'burst-b7')).toBeNull();
});
