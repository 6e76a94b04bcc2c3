// What each page is called, under which entry of the navigation it stands, and what it needs to know.
import type { Section } from './dashboard.svelte';
import { href, type Route } from './router.svelte';

export interface Entry {
  page: 'now' | 'explore' | 'narratives' | 'watches' | 'feeds' | 'sources' | 'audit';
  name: string;
  /** Key that leads there after `g`. */
  key: string;
}

export const ENTRIES: readonly Entry[] = [
  { page: 'now', name: 'Now', key: 'n' },
  { page: 'explore', name: 'Explore', key: 'x' },
  { page: 'narratives', name: 'Narratives', key: 's' },
  { page: 'watches', name: 'Watches', key: 'w' },
  { page: 'feeds', name: 'Feeds', key: 'f' },
  { page: 'sources', name: 'Sources', key: 'o' },
  { page: 'audit', name: 'Audit', key: 'a' },
];

export function address(entry: Entry): string {
  return href({ page: entry.page });
}

interface Page {
  title: string;
  under: Entry['page'] | null;
  shows: readonly Section[];
  /** Whether its windows are minutes, hours or days as the reader chooses. */
  steps?: true;
  /** Shown without what stands around the others. */
  bare?: true;
}

export const PAGES: Record<Route['page'], Page> = {
  now: { title: 'Now', under: 'now', shows: ['detections', 'total', 'coverage', 'tops', 'narratives'], steps: true },
  detection: { title: 'Detection', under: 'now', shows: [] },
  explore: { title: 'Explore', under: 'explore', shows: [] },
  narratives: { title: 'Narratives', under: 'narratives', shows: ['narratives'] },
  narrative: { title: 'Narrative', under: 'narratives', shows: ['narratives'] },
  watches: { title: 'Watches', under: 'watches', shows: ['watches', 'coverage'], steps: true },
  watch: { title: 'Watch', under: 'watches', shows: ['watches', 'coverage'], steps: true },
  feeds: { title: 'Feeds', under: 'feeds', shows: ['feeds'] },
  feed: { title: 'Feed', under: 'feeds', shows: ['feeds'] },
  wall: { title: 'Wall', under: 'now', shows: ['detections', 'total', 'coverage', 'narratives'], steps: true, bare: true },
  sources: { title: 'Sources', under: 'sources', shows: ['coverage'], steps: true },
  audit: { title: 'Audit', under: 'audit', shows: ['audit'] },
  unknown: { title: 'No such page', under: null, shows: [] },
};
