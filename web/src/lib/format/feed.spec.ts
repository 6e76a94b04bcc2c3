import { expect, test } from 'vitest';
import type { Feed } from '../api/types';
import { addresses, delivery, precision, selection } from './feed';

const feed: Feed = {
  name: 'x', kinds: [], watches: [], languages: [], severities: [], budget: null, created: '', items: 0, useful: 0, noise: 0,
  precision: null, precision_interval: null, muted: [], receivers: [], deliveries: [],
};

test('what is not given selects nothing away', () => {
  expect(selection(feed)).toBe('every kind');
  expect(selection({ ...feed, kinds: ['burst'], severities: ['medium', 'high'], watches: ['floods'], budget: 2 })).toMatch(
    /^burst; medium or high severity; about floods; at most 2([.,]0)? false alerts a day$/,
  );
});

test('a precision nobody can know is not made up', () => {
  expect(precision(feed)).toContain('not known');
  expect(precision({ ...feed, useful: 3, noise: 0, precision: 1, precision_interval: [0.44, 1] })).toBe(
    '100 % useful (3 of 3 marked, most likely between 44 % and 100 %)',
  );
});

test('a name cannot lead elsewhere', () => {
  expect(addresses('a/../b', 'http://x').map(({ url }) => url)).toEqual([
    'http://x/feeds/a%2F..%2Fb.atom', 'http://x/feeds/a%2F..%2Fb.json', 'http://x/feeds/a%2F..%2Fb/stream',
  ]);
});

test('how deliveries stand is said without a time that is not known', () => {
  const one = { name: 'newsroom', waiting: 0, dead: 0, delivered: null, failed: null, trouble: null };
  expect(delivery(one)).toBe('nothing delivered yet; 0 waiting');
  const said = delivery({ ...one, waiting: 3, dead: 2, delivered: '2026-11-25T14:00:00Z', failed: '2026-11-25T14:02:00Z', trouble: 'it answered 500' });
  expect(said).toMatch(/^delivered last .+; 3 waiting; 2 could not be delivered; failed last .+$/);
});
