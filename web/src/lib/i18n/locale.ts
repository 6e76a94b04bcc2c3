// In which language numbers, dates and names are written. Kept apart from the messages, which are made of them.

let current: string | undefined;

/** A BCP 47 tag; undefined: as the machine has it. */
export function locale(): string | undefined {
  return current;
}

export function setLocale(tag: string | undefined): void {
  current = tag;
}

/** Something that costs to make, such as a formatter: made once a language. */
export function perLocale<T>(make: (locale: string | undefined) => T): () => T {
  const made = new Map<string | undefined, T>();
  return () => {
    const found = made.get(current) ?? make(current);
    made.set(current, found);
    return found;
  };
}
