// Who decided on a watch: the acts of the audit log that name it.
import type { AuditEntry } from '../api/types';

export interface Decision {
  number: number;
  time: string;
  account: string;
  act: 'watch_made' | 'watch_changed' | 'watch_renewed' | 'watch_ended';
}

const ACTS = ['watch_made', 'watch_changed', 'watch_renewed', 'watch_ended'] as const;
/** Acts that are shown: of more, the newest. */
export const DECISIONS_MAX = 50;

function names(line: string, watch: string): boolean {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null && (entry as { watch?: unknown }).watch === watch;
  } catch {
    return false; // No entry of ours.
  }
}

/** Those of a watch, newest first. */
export async function decisions(pages: AsyncIterable<readonly AuditEntry[]>, watch: string): Promise<Decision[]> {
  const found: Decision[] = [];
  for await (const page of pages) {
    for (const { number, time, account, act, line } of page) {
      const known = ACTS.find((one) => one === act);
      if (known !== undefined && names(line, watch)) found.push({ number, time, account, act: known });
    }
  }
  return found.toReversed().slice(0, DECISIONS_MAX);
}
