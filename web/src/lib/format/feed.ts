// Feeds in words.
import type { Feed, FeedReceiver } from '../api/types';
import { kindWords } from './detection';
import { languageName } from './language';
import { count, roughly } from './number';
import { dayTime, parseTime } from './time';

/** What a feed selects, as a sentence. */
export function selection(feed: Feed): string {
  const parts = [
    feed.kinds.length > 0 ? feed.kinds.map((kind) => kindWords(kind as never).toLowerCase()).join(', ') : 'every kind',
    ...(feed.severities.length > 0 ? [`${feed.severities.join(' or ')} severity`] : []),
    ...(feed.languages.length > 0 ? [`in ${feed.languages.map(languageName).join(', ')}`] : []),
    ...(feed.watches.length > 0 ? [`about ${feed.watches.join(', ')}`] : []),
    ...(typeof feed.budget === 'number' ? [`at most ${roughly(feed.budget)} false alerts a day`] : []),
  ];
  return parts.join('; ');
}

/** How often it was right, as far as editors said. */
export function precision(feed: Feed): string {
  const marked = feed.useful + feed.noise;
  if (marked === 0 || typeof feed.precision !== 'number') return 'not marked yet, so its precision is not known';
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  const [low, high] = feed.precision_interval ?? [];
  const range = low === undefined || high === undefined ? '' : `, most likely between ${percent(low)} and ${percent(high)}`;
  return `${percent(feed.precision)} useful (${count(feed.useful)} of ${count(marked)} marked${range})`;
}

export interface Address {
  name: string;
  what: string;
  url: string;
}

/** Where a feed is read from elsewhere. */
export function addresses(name: string, origin: string): Address[] {
  const base = `${origin}/feeds/${encodeURIComponent(name)}`;
  return [
    { name: 'Atom', what: 'for feed readers', url: `${base}.atom` },
    { name: 'JSON Feed', what: 'for feed readers and programs', url: `${base}.json` },
    { name: 'Stream', what: 'server-sent events, as they are found', url: `${base}/stream` },
  ];
}

/** How the deliveries of a receiver stand, in one line. */
export function delivery({ waiting, dead, delivered, failed, trouble }: FeedReceiver): string {
  const at = (time: string | null | undefined): string | null => {
    const ms = parseTime(time);
    return ms === null ? null : dayTime(ms);
  };
  const [through, not] = [at(delivered), at(failed)];
  const parts = [
    through === null ? 'nothing delivered yet' : `delivered last ${through}`,
    `${count(waiting)} waiting`,
    ...(dead > 0 ? [`${count(dead)} could not be delivered`] : []),
    ...(not === null ? [] : [`failed last ${not}${typeof trouble === 'string' ? `: ${trouble}` : ''}`]),
  ];
  return parts.join('; ');
}
