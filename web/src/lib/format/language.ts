// Names of languages in the reader's language.

let names: Intl.DisplayNames | null | undefined;

function displayNames(): Intl.DisplayNames | null {
  if (names === undefined) {
    try {
      names = new Intl.DisplayNames([...navigator.languages], { type: 'language', fallback: 'none' });
    } catch {
      names = null;
    }
  }
  return names;
}

/** `Portuguese` for `pt`; `not recognised` for `und`; the code itself where it has no name. */
export function languageName(code: string): string {
  if (code === 'und') return 'Not recognised';
  if (code === 'other') return 'Other languages';
  try {
    return displayNames()?.of(code) ?? code;
  } catch {
    return code; // Not a language tag.
  }
}
