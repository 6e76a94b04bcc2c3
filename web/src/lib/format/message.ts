// What a receiver would see of a message, out of what would be sent to it.
import type { FeedMessage } from '../api/types';

export interface Seen {
  /** The first line stands out, as in the receiver's own program. */
  title: string;
  lines: string[];
}

const entities = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/** Slack's marks taken away: `<url|words>` are words with their address, what stands between stars is the title. */
function ofSlack(text: string): Seen {
  const lines = text.split('\n').map((line) => entities(line.replace(/<(https?:[^|>]+)\|([^>]+)>/g, '$2: $1')));
  const [first = '', ...rest] = lines;
  return { title: first.replace(/^\*(.*)\*$/, '$1'), lines: rest.map((line) => line.replace(/^`(.*)`$/, '$1')) };
}

/** The blocks of an adaptive card, without the strokes that keep Markdown from being read out of them. */
function ofCard(body: { attachments?: { content?: { body?: { text?: string }[]; actions?: { title?: string; url?: string }[] } }[] }): Seen {
  const card = body.attachments?.[0]?.content;
  const texts = (card?.body ?? []).map(({ text }) => (text ?? '').replaceAll(/\\([[\]*_`\\#])/g, '$1'));
  const links = (card?.actions ?? []).map(({ title, url }) => `${title ?? ''}: ${url ?? ''}`);
  return { title: texts[0] ?? '', lines: [...texts.slice(1), ...links] };
}

export function seen({ kind, subject, body }: FeedMessage): Seen {
  if (kind === 'email') return { title: subject ?? '', lines: body.split('\n') };
  try {
    const read: unknown = JSON.parse(body);
    if (typeof read !== 'object' || read === null) return { title: '', lines: [body] };
    if (kind === 'slack') return ofSlack(String((read as { text?: unknown }).text ?? ''));
    if (kind === 'teams') return ofCard(read);
    return { title: '', lines: JSON.stringify(read, null, 2).split('\n') };
  } catch {
    return { title: '', lines: [body] };
  }
}
