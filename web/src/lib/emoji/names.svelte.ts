// What emoji are called in the reader's language: the short names of Unicode CLDR. scripts/emoji/build.mjs makes the tables. Most pages
// show no emoji, so a table is loaded when the first one is to be shown; until then, and where it cannot be loaded, an emoji has no name.
import { LANGUAGES, type Language } from '../i18n/choose';
import { speech } from '../i18n/speech.svelte';
import en from './en.txt?url';
import fr from './fr.txt?url';

type Table = ReadonlyMap<string, string>;

const TABLES: Record<Language, string> = { en, fr };

export function tableOf(lines: string): Table {
  return new Map(lines.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t', 2) as [string, string]])));
}

class Names {
  tables = $state.raw<Partial<Record<Language, Table>>>({});
  readonly asked = new Set<Language>();

  async load(language: Language): Promise<void> {
    if (this.asked.has(language)) return;
    this.asked.add(language);
    try {
      const answer = await fetch(TABLES[language]);
      if (answer.ok) this.tables = { ...this.tables, [language]: tableOf(await answer.text()) };
    } catch {
      // Without a table emoji have no names, which is no trouble that a reader must hear of.
    }
  }
}

const names = new Names();

/** For tests: as if each had been asked for and come. */
export async function loadNames(): Promise<void> {
  await Promise.all(LANGUAGES.map((language) => names.load(language)));
}

/** One sign: keys of digits end with their frame, everything else is no letter and no digit. */
const SIGN = /^(?:[#*\d]\ufe0f?\u20e3|[^\p{L}\p{N}\s]+)$/u;

/** `fire` for `🔥`; null for what is no emoji, and as long as the table is on its way. */
export function emojiName(term: string): string | null {
  if (!SIGN.test(term)) return null;
  const { language } = speech;
  const table = names.tables[language];
  if (table === undefined) {
    void names.load(language);
    return null;
  }
  return table.get(term.replaceAll('\ufe0f', '')) ?? null;
}

/** `🔥 (fire)`; a word as it is. */
export function termName(term: string): string {
  const name = emojiName(term);
  return name === null ? term : `${term} (${name})`;
}
