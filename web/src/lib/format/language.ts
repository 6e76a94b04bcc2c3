// Names of languages in the reader's language.
import { perLocale } from '../i18n/locale';
import { t } from '../i18n/speech.svelte';

const displayNames = perLocale((locale) => {
  try {
    return new Intl.DisplayNames(locale === undefined ? [...navigator.languages] : [locale], { type: 'language', fallback: 'none' });
  } catch {
    return null;
  }
});

/** `Portuguese` for `pt`; `not recognised` for `und`; the code itself where it has no name. */
export function languageName(code: string): string {
  if (code === 'und') return t().language.und;
  if (code === 'other') return t().language.other;
  try {
    return displayNames()?.of(code) ?? code;
  } catch {
    return code; // Not a language tag.
  }
}

/** `Portuguese + English` for `pt+en`. */
export function languageNames(codes: string): string {
  return codes.split('+').map(languageName).join(' + ');
}

/** Every two letters that the reader's language has a name for. */
const codes = perLocale(() => {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  const found = new Map<string, string>();
  for (const one of letters) {
    for (const other of letters) {
      const [code] = Intl.getCanonicalLocales(one + other);
      // Old codes, such as `iw` for Hebrew, are written as the new ones.
      if (code !== undefined && languageName(code) !== code) found.set(languageName(code).toLocaleLowerCase(), code);
    }
  }
  return found;
});

/** `pt` for `Portuguese`, in the reader's language; what is no name of one stays, and the server says what it thinks of it. */
export function languageCode(text: string): string {
  return codes().get(text.toLocaleLowerCase()) ?? text;
}
