// The page's way to the API: JSON in, typed answers out, every failure one `ApiError` that can be shown as it is.
import type { paths } from '../../gen/api';
import { parseTime } from '../format/time';
import { servers, t } from '../i18n/speech.svelte';
import type { Amplification, AuditEntry, AuditPage, ClauseList, CoverageAnswer, Detection, Feed, FeedItem, FeedMessage, Marks, Narrative, NarrativeEvent, NewEdit, NewFeed, NewTrial, NewWatch, Ranked, Session, SourceList, Status, Step, ToneList, TopAnswer, TrialAnswer, VolumePage, VolumeRow, WatchList, WatchReading, WatchTrial, Settings } from './types';

/** Longest wait for one answer; what does not answer by then is treated like a lost connection. */
export const TIMEOUT_MS = 10_000;
/** Rows asked for at once; the server may give fewer. */
export const PAGE_ROWS = 1_000;
/** Most pages followed for one chart, so that a cursor that never ends cannot hold the page. */
export const PAGES_MAX = 5;
/** Most pages of the audit log that are checked in the browser: 100,000 entries. */
export const AUDIT_PAGES_MAX = 100;

export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    /** What happened, for a reader. */
    message: string,
    /** HTTP status; 0 where no answer came. */
    readonly status: number,
    /** Stable code of the problem, where the server gave one. */
    readonly code: string | null = null,
    /** The language of the message, where that is not the page's: what the server says is English. */
    readonly lang: 'en' | undefined = undefined,
  ) {
    super(message);
  }
}

export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/** The paths that the page reads; questions and answers have the types of openapi.json. */
type Path = '/api/v1/amplifications' | '/api/v1/audit/entries' | '/api/v1/detections' | '/api/v1/feeds' | '/api/v1/narratives' | '/api/v1/narratives/events' | '/api/v1/session' | '/api/v1/settings' | '/api/v1/status' | '/api/v1/sources' | '/api/v1/coverage' | '/api/v1/watches' | '/api/v1/volumes' | '/api/v1/volumes/top';
type Question<P extends Path> = NonNullable<paths[P]['get']['parameters']['query']>;
type Answer<P extends Path> = paths[P]['get']['responses'][200]['content']['application/json'];

function query(params: object): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** The error that a problem document describes; anything else in its place gives the bare status. */
async function problem(response: Response): Promise<ApiError> {
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null) {
      const { title, detail, code } = body as { title?: unknown; detail?: unknown; code?: unknown };
      const text = [title, detail].filter((part): part is string => typeof part === 'string' && part !== '');
      if (text.length > 0) {
        return new ApiError(text.join(': '), response.status, typeof code === 'string' ? code : null, servers());
      }
    }
  } catch {
    // Not a problem document: a proxy's page, or a cut connection.
  }
  return new ApiError(t().errors.status(response.status), response.status);
}

export class Api {
  /** Told with every answer whether it says that the data are made up. */
  onnotice: (notice: string | null) => void = () => {};
  /** Told when the server no longer knows who asks: the session has ended. */
  onsignedout: () => void = () => {};

  constructor(
    private readonly base = '',
    private readonly fetcher: Fetch = (input, init) => fetch(input, init),
  ) {}

  private async get<P extends Path>(path: P, params?: Question<P>): Promise<Answer<P>> {
    const body = (await this.ask(`${path}${query(params ?? {})}`)) as Answer<P>;
    this.onnotice(body.notice ?? null);
    return body;
  }

  private async ask(address: string): Promise<unknown> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
    try {
      let response: Response;
      try {
        response = await this.fetcher(`${this.base}${address}`, {
          headers: { accept: 'application/json' },
          signal: stop.signal,
        });
      } catch {
        throw new ApiError(stop.signal.aborted ? t().errors.late : t().errors.away, 0);
      }
      if (response.status === 401) this.onsignedout();
      if (!response.ok) throw await problem(response);
      try {
        return (await response.json()) as unknown;
      } catch {
        throw new ApiError(t().errors.cut, response.status);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Who the reader is to this server. */
  session(): Promise<Session> {
    return this.get('/api/v1/session');
  }

  /** Ends the session. The token is what another site cannot know. */
  async signOut(csrf: string): Promise<void> {
    const response = await this.fetcher(`${this.base}/api/v1/session`, { method: 'DELETE', headers: { 'x-groundswell-csrf': csrf } });
    if (!response.ok && response.status !== 401) throw await problem(response);
    this.onsignedout();
  }

  /** Sends something that changes something; `csrf` is the session's, where there is one. */
  private async change(method: 'POST' | 'PUT' | 'DELETE', path: string, csrf: string | null, body?: object): Promise<Response> {
    let response: Response;
    try {
      response = await this.fetcher(`${this.base}${path}`, {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(csrf !== null && { 'x-groundswell-csrf': csrf }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch {
      throw new ApiError(t().errors.unchanged, 0);
    }
    if (response.status === 401) this.onsignedout();
    if (!response.ok) throw await problem(response);
    return response;
  }

  /** Asks by a body what no address can hold. Nothing is changed by it but what is told of it, yet it is sent as what changes something is. */
  private async askWith<T>(path: string, csrf: string | null, body: object): Promise<T> {
    const response = await this.change('POST', path, csrf, body);
    try {
      return (await response.json()) as T;
    } catch {
      throw new ApiError(t().errors.cut, response.status);
    }
  }

  /** Detections, the one found last first. */
  async detections(params: { severity?: string; kind?: string; feed?: string; from?: string; limit: number }): Promise<Detection[]> {
    return (await this.get('/api/v1/detections', params)).items;
  }

  /** One detection; null where there is none of this id, or it may be shown no more. */
  async detection(id: string): Promise<Detection | null> {
    return (await this.get('/api/v1/detections', { id, limit: 1 })).items[0] ?? null;
  }

  /** One amplification; null as above. */
  async amplification(id: string): Promise<Amplification | null> {
    try {
      return (await this.get('/api/v1/amplifications', { id, limit: 1 })).items[0] ?? null;
    } catch (error) {
      if (error instanceof ApiError && error.status === 400) return null;
      throw error;
    }
  }

  async feeds(): Promise<Feed[]> {
    return (await this.get('/api/v1/feeds')).items;
  }

  /** The newest of a feed with what editors did to them; null where there is no such feed. */
  async feedItems(name: string): Promise<FeedItem[] | null> {
    try {
      const body = (await this.ask(`/feeds/${encodeURIComponent(name)}.json`)) as { items: { _groundswell: { detection: Detection; marks: Marks } }[] };
      return body.items.map(({ _groundswell: { detection, marks } }) => ({ detection, marks }));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  /** What editors did with one detection in one feed; null where it is not in it. */
  async feedMarks(name: string, detection: string): Promise<Marks | null> {
    try {
      const path = `/api/v1/feeds/${encodeURIComponent(name)}/marks${query({ detection })}`;
      return ((await this.ask(path)) as { marks: Marks }).marks;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  /** What receivers of each kind would get of one detection by one feed. */
  async feedPreview(name: string, detection: string): Promise<FeedMessage[]> {
    return ((await this.ask(`/api/v1/feeds/${encodeURIComponent(name)}/preview${query({ detection })}`)) as { items: FeedMessage[] }).items;
  }

  /** By which parts of its query a watch matched in the last day. */
  async watchClauses(name: string): Promise<ClauseList> {
    return (await this.ask(`/api/v1/watches/${encodeURIComponent(name)}/clauses`)) as ClauseList;
  }

  /** How a watch's posts sounded in the hours of the last day. */
  async watchTone(name: string, stretch: { from?: string; to?: string } = {}): Promise<ToneList> {
    return (await this.ask(`/api/v1/watches/${encodeURIComponent(name)}/tone${query(stretch)}`)) as ToneList;
  }

  /** What a feed would have told. Nothing is changed by it, but it is sent as what changes something is. */
  tryFeed(trial: NewTrial, csrf: string | null): Promise<TrialAnswer> {
    return this.askWith('/api/v1/trials', csrf, trial);
  }

  editFeed(name: string, edit: NewEdit, csrf: string | null): Promise<unknown> {
    return this.change('POST', `/api/v1/feeds/${encodeURIComponent(name)}/edits`, csrf, edit);
  }

  addFeed(feed: NewFeed, csrf: string | null): Promise<unknown> {
    return this.change('POST', '/api/v1/feeds', csrf, feed);
  }

  removeFeed(name: string, csrf: string | null): Promise<unknown> {
    return this.change('DELETE', `/api/v1/feeds/${encodeURIComponent(name)}`, csrf);
  }

  /** What this installation runs with. */
  settings(): Promise<Settings> {
    return this.get('/api/v1/settings');
  }

  status(): Promise<Status> {
    return this.get('/api/v1/status');
  }

  watches(step: Step): Promise<WatchList> {
    return this.get('/api/v1/watches', { step });
  }

  /** How the server reads a watch that is being written. Nothing is changed, kept or told. */
  checkWatch(watch: NewWatch, csrf: string | null): Promise<WatchReading> {
    return this.askWith('/api/v1/watch-check', csrf, watch);
  }

  /** What a query would have counted. Nothing is changed by it but the audit log. */
  tryWatch(watch: NewWatch, csrf: string | null): Promise<WatchTrial> {
    return this.askWith('/api/v1/watch-trials', csrf, watch);
  }

  addWatch(watch: NewWatch, csrf: string | null): Promise<unknown> {
    return this.change('POST', '/api/v1/watches', csrf, watch);
  }

  changeWatch(name: string, watch: NewWatch, csrf: string | null): Promise<unknown> {
    return this.change('PUT', `/api/v1/watches/${encodeURIComponent(name)}`, csrf, watch);
  }

  removeWatch(name: string, csrf: string | null): Promise<unknown> {
    return this.change('DELETE', `/api/v1/watches/${encodeURIComponent(name)}`, csrf);
  }

  sources(): Promise<SourceList> {
    return this.get('/api/v1/sources');
  }

  /** The newest entries of the audit log, with its head; null where there is no log yet. */
  async audit(newest: number): Promise<AuditPage | null> {
    try {
      return await this.get('/api/v1/audit/entries', { newest });
    } catch (error) {
      if (error instanceof ApiError && error.code === 'not_found') return null;
      throw error;
    }
  }

  /** One entry of the audit log; null where it has none of this number. */
  async auditEntry(number: number): Promise<AuditEntry | null> {
    const { items }: AuditPage = await this.get('/api/v1/audit/entries', { first: number, limit: 1 });
    return items.find((entry) => entry.number === number) ?? null;
  }

  /** All entries of the audit log, page by page. */
  async *auditEntries(): AsyncGenerator<AuditEntry[]> {
    let cursor: string | null = null;
    for (let page = 0; page < AUDIT_PAGES_MAX; page += 1) {
      const answer: AuditPage = await this.get('/api/v1/audit/entries', { limit: PAGE_ROWS, ...(cursor !== null && { cursor }) });
      yield answer.items;
      cursor = answer.next ?? null;
      if (cursor === null) break;
    }
  }

  /** The narratives carried last. */
  async narratives(limit: number): Promise<Narrative[]> {
    return (await this.get('/api/v1/narratives', { limit })).items;
  }

  /** One narrative; null where there is none of this id that may be shown. */
  async narrative(id: string): Promise<Narrative | null> {
    try {
      return (await this.get('/api/v1/narratives', { id, limit: 1 })).items[0] ?? null;
    } catch (error) {
      // What is no id at all is refused as a question, and is in no table either.
      if (error instanceof ApiError && error.status === 400) return null;
      throw error;
    }
  }

  /** What happened to one narrative. */
  async narrativeEvents(id: string): Promise<NarrativeEvent[]> {
    return (await this.get('/api/v1/narratives/events', { id, limit: PAGE_ROWS })).items;
  }

  /** What happened to any of them from a time on: births, merges, splits, ends, page by page. */
  async narrativeEventsSince(from: string): Promise<NarrativeEvent[]> {
    const all: NarrativeEvent[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const answer: { items: NarrativeEvent[]; next?: string | null } = await this.get('/api/v1/narratives/events', { from, limit: PAGE_ROWS, ...(cursor !== null && { cursor }) });
      all.push(...answer.items);
      cursor = answer.next ?? null;
      if (cursor === null) break;
    }
    return all;
  }

  top(by: Ranked, step: Step, limit: number): Promise<TopAnswer> {
    return this.get('/api/v1/volumes/top', { by, step, limit });
  }

  /** The values with the most posts in one closed window of any table. */
  topAt(by: string, step: Step, limit: number, at: string): Promise<TopAnswer> {
    return this.get('/api/v1/volumes/top', { by, step, limit, at });
  }

  /** The coverage ledger from a time on, page by page; the gaps are those of the whole stretch. */
  async coverage(step: Step, from: string | null): Promise<Pick<CoverageAnswer, 'items' | 'gaps'>> {
    const all: Pick<CoverageAnswer, 'items' | 'gaps'> = { items: [], gaps: [] };
    let cursor: string | null = null;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const answer: CoverageAnswer = await this.get('/api/v1/coverage', {
        step, limit: PAGE_ROWS, ...(from !== null && { from }), ...(cursor !== null && { cursor }),
      });
      all.items.push(...answer.items);
      all.gaps = answer.gaps;
      cursor = answer.next ?? null;
      if (cursor === null) break;
    }
    return all;
  }

  /** Start of the first window in which anything was recorded, in milliseconds; Infinity where there is none. */
  async recordedSince(step: Step): Promise<number> {
    const { items }: VolumePage = await this.get('/api/v1/volumes', { by: 'total', step, limit: 1 });
    return parseTime(items[0]?.start) ?? Infinity;
  }

  /** All rows of a table from a time on, page by page. */
  async volumes(by: string, step: Step, from: string | null, more: { value?: string; to?: string } = {}): Promise<VolumeRow[]> {
    const rows: VolumeRow[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const answer: VolumePage = await this.get('/api/v1/volumes', {
        by, step, limit: PAGE_ROWS, ...more, ...(from !== null && { from }), ...(cursor !== null && { cursor }),
      });
      rows.push(...answer.items);
      cursor = answer.next ?? null;
      if (cursor === null) break;
    }
    return rows;
  }
}
