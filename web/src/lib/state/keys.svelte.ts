// Keys that do something anywhere on the page. Single letters get in the way of speech input, so they can be switched off (WCAG 2.1.4).
import { t } from '../i18n/speech.svelte';
import { ENTRIES, address } from './pages';

const KEY = 'groundswell.keys';
/** How long the second key of a pair may take. */
export const PAIR_MS = 1_500;

export interface KeyActs {
  go(address: string): void;
  sheet(): void;
  theme(): void;
  palette(): void;
}

type Row = readonly [keys: readonly string[], does: string];

/** Keys and what they do, as the sheet shows them. */
export const sheet = (): Row[] => [
  ...ENTRIES.map(({ key, page }) => [['g', key], t().keys.go(t().pages[page])] as const),
  [['j'], t().keys.next],
  [['k'], t().keys.before],
  [['t'], t().keys.theme],
  [['?'], t().keys.sheet],
];

/** Keys that work where the focus is, and are never off. */
export const always = (): Row[] => [
  [[t().keys.ctrl, 'K'], t().keys.anywhere],
  [['←', '→'], t().keys.window],
  [[t().keys.pageUp, t().keys.pageDown], t().keys.ten],
  [[t().keys.enter], t().keys.open],
  [[t().keys.esc], t().keys.leave],
];

/** Whether what has the focus takes letters itself. */
function takesLetters(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['radio', 'checkbox', 'button', 'submit'].includes(target.type);
}

export class Keys {
  on = $state(true);
  #first = 0;

  constructor(private readonly acts: KeyActs) {
    try {
      this.on = localStorage.getItem(KEY) !== 'off';
    } catch {
      // Storage is closed to the page; the choice then lasts as long as the page.
    }
  }

  switch(on: boolean): void {
    this.on = on;
    try {
      if (on) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, 'off');
    } catch {
      // As above.
    }
  }

  start(): () => void {
    const pressed = (event: KeyboardEvent): void => this.press(event);
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }

  press(event: KeyboardEvent): void {
    // With a modifier it is in nobody's way, so it is never off, and works in fields too.
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
      if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
      event.preventDefault();
      this.acts.palette();
      return;
    }
    if (!this.on || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (takesLetters(event.target) || document.querySelector('dialog[open]') !== null) return;
    const second = event.timeStamp - this.#first < PAIR_MS && this.#first > 0;
    this.#first = 0;
    const entry = second ? ENTRIES.find(({ key }) => key === event.key) : undefined;
    if (entry !== undefined) this.acts.go(address(entry));
    else if (event.key === 'g') this.#first = event.timeStamp;
    else if (event.key === '?') this.acts.sheet();
    else if (event.key === 't') this.acts.theme();
    else if (event.key === 'j' || event.key === 'k') step(event.key === 'j' ? 1 : -1);
    else return;
    event.preventDefault();
  }
}

/** Moves the focus along the links that make up the page's list. */
function step(by: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>('[data-key-list] a[data-key-item]')];
  const at = links.findIndex((link) => link === document.activeElement);
  const next = links[at < 0 ? (by === 1 ? 0 : links.length - 1) : at + by];
  next?.focus();
  next?.scrollIntoView?.({ block: 'nearest' });
}
