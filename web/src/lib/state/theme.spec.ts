import { beforeEach, expect, test } from 'vitest';
import { ThemeState } from './theme.svelte';

class Media extends EventTarget {
  constructor(public matches: boolean) {
    super();
  }
  set(matches: boolean): void {
    this.matches = matches;
    this.dispatchEvent(Object.assign(new Event('change'), { matches }));
  }
}
const make = (media: Media): ThemeState => new ThemeState(media as unknown as MediaQueryList);

beforeEach(() => localStorage.clear());

test('follows the system until the reader chooses', () => {
  const media = new Media(false);
  const theme = make(media);
  expect(theme.current).toBe('light');
  media.set(true);
  expect(theme.current).toBe('dark');
  expect(document.documentElement.dataset['theme']).toBe('dark');
});

test('a choice outlasts the page, and choosing what the system says follows it again', () => {
  const media = new Media(false);
  make(media).toggle();
  expect(make(new Media(false)).current).toBe('dark');
  const theme = make(new Media(false));
  theme.toggle();
  expect(theme.current).toBe('light');
  expect(localStorage.length).toBe(0);
});

test('a stored value that is no theme is ignored', () => {
  localStorage.setItem('groundswell.theme', 'purple');
  expect(make(new Media(true)).current).toBe('dark');
});
