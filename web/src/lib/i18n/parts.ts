// A message taken apart at its parts.

export interface Part {
  /** Empty: words as they are. */
  name: string;
  words: string;
}

const PART = /\{(\w+)(?:\|([^{}]*))?\}/g;

export function parts(text: string): Part[] {
  const found: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(PART)) {
    if (match.index > at) found.push({ name: '', words: text.slice(at, match.index) });
    found.push({ name: match[1] ?? '', words: match[2] ?? '' });
    at = match.index + match[0].length;
  }
  if (at < text.length) found.push({ name: '', words: text.slice(at) });
  return found;
}
