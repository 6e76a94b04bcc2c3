// Which language the page speaks: the reader's choice, else the first of the browser's languages that it knows, else English.

export const LANGUAGES = ['en', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

/** How each calls itself. */
export const NAMES: Record<Language, string> = { en: 'English', fr: 'Français' };

const KEY = 'groundswell.language';

const base = (tag: string): string => tag.toLowerCase().split('-')[0] ?? '';
const known = (text: string | null): Language | null => LANGUAGES.find((one) => one === text) ?? null;

export interface Choice {
  language: Language;
  /** For numbers, dates and names. */
  locale: string | undefined;
}

/**
 * Numbers and dates are written as the reader's own region writes the language of the page. A reader whose languages the page does not
 * speak keeps their own numbers beside English words, as long as they chose nothing.
 */
export function choose(chosen: Language | null, preferred: readonly string[]): Choice {
  const heard = preferred.find((tag) => known(base(tag)) !== null);
  const language = chosen ?? known(base(heard ?? '')) ?? 'en';
  const own = preferred.find((tag) => base(tag) === language);
  return { language, locale: own ?? (chosen === null ? preferred[0] : language) };
}

export function stored(): Language | null {
  try {
    return known(localStorage.getItem(KEY));
  } catch {
    return null; // Storage is closed to the page; the choice then lasts as long as the page.
  }
}

export function store(language: Language): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // As above.
  }
}
