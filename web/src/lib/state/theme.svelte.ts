// Light or dark: the system's choice until the reader makes another; choosing what the system says follows it again.

export type Theme = 'light' | 'dark';

const KEY = 'groundswell.theme';

function stored(): Theme | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : null;
  } catch {
    return null; // Storage is closed to the page; the choice then lasts as long as the page.
  }
}

export class ThemeState {
  #system = $state<Theme>('light');
  #chosen = $state<Theme | null>(null);

  constructor(media: MediaQueryList = matchMedia('(prefers-color-scheme: dark)')) {
    this.#system = media.matches ? 'dark' : 'light';
    this.#chosen = stored();
    media.addEventListener('change', (event) => {
      this.#system = event.matches ? 'dark' : 'light';
      this.#apply();
    });
    this.#apply();
  }

  get current(): Theme {
    return this.#chosen ?? this.#system;
  }

  /** What the reader chose; null: as the system has it. */
  get chosen(): Theme | null {
    return this.#chosen;
  }

  toggle(): void {
    const next: Theme = this.current === 'dark' ? 'light' : 'dark';
    this.choose(next === this.#system ? null : next);
  }

  choose(theme: Theme | null): void {
    this.#chosen = theme;
    try {
      if (this.#chosen === null) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, this.#chosen);
    } catch {
      // As in `stored`.
    }
    this.#apply();
  }

  #apply(): void {
    document.documentElement.dataset['theme'] = this.current;
  }
}
