// Curves of detections, read when they are shown, a few at a time, and kept: what is past does not change.
import type { Api } from '../api/client';
import type { CoverageItem, Detection, Step, VolumeRow } from '../api/types';
import { toCoverage, type Coverage } from '../charts/coverage';
import { curveOfBuckets, curveOfRows, reach, stepOf, tableOf, type Curve } from '../charts/curve';
import { STEP_MS, isoSecond, parseTime } from '../format/time';

/** Curves kept; the one that was used longest ago goes first. */
export const CURVES_MAX = 100;
/** Read at the same time, so that a long list does not hold up the rest of the page. */
export const READS_MAX = 2;
/** A curve that still grows is read anew after so long. */
export const FRESH_MS = 5 * STEP_MS.minute;

/** Longer values are in no address: a server would refuse it. */
export const VALUE_CHARACTERS_MAX = 500;

/** A curve of fewer windows says little. */
export const SHOWN_MIN = 3;

export interface Read {
  curve: Curve;
  /** When we listened, where that was asked for. */
  coverage: Coverage | null;
}

export class Curves {
  readonly #kept = new Map<string, Promise<Read>>();
  readonly #since = new Map<Step, Promise<number | null>>();
  #reading = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly api: Api) {}

  /** `closed`: event time before which everything is closed. `ledger`: whether to ask when we listened, too. */
  read(detection: Detection, step: Step, closed: number | null, ledger = false): Promise<Read> {
    const whole = reach(detection, step, null).to;
    const age = closed === null || closed >= whole ? 'whole' : String(Math.floor(closed / FRESH_MS));
    const key = `${detection.id} ${step} ${age} ${ledger}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    const read = this.#turn(() => this.#fetch(detection, step, closed, ledger));
    this.#kept.set(key, read);
    read.catch(() => this.#kept.delete(key));
    for (const old of this.#kept.keys()) {
      if (this.#kept.size <= CURVES_MAX) break;
      this.#kept.delete(old);
    }
    return read;
  }

  /** Start of the first window of a step in which anything was recorded, asked for once; Infinity where there is none, null where that cannot be known. */
  since(step: Step): Promise<number | null> {
    const kept = this.#since.get(step);
    if (kept !== undefined) return kept;
    const asked = this.api.recordedSince(step).catch(() => null);
    this.#since.set(step, asked);
    void asked.then((start) => {
      if (start === null || start === Infinity) this.#since.delete(step);
    });
    return asked;
  }

  /** In the windows that suit it; in longer ones where those are nearly all held back. */
  async best(detection: Detection, closed: number | null, ledger = false): Promise<Read> {
    const step = stepOf(detection);
    const read = await this.read(detection, step, closed, ledger);
    if (step !== 'minute' || tableOf(detection) === null || read.curve.grid.posts.filter((posts) => posts !== null).length >= SHOWN_MIN) return read;
    return this.read(detection, 'hour', closed, ledger);
  }

  async #turn<T>(task: () => Promise<T>): Promise<T> {
    if (this.#reading >= READS_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#reading += 1;
    try {
      return await task();
    } finally {
      this.#reading -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #fetch(detection: Detection, step: Step, closed: number | null, ledger: boolean): Promise<Read> {
    const { from, to } = reach(detection, step, closed);
    const inside = (item: CoverageItem): boolean => (parseTime(item.start) ?? Infinity) < to;
    const coverage = ledger ? toCoverage((await this.api.coverage(step, isoSecond(from))).items.filter(inside), step) : null;
    const table = tableOf(detection);
    if (table === null) {
      if (detection.subject.type === 'phrase') {
        // Nothing else is counted of phrases than what their bursts tell.
        const looked = detection.evidence.windows.flatMap(({ start, end }) => (end == null ? [] : [{ start, end, posts: detection.evidence.observed }]));
        return { curve: curveOfBuckets(detection, looked, step, closed, coverage, await this.#recorded(step, from, to, ledger)), coverage };
      }
      const found = detection.subject.type === 'narrative'
        ? await this.api.narrative(detection.subject.value)
        : await this.api.amplification(detection.id.replace(/^amplification-/, ''));
      return { curve: curveOfBuckets(detection, found?.timeline ?? [], step, closed, coverage, await this.#recorded(step, from, to, ledger)), coverage };
    }
    const short = (table.value?.length ?? 0) <= VALUE_CHARACTERS_MAX;
    const rows = !short ? [] : await this.api.volumes(table.by, step, isoSecond(from), { to: isoSecond(to), ...(table.value !== null && { value: table.value }) });
    return { curve: curveOfRows(detection, rows, step, closed, coverage, await this.#recorded(step, from, to, ledger, table.by === 'total' ? rows : null)), coverage };
  }

  /** The first recorded window. A chart that explains itself asks for its own stretch; small lines share one answer. */
  async #recorded(step: Step, from: number, to: number, ledger: boolean, totals: readonly VolumeRow[] | null = null): Promise<number | null> {
    if (!ledger) return this.since(step);
    const rows = totals ?? (await this.api.volumes('total', step, isoSecond(from), { to: isoSecond(to) }));
    return rows.reduce((first, { start }) => Math.min(first, parseTime(start) ?? Infinity), Infinity);
  }
}
