// Names of countries in the reader's language.
import { perLocale } from '../i18n/locale';

const displayNames = perLocale((locale) => {
  try {
    return new Intl.DisplayNames(locale === undefined ? [...navigator.languages] : [locale], { type: 'region', fallback: 'none' });
  } catch {
    return null;
  }
});

/** `Portugal` for `PT`; the value itself where it has no name. */
export function countryName(code: string): string {
  try {
    return displayNames()?.of(code) ?? code;
  } catch {
    return code; // Not a country: `other`.
  }
}
