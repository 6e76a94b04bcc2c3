import { afterEach, expect, test, vi } from 'vitest';
import { Router, href, ownLink, parseRoute, type Route } from './router.svelte';

afterEach(() => {
  history.replaceState(null, '', '/');
  document.body.replaceChildren();
});

test.each<[string, Route]>([
  ['/', { page: 'now' }],
  ['', { page: 'now' }],
  ['/explore', { page: 'explore' }],
  ['/wall', { page: 'wall' }],
  ['/narratives', { page: 'narratives' }],
  ['/narratives/', { page: 'narratives' }],
  ['/narratives/n1a2', { page: 'narrative', id: 'n1a2' }],
  ['/detections/burst-b7', { page: 'detection', id: 'burst-b7' }],
  ['/amplifications/a7', { page: 'detection', id: 'amplification-a7' }],
  ['/watches/River%20floods', { page: 'watch', name: 'River floods' }],
  ['/feeds', { page: 'feeds' }],
  ['/feed/everything', { page: 'feed', name: 'everything' }],
  ['/sources', { page: 'sources' }],
  ['/audit', { page: 'audit' }],
  ['/feeds/everything', { page: 'unknown' }],
  ['/detections', { page: 'unknown' }],
  ['/detections/a/b', { page: 'unknown' }],
  ['/watches/%', { page: 'unknown' }],
  ['/x', { page: 'unknown' }],
  [`/watches/${'a'.repeat(3_000)}`, { page: 'unknown' }],
])('%s', (path, route) => {
  expect(parseRoute(path)).toEqual(route);
});

test.each(['a', 'a.b', 'a/b', '../x', 'ü ö', '%2F', '\u202Eevil', '<b>', '?x#y'])('an address of %s leads back to it', (name) => {
  for (const route of [{ page: 'watch', name }, { page: 'feed', name }] as const) {
    const address = href(route);
    expect(address.split('/').at(-1)).not.toMatch(/[.?#<]/);
    expect(parseRoute(new URL(address, 'http://x').pathname)).toEqual(route);
  }
});

function click(html: string, init: MouseEventInit = {}): URL | null {
  document.body.innerHTML = html;
  let found: URL | null = null;
  const target = document.querySelector('b') ?? document.querySelector('a');
  target?.addEventListener('click', (event) => {
    found = ownLink(event as MouseEvent, location.origin);
    event.preventDefault();
  });
  target?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, button: 0, ...init }));
  return found;
}

test('links to pages are followed here, all others by the browser', () => {
  expect(click('<a href="/feeds"><b>x</b></a>')?.pathname).toBe('/feeds');
  expect(click('<a href="/detections/a?step=hour">x</a>')?.search).toBe('?step=hour');
  for (const html of [
    '<a href="/feeds/everything.atom">x</a>', '<a href="/api/openapi.json">x</a>', '<a href="https://example.org/feeds">x</a>',
    '<a href="/feeds" target="_blank">x</a>', '<a href="/feeds" download>x</a>', '<a href="#main">x</a>', '<a>x</a>',
  ]) {
    expect(click(html), html).toBeNull();
  }
  expect(click('<a href="/feeds">x</a>', { ctrlKey: true })).toBeNull();
  expect(click('<a href="/feeds">x</a>', { button: 1 })).toBeNull();
});

test('going somewhere tells so, and a choice is in the address', () => {
  const router = new Router();
  router.onmoved = vi.fn();
  vi.spyOn(window, 'scrollTo').mockImplementation(() => {});
  router.go('/detections/burst-b7?step=hour');
  expect(router.route).toEqual({ page: 'detection', id: 'burst-b7' });
  expect(router.query.get('step')).toBe('hour');
  expect(router.onmoved).toHaveBeenCalledTimes(1);
  router.note('step', 'day');
  expect(location.search).toBe('?step=day');
  router.note('step', null);
  expect(`${location.pathname}${location.search}`).toBe('/detections/burst-b7');
  expect(router.onmoved).toHaveBeenCalledTimes(1);
});
