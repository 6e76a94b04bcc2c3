// Feeds in words.
import type { Feed, FeedReceiver, Severity } from '../api/types';
import { t, word } from '../i18n/speech.svelte';
import { languageName } from './language';
import { count, percent, roughly } from './number';
import { dayTime, parseTime } from './time';

/** What a feed selects, as a sentence. */
export function selection(feed: Feed): string {
  const parts = [
    feed.kinds.length > 0 ? feed.kinds.map((kind) => word(t().kindsInText, kind)).join(', ') : t().feed.every,
    ...(feed.severities.length > 0 ? [t().feed.severities(feed.severities as Severity[])] : []),
    ...(feed.languages.length > 0 ? [t().feed.inLanguages(feed.languages.map(languageName).join(', '))] : []),
    ...(feed.watches.length > 0 ? [t().feed.about(feed.watches.join(', '))] : []),
    ...(typeof feed.budget === 'number' ? [t().feed.budget(roughly(feed.budget))] : []),
  ];
  return parts.join('; ');
}

/** How often it was right, as far as editors said. */
export function precision(feed: Feed): string {
  const marked = feed.useful + feed.noise;
  if (marked === 0 || typeof feed.precision !== 'number') return t().feed.unmarked;
  const [low, high] = feed.precision_interval ?? [];
  const range = low === undefined || high === undefined ? '' : t().feed.range(percent(low), percent(high));
  return t().feed.precision(percent(feed.precision), count(feed.useful), count(marked), range);
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
    { name: 'Atom', what: t().feed.atom, url: `${base}.atom` },
    { name: 'JSON Feed', what: t().feed.json, url: `${base}.json` },
    { name: t().feed.streamName, what: t().feed.stream, url: `${base}/stream` },
  ];
}

/** How the deliveries of a receiver stand, in one line; what went wrong last is the server's word. */
export function delivery({ waiting, dead, delivered, failed }: FeedReceiver): string {
  const at = (time: string | null | undefined): string | null => {
    const ms = parseTime(time);
    return ms === null ? null : dayTime(ms);
  };
  const [through, not] = [at(delivered), at(failed)];
  const parts = [
    through === null ? t().feed.nothing : t().feed.delivered(through),
    t().feed.waiting(count(waiting)),
    ...(dead > 0 ? [t().feed.dead(count(dead))] : []),
    ...(not === null ? [] : [t().feed.failed(not)]),
  ];
  return parts.join('; ');
}
