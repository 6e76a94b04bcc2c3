// The tour: offered by itself once, on the first visit with simulated data, and whenever it is asked for. What was left is not offered again.

export const STOPS = ['verdict', 'detection', 'total', 'held', 'tops', 'nav'] as const;
export type Stop = (typeof STOPS)[number];

const KEY = 'groundswell.tour';

export class Tour {
  /** Where it is; null: nowhere. */
  at = $state<number | null>(null);
  /** Asked for by the reader, who then wants the focus there. */
  asked = $state(false);
  #left = false;

  constructor() {
    try {
      this.#left = localStorage.getItem(KEY) === 'left';
    } catch {
      // Storage is closed to the page: it is offered once a visit.
    }
  }

  get stop(): Stop | null {
    return this.at === null ? null : (STOPS[this.at] ?? null);
  }

  /** On a page that it is about, with data that are made up. */
  offer(): void {
    if (!this.#left && this.at === null) this.at = 0;
  }

  start(): void {
    this.asked = true;
    this.at = 0;
  }

  go(by: 1 | -1): void {
    if (this.at === null) return;
    const to = this.at + by;
    if (to >= STOPS.length) this.leave();
    else this.at = Math.max(0, to);
  }

  leave(): void {
    this.at = null;
    this.asked = false;
    this.#left = true;
    try {
      localStorage.setItem(KEY, 'left');
    } catch {
      // As above.
    }
  }
}
