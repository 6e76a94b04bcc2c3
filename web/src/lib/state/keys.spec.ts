import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Keys, PAIR_MS } from './keys.svelte';

const acts = { go: vi.fn(), sheet: vi.fn(), theme: vi.fn(), palette: vi.fn() };
let at = 10_000;

function press(keys: Keys, key: string, target: EventTarget = document.body, init: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, cancelable: true, ...init });
  Object.defineProperty(event, 'target', { value: target });
  Object.defineProperty(event, 'timeStamp', { value: at });
  keys.press(event);
  return event;
}

beforeEach(() => {
  for (const act of Object.values(acts)) act.mockClear();
});
afterEach(() => {
  localStorage.clear();
  document.body.replaceChildren();
});

test('g and a letter go to a page, if the second comes soon', () => {
  const keys = new Keys(acts);
  press(keys, 'g');
  press(keys, 'w');
  expect(acts.go).toHaveBeenCalledExactlyOnceWith('/watches');
  press(keys, 'w');
  press(keys, 'g');
  at += PAIR_MS;
  press(keys, 'w');
  press(keys, 'g');
  press(keys, 'q');
  press(keys, 'w');
  expect(acts.go).toHaveBeenCalledTimes(1);
});

test('keys are left alone in fields, with modifiers, in dialogs, and where the reader said so', () => {
  const keys = new Keys(acts);
  press(keys, '?', document.createElement('textarea'));
  press(keys, '?', document.createElement('input'));
  press(keys, '?', document.body, { ctrlKey: true });
  document.body.innerHTML = '<dialog open></dialog>';
  press(keys, '?');
  document.body.replaceChildren();
  keys.switch(false);
  press(keys, '?');
  expect(new Keys(acts).on).toBe(false);
  expect(acts.sheet).not.toHaveBeenCalled();
  keys.switch(true);
  expect(press(keys, '?').defaultPrevented).toBe(true);
  expect(press(keys, 'x').defaultPrevented).toBe(false);
  expect(acts.sheet).toHaveBeenCalledTimes(1);
});

test('j and k move along the list and stay within it', () => {
  document.body.innerHTML = '<ul data-key-list><li><a data-key-item href="/a">a</a></li><li><a data-key-item href="/b">b</a></li></ul><a href="/c">c</a>';
  const keys = new Keys(acts);
  const here = (): string => document.activeElement?.textContent ?? '';
  const seen = ['j', 'j', 'j', 'k', 'k'].map((key) => {
    press(keys, key);
    return here();
  });
  expect(seen).toEqual(['a', 'b', 'b', 'a', 'a']);
});

test('Ctrl or Cmd K opens the palette in a field, too, and when single keys are off', () => {
  const keys = new Keys(acts);
  keys.switch(false);
  const field = document.body.appendChild(document.createElement('input'));
  for (const held of [{ ctrlKey: true }, { metaKey: true }]) {
    const event = new KeyboardEvent('keydown', { key: 'k', cancelable: true, bubbles: true, ...held });
    field.addEventListener('keydown', (pressed) => keys.press(pressed), { once: true });
    field.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(true);
  }
  expect(acts.palette).toHaveBeenCalledTimes(2);
  keys.press(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, altKey: true }));
  keys.press(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, shiftKey: true }));
  expect(acts.palette).toHaveBeenCalledTimes(2);
  field.remove();
  keys.switch(true);
});
