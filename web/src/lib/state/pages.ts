// Under which entry of the navigation it stands, and what it needs to know.
import type { Section } from './dashboard.svelte';
import { href, type Route } from './router.svelte';

export interface Entry {
  page: 'now' | 'explore' | 'narratives' | 'watches' | 'feeds' | 'sources' | 'audit';
  /** Key that leads there after `g`. */
  key: string;
}

export const ENTRIES: readonly Entry[] = [
  { page: 'now', key: 'n' },
  { page: 'explore', key: 'x' },
  { page: 'narratives', key: 's' },
  { page: 'watches', key: 'w' },
  { page: 'feeds', key: 'f' },
  { page: 'sources', key: 'o' },
  { page: 'audit', key: 'a' },
];

export function address(entry: Entry): string {
  return href({ page: entry.page });
}

interface Page {
  under: Entry['page'] | null;
  shows: readonly Section[];
  /** Whether its windows are minutes, hours or days as the reader chooses. */
  steps?: true;
  /** Shown without what stands around the others. */
  bare?: true;
}

export const PAGES: Record<Route['page'], Page> = {
  now: { under: 'now', shows: ['detections', 'total', 'coverage', 'tops', 'narratives'], steps: true },
  detection: { under: 'now', shows: [] },
  explore: { under: 'explore', shows: [] },
  narratives: { under: 'narratives', shows: ['narratives'] },
  narrative: { under: 'narratives', shows: ['narratives'] },
  watches: { under: 'watches', shows: ['watches', 'coverage'], steps: true },
  watch: { under: 'watches', shows: ['watches', 'coverage'], steps: true },
  feeds: { under: 'feeds', shows: ['feeds'] },
  feed: { under: 'feeds', shows: ['feeds'] },
  wall: { under: 'now', shows: ['detections', 'total', 'coverage', 'narratives'], steps: true, bare: true },
  sources: { under: 'sources', shows: ['coverage'], steps: true },
  settings: { under: null, shows: [] },
  audit: { under: 'audit', shows: ['audit'] },
  unknown: { under: null, shows: [] },
};
