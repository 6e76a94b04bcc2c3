// What the page says, in the language that it speaks. English is there from the start; another language is loaded when it is spoken.
import { LANGUAGES, choose, store, stored, type Language } from './choose';
import { en, type Messages } from './en';
import { setLocale } from './locale';

const LOADERS: Record<Language, () => Promise<Messages>> = {
  en: () => Promise.resolve(en),
  fr: async () => (await import('./fr')).fr,
};

class Speech {
  language = $state<Language>('en');
  messages = $state.raw<Messages>(en);
  /** Where the language was chosen: the page is made anew, and the focus goes back there. */
  from: 'settings' | 'foot' | null = null;

  /** Begins to speak; where a language cannot be loaded, it stays with the one before and says no. */
  async speak(chosen: Language | null = stored()): Promise<boolean> {
    const { language, locale } = choose(chosen, [...navigator.languages]);
    try {
      const messages = await LOADERS[language]();
      setLocale(locale);
      this.messages = messages;
      this.language = language;
      document.documentElement.lang = language;
      return true;
    } catch {
      setLocale(choose(this.language, [...navigator.languages]).locale);
      return false;
    }
  }

  /** The reader's choice, which is kept. */
  async choose(language: Language, from: 'settings' | 'foot' | null = null): Promise<boolean> {
    this.from = from;
    if (!(await this.speak(language))) return false;
    store(language);
    return true;
  }
}

export const speech = new Speech();
export { LANGUAGES };

/** What the page says. */
export function t(): Messages {
  return speech.messages;
}

/** The language of what the server says, where it is not the page's own: for `lang`. */
export function servers(): 'en' | undefined {
  return speech.language === 'en' ? undefined : 'en';
}

/** A word of the server's in the language of the page; the word itself where it is new. */
export function word(words: Readonly<Record<string, string>>, key: string): string {
  return Object.hasOwn(words, key) ? (words[key] ?? key) : key;
}
