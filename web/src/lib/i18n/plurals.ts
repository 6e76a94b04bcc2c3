// Plural forms: the languages here have one for one and one for many (and Intl knows which numbers are which).

/** Picks the word for a number: `n(1, 'post', 'posts')`. */
export function plurals(language: string): (count: number, one: string, many: string) => string {
  const rules = new Intl.PluralRules(language);
  return (count, one, many) => (rules.select(count) === 'one' ? one : many);
}
