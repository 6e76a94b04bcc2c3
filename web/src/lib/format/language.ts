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
