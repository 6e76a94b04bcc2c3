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

function watchOf(line: string): string | null {
  try {
    const entry: unknown = JSON.parse(line);
    const watch = typeof entry === 'object' && entry !== null ? (entry as { watch?: unknown }).watch : null;
    return typeof watch === 'string' ? watch : null;
  } catch {
    return null; // No entry of ours.
  }
}

/** Who made each watch, by its name: the last time, where a name was used again. */
export async function makers(pages: AsyncIterable<readonly AuditEntry[]>): Promise<Map<string, Decision>> {
  const found = new Map<string, Decision>();
  for await (const page of pages) {
    for (const { number, time, account, act, line } of page) {
      const watch = act === 'watch_made' ? watchOf(line) : null;
      if (watch !== null) found.set(watch, { number, time, account, act: 'watch_made' });
    }
  }
  return found;
}

/** Those of a watch, newest first. */
export async function decisions(pages: AsyncIterable<readonly AuditEntry[]>, watch: string): Promise<Decision[]> {
  const found: Decision[] = [];
  for await (const page of pages) {
    for (const { number, time, account, act, line } of page) {
      const known = ACTS.find((one) => one === act);
      if (known !== undefined && watchOf(line) === watch) found.push({ number, time, account, act: known });
    }
  }
  return found.toReversed().slice(0, DECISIONS_MAX);
}
