// How the page stands with the server: said as trouble only once it is some.
import type { Dashboard } from './dashboard.svelte';

/** A connection that is made sooner is no news: each visit begins with one, behind all that is read first. */
export const CONNECTING_MS = 8_000;

export type Connection = 'none' | 'polling' | 'connecting' | 'reading' | 'well';

export function connection({ disconnected, stream, status, now, connectingSince }: Pick<Dashboard, 'disconnected' | 'stream' | 'status' | 'now' | 'connectingSince'>): Connection {
  if (disconnected) return 'none';
  if (stream === 'lost') return 'polling';
  if ((stream === 'connecting' || status === null) && now - connectingSince >= CONNECTING_MS) return 'connecting';
  return status === null ? 'reading' : 'well';
}
