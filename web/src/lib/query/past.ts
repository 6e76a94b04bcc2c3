// What released tables say of the parts of a query.
import type { Api } from '../api/client';
import type { QueryPart } from '../api/types';
import { VALUE_CHARACTERS_MAX } from '../state/curves';
import { STEP_MS, isoSecond, parseTime } from '../format/time';

export interface Table {
  by: 'term' | 'hashtag' | 'domain';
  value: string;
}

/** The table that counts a part as it is; null where none does (phrases, beginnings, and what only narrows). */
export function tableOfPart(part: QueryPart): Table | null {
  const text = part.text.toLowerCase();
  if (text.length > VALUE_CHARACTERS_MAX) return null;
  if (part.kind === 'word') return { by: 'term', value: text };
  if (part.kind === 'hashtag') return { by: 'hashtag', value: text.replace(/^#/, '') };
  if (part.kind === 'field' && text.startsWith('domain:')) return { by: 'domain', value: text.slice('domain:'.length) };
  return null;
}

export interface Past {
  text: string;
  /** Posts of the hours that are shown. */
  posts: number;
  hours: number;
}

/** The last 24 whole hours before a moment. */
export async function past(api: Api, parts: readonly (Table & { text: string })[], until: string): Promise<Past[]> {
  const end = Math.floor((parseTime(until) ?? 0) / STEP_MS.hour) * STEP_MS.hour;
  return Promise.all(
    parts.map(async ({ text, by, value }) => {
      const rows = await api.volumes(by, 'hour', isoSecond(end - STEP_MS.day), { to: isoSecond(end), value });
      const shown = rows.flatMap((row) => (row.suppressed === true || typeof row.posts !== 'number' ? [] : [row.posts]));
      return { text, posts: shown.reduce((sum, posts) => sum + posts, 0), hours: shown.length };
    }),
  );
}
