// What the command palette finds: pages, what this installation has by name, and things to do.
import type { Detection, Feed, Watch } from '../api/types';
import { titleOf } from '../i18n/title';
import { t } from '../i18n/speech.svelte';
import { ENTRIES, address } from './pages';
import { href } from './router.svelte';

export interface Command {
  id: string;
  name: string;
  /** What kind of thing it is. */
  kind: string;
  /** Where it leads, or what it does. */
  to: string | (() => void);
}

/** Shown at a time. */
export const SHOWN_MAX = 10;
/** Longest beginning of a name that is looked at: names are made by others. */
const NAME_CHARACTERS_MAX = 200;

export interface Things {
  watches: readonly Watch[];
  feeds: readonly Feed[];
  detections: readonly Detection[];
  edits: boolean;
  acts: readonly { name: string; run: () => void }[];
}

export function commands({ watches, feeds, detections, edits, acts }: Things): Command[] {
  const cut = (text: string): string => [...text].slice(0, NAME_CHARACTERS_MAX).join('');
  return [
    ...ENTRIES.map((entry) => ({ id: `page ${entry.page}`, name: t().pages[entry.page], kind: t().palette.kinds.page, to: address(entry) })),
    { id: 'page wall', name: t().pages.wall, kind: t().palette.kinds.page, to: '/wall' },
    { id: 'page settings', name: t().pages.settings, kind: t().palette.kinds.page, to: '/settings' },
    ...(edits ? [{ id: 'new watch', name: t().acts.newWatch, kind: t().palette.kinds.act, to: '/watches?new=1' }] : []),
    ...acts.map(({ name, run }) => ({ id: `act ${name}`, name, kind: t().palette.kinds.act, to: run })),
    ...(['language', 'hashtag', 'term', 'domain', 'source'] as const).map((by) => ({ id: `explore ${by}`, name: t().palette.explore[by], kind: t().palette.kinds.page, to: `/explore?by=${by}` })),
    ...watches.map(({ name }) => ({ id: `watch ${name}`, name: cut(name), kind: t().palette.kinds.watch, to: href({ page: 'watch', name }) })),
    ...feeds.map(({ name }) => ({ id: `feed ${name}`, name: cut(name), kind: t().palette.kinds.feed, to: href({ page: 'feed', name }) })),
    ...detections.map((detection) => ({ id: `detection ${detection.id}`, name: cut(titleOf(detection).text), kind: t().palette.kinds.detection, to: href({ page: 'detection', id: detection.id }) })),
  ];
}

/** Those in which every word that was typed begins a word, or at least stands; the former first, in their order otherwise. */
export function find(all: readonly Command[], typed: string): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const ranked = all.flatMap((command) => {
    const name = `${command.name} ${command.kind}`.toLowerCase();
    if (!words.every((word) => name.includes(word))) return [];
    const begins = words.every((word) => name.startsWith(word) || name.includes(` ${word}`));
    return [{ command, rank: words.length === 0 || begins ? 0 : 1 }];
  });
  return ranked.toSorted((a, b) => a.rank - b.rank).slice(0, SHOWN_MAX).map(({ command }) => command);
}
