// All that the page knows, and when it asks for more. Components read it and draw.
import { ApiError, type Api } from '../api/client';
import { check, type Verdict } from '../audit/verify';
import { openStream, type Stream, type StreamState } from '../api/stream';
import type { AuditPage, ClosedWindow, CoverageGap, Detection, Feed, Narrative, NarrativeEvent, Ranked, Session, Source, Status, Step, TopAnswer, VolumeRow, Watch } from '../api/types';
import { toCoverage, type Coverage } from '../charts/coverage';
import { WINDOWS_MAX, mergeRows } from '../charts/grid';
import { ordered, SEVERITIES } from '../format/detection';
import { t } from '../i18n/speech.svelte';
import { STEP_MS, isoSecond } from '../format/time';
import { Curves } from './curves';
import { idle } from './idle';
import { DETECTIONS_READ, closedUntil, present } from './verdict';

export const RANKED: readonly Ranked[] = ['hashtag', 'term', 'domain', 'language'];
/** Rows of a panel. */
export const TOP_ROWS = 10;
/** How often counters and source states are read: they move without a window closing. */
export const POLL_MS = 5_000;
/** Windows of a replay close by the hundred a second; the page reads anew at most this often. */
export const REFRESH_MIN_MS = 1_500;

/** How often the coverage ledger is read, also where no window closes: a source that drops is soon seen. */
export const LEDGER_MS = 20_000;

export type Section = 'audit' | 'detections' | 'feeds' | 'status' | 'total' | 'coverage' | 'tops' | 'watches' | 'narratives' | 'sources';

/** What every page shows, whatever else it does. */
const ALWAYS: readonly Section[] = ['status', 'sources'];
const ALL: readonly Section[] = ['total', 'coverage', 'tops', 'watches', 'narratives', 'detections', 'audit'];

/** Entries of the audit log that are shown. */
export const AUDIT_SHOWN = 8;

/** Narratives that are read: those carried last. */
export const NARRATIVES_READ = 100;
/** Narratives that are shown. */
export const NARRATIVES_SHOWN = 12;

/** Those that rise first: emerging and growing ones before the others, each by authors; what has become part of another is left out. */
export function rising(narratives: readonly Narrative[]): Narrative[] {
  const rank = ({ state }: Narrative): number => (state === 'emerging' || state === 'growing' ? 0 : state === 'steady' ? 1 : 2);
  return narratives
    .filter(({ state }) => state !== 'merged' && state !== 'dormant')
    .toSorted((a, b) => rank(a) - rank(b) || b.authors - a.authors || (a.id < b.id ? -1 : 1));
}

/** Those of them that are new or carried more than before. */
export function growing(narratives: readonly Narrative[]): Narrative[] {
  return narratives.filter(({ state }) => state === 'emerging' || state === 'growing');
}

export class Dashboard {
  step = $state<Step>('minute');
  status = $state.raw<Status | null>(null);
  rows = $state.raw<VolumeRow[]>([]);
  tops = $state.raw<Partial<Record<Ranked, TopAnswer>>>({});
  watches = $state.raw<Watch[] | null>(null);
  narratives = $state.raw<Narrative[] | null>(null);
  /** The one that is shown by itself; null where there is none of its id, undefined until that is known. */
  narrative = $state.raw<Narrative | null | undefined>(undefined);
  /** The newest detections of each severity, the most important first. */
  detections = $state.raw<Detection[] | null>(null);
  feeds = $state.raw<Feed[] | null>(null);
  sources = $state.raw<Source[] | null>(null);
  /** The newest entries of the audit log; null where there is none. */
  audit = $state.raw<AuditPage | null>(null);
  /** Who reads, where the server asks. */
  session = $state.raw<Session | null>(null);
  /** When we listened, by window of the present step. */
  coverage = $state.raw<Coverage | null>(null);
  /** Gaps of the stretch that the chart shows, newest first. */
  gaps = $state.raw<CoverageGap[]>([]);
  /** The first window of the present step in which anything was recorded; null where that is not known. */
  since = $state<number | null>(null);
  /** Whether the total of the present step was read at least once, so that empty means empty. */
  loaded = $state(false);
  errors = $state.raw<Partial<Record<Section, ApiError>>>({});
  stream = $state<StreamState>('connecting');
  /** Since when the page tries to connect. */
  connectingSince = $state(Date.now());
  /** When an answer last came, to say how old what is shown is. */
  answeredAt = $state<number | null>(null);
  now = $state(Date.now());

  #stream: Stream | null = null;
  #timers: ReturnType<typeof setInterval>[] = [];
  #pending: ReturnType<typeof setTimeout> | null = null;
  #refreshedAt = 0;
  #ledgerAt = 0;
  #wasLost = false;
  #ahead: Promise<void> | null = null;
  #running = false;
  #shown: readonly Section[] = ALL;
  #narrativeId: string | null = null;
  #noticed = $state(false);

  readonly curves: Curves;

  constructor(readonly api: Api) {
    this.curves = new Curves(api);
    api.onnotice = (notice) => {
      this.#noticed = notice !== null;
    };
  }

  get k(): number {
    return this.status?.k ?? 10;
  }

  /** The moment against which ages are told: not the clock's, where a recording is shown. */
  get present(): number {
    return present(this.status, this.sources, this.now);
  }

  get simulated(): boolean {
    return this.#noticed || this.status?.simulated === true;
  }

  /** Whether the reader may change feeds, as far as this service asks who reads. */
  get edits(): boolean {
    const { session } = this;
    return session !== null && (!session.authentication || session.role === 'editor' || session.role === 'admin');
  }

  /** What proves that a change comes from this page. */
  get csrf(): string | null {
    return this.session?.csrf ?? null;
  }

  /** The server cannot be reached. A stream alone that is down (refused, because many listen) is no such thing: see `#poll`. */
  get disconnected(): boolean {
    return this.errors.status?.status === 0;
  }

  start(): () => void {
    this.#running = true;
    void this.refresh();
    void this.#session();
    this.#stream = openStream('/api/v1/stream', {
      state: (state) => this.#streamState(state),
      event: (name, data) => this.#event(name, data),
    });
    this.#timers.push(
      setInterval(() => {
        this.now = Date.now();
      }, 1_000),
      setInterval(() => {
        if (document.visibilityState !== 'visible') return;
        // Without a stream nobody says when a window closes, so everything is read each time.
        void (this.stream === 'lost' ? this.refresh() : this.#poll());
        if (this.stream !== 'lost' && Date.now() - this.#ledgerAt >= LEDGER_MS) {
          this.#ledgerAt = Date.now();
          void this.#readAll(this.#shown.filter((section) => section === 'coverage' || section === 'audit'));
        }
      }, POLL_MS),
    );
    return () => this.stop();
  }

  stop(): void {
    this.#running = false;
    this.#stream?.close();
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    if (this.#pending !== null) clearTimeout(this.#pending);
    this.#pending = null;
  }

  /** What the page that is shown needs: the rest is not asked for. */
  show(sections: readonly Section[]): void {
    const fresh = sections.filter((section) => !ALWAYS.includes(section) && !this.#shown.includes(section));
    this.#shown = sections;
    if (this.#running) void this.#readAll(fresh);
  }

  setStep(step: Step): void {
    if (step === this.step) return;
    this.step = step;
    this.rows = [];
    this.tops = {};
    this.since = null;
    this.coverage = null;
    this.gaps = [];
    this.loaded = false;
    void this.refresh();
  }

  retry(): void {
    this.#stream?.retry();
    void this.refresh();
  }

  async #session(): Promise<void> {
    try {
      this.session = await this.api.session();
    } catch {
      // Nobody is shown then, and what else cannot be read says so in its place.
    }
  }

  /** Signs out; what then becomes of the page is `api.onsignedout`'s. */
  async signOut(): Promise<void> {
    const csrf = this.session?.csrf;
    if (typeof csrf !== 'string') return;
    await this.#read('status', () => this.api.signOut(csrf));
  }

  /** Begins to read what every page shows, before there is one. */
  ahead(): void {
    this.#ahead = this.#poll();
  }

  /** Reads everything anew. */
  async refresh(): Promise<void> {
    this.#refreshedAt = Date.now();
    const polled = this.#ahead ?? this.#poll();
    this.#ahead = null;
    await polled;
    await this.#readAll(this.#shown);
  }

  async #readAll(sections: readonly Section[]): Promise<void> {
    const tasks: Record<Section, (() => Promise<void>) | null> = {
      status: null,
      sources: null,
      total: () => this.#total(),
      coverage: () => this.#coverage(),
      tops: () => this.#tops(),
      watches: () => this.#watches(),
      narratives: () => this.#narratives(),
      detections: () => this.#detections(),
      feeds: () => this.#feeds(),
      audit: () => this.#audit(),
    };
    await Promise.all(sections.map((section) => tasks[section]?.()));
  }

  async #poll(): Promise<void> {
    await Promise.all([
      this.#read('status', async () => {
        this.status = await this.api.status();
      }),
      this.#read('sources', async () => {
        this.sources = (await this.api.sources()).items;
      }),
    ]);
  }

  /** As far back as a chart of this step reaches. */
  #from(step: Step): string | null {
    const newest = closedUntil(this.status, this.sources);
    return newest === null ? null : isoSecond(newest - WINDOWS_MAX[step] * STEP_MS[step]);
  }

  #coverage(): Promise<void> {
    const step = this.step;
    this.#ledgerAt = Date.now();
    return this.#read('coverage', async () => {
      const { items, gaps } = await this.api.coverage(step, this.#from(step));
      if (step !== this.step) return;
      this.coverage = toCoverage(items, step);
      this.gaps = gaps.filter((gap) => !gap.recovered);
    });
  }

  #total(): Promise<void> {
    const step = this.step;
    const from = this.#from(step);
    return this.#read('total', async () => {
      const rows = await this.api.volumes('total', step, from);
      if (step !== this.step) return;
      this.rows = mergeRows(this.rows, rows, step);
      this.loaded = true;
    });
  }

  #tops(): Promise<void> {
    const step = this.step;
    return this.#read('tops', async () => {
      const answers = await Promise.all(RANKED.map((by) => this.api.top(by, step, TOP_ROWS)));
      await this.#began(step);
      for (const [i, by] of RANKED.entries()) {
        // A list that was not there yet is many lines: each is drawn by itself, after what stands above.
        if (this.tops[by] === undefined) await idle();
        if (step !== this.step) return;
        this.tops = { ...this.tops, [by]: answers[i] };
      }
    });
  }

  /** Since when there is anything, so that what was not recorded is not called held back. */
  async #began(step: Step): Promise<void> {
    const since = await this.curves.since(step);
    if (step === this.step) this.since = since;
  }

  #watches(): Promise<void> {
    const step = this.step;
    return this.#read('watches', async () => {
      const { items } = await this.api.watches(step);
      await this.#began(step);
      if (step === this.step) this.watches = items;
    });
  }

  #audit(): Promise<void> {
    return this.#read('audit', async () => {
      this.audit = await this.api.audit(AUDIT_SHOWN);
    });
  }

  /** Checks the audit log in this browser, against the head that is shown; null where there is none. */
  async checkAudit(): Promise<Verdict | null> {
    return this.audit === null ? null : check(this.api.auditEntries(), this.audit.head);
  }

  /** Severity by severity: many small ones must not push a large one off the page. */
  #detections(): Promise<void> {
    return this.#read('detections', async () => {
      const all = await Promise.all(SEVERITIES.map((severity) => this.api.detections({ severity, limit: DETECTIONS_READ })));
      this.detections = ordered(all.flat());
    });
  }

  #feeds(): Promise<void> {
    return this.#read('feeds', async () => {
      this.feeds = await this.api.feeds();
    });
  }

  /** One narrative by itself, or none. */
  showNarrative(id: string | null): void {
    if (id === this.#narrativeId) return;
    this.#narrativeId = id;
    this.narrative = undefined;
    if (this.#running && this.#shown.includes('narratives')) void this.#narratives();
  }

  #narratives(): Promise<void> {
    const id = this.#narrativeId;
    return this.#read('narratives', async () => {
      if (id !== null) {
        const narrative = await this.api.narrative(id);
        if (id === this.#narrativeId) this.narrative = narrative;
        return;
      }
      const read = await this.api.narratives(NARRATIVES_READ);
      if (this.narratives === null) await idle();
      this.narratives = rising(read);
    });
  }

  /** What happened to one narrative. */
  narrativeEvents(id: string): Promise<NarrativeEvent[]> {
    return this.api.narrativeEvents(id);
  }

  /** Runs one reading; its failure is kept beside its section and shown there, and what was read before stays. */
  async #read(section: Section, task: () => Promise<void>): Promise<void> {
    try {
      await task();
      this.answeredAt = Date.now();
      if (this.errors[section] !== undefined) {
        const { [section]: _, ...rest } = this.errors;
        this.errors = rest;
      }
    } catch (error) {
      const shown = error instanceof ApiError ? error : new ApiError(t().errors.unexpected, 200);
      this.errors = { ...this.errors, [section]: shown };
    }
  }

  #streamState(state: StreamState): void {
    this.stream = state === 'connecting' && this.#wasLost ? 'lost' : state;
    if (state === 'connecting') this.connectingSince = Date.now();
    if (state === 'lost') {
      this.#wasLost = true;
      void this.#poll(); // Is it the stream alone, or the server?
    }
    if (state === 'open' && this.#wasLost) {
      this.#wasLost = false;
      void this.refresh(); // What closed in the meantime was missed.
    }
  }

  #event(name: string, data: unknown): void {
    if (typeof data !== 'object' || data === null) return;
    if (name === 'volume') {
      const row = data as VolumeRow;
      if (row.step === this.step && row.by?.['total'] !== undefined) this.rows = mergeRows(this.rows, [row], this.step);
    } else if (name === 'window') {
      // Detections come with minutes, whatever windows are shown.
      const { step } = data as ClosedWindow;
      if (step === this.step || (step === 'minute' && this.#shown.includes('detections'))) this.#refreshSoon();
    } else if (name === 'reset' || (name === 'detection' && this.#shown.includes('detections'))) {
      this.#refreshSoon();
    } else if (name === 'sources') {
      const items = (data as { items?: unknown }).items;
      if (Array.isArray(items)) this.sources = items as Source[];
    }
  }

  #refreshSoon(): void {
    if (this.#pending !== null || !this.#running) return;
    const wait = Math.max(100, this.#refreshedAt + REFRESH_MIN_MS - Date.now());
    this.#pending = setTimeout(() => {
      this.#pending = null;
      void this.refresh();
    }, wait);
  }
}
