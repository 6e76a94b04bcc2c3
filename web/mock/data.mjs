// Plausible answers of the API for development and for tests of states that a running engine seldom shows.
// Everything is a pure function of names and time, so that two calls agree.

export const STEP_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
export const K = 10;

/** @typedef {'minute' | 'hour' | 'day'} Step */

/** A number in [0, 1) that depends on its arguments only. @param {...(string | number)} parts */
export function noise(...parts) {
  let hash = 2166136261;
  for (const char of parts.join('\u0000')) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 2246822507);
  return ((hash ^ (hash >>> 13)) >>> 0) / 4294967296;
}

const VALUES = {
  hashtag: ['floods', 'election2026', 'worldcup', 'music', '台風', 'clima', 'حيفا', 'art', 'nowplaying', 'gaming', 'science', 'photography'],
  term: ['water', 'river', 'people', 'rain', 'train', 'goal', 'government', 'strike', 'album', 'snow', 'vaccine', 'harvest'],
  domain: ['bbc.co.uk', 'theguardian.com', 'youtube.com', 'lemonde.fr', 'nytimes.com', 'g1.globo.com', 'spiegel.de', 'nhk.or.jp', 'arxiv.org', 'twitch.tv'],
  language: ['en', 'pt', 'ja', 'de', 'es', 'fr', 'und', 'ko', 'ar', 'tr'],
};

export const HOSTILE = [
  '<img src=x onerror="document.title=1">',
  'a'.repeat(10_000),
  '\u202Egnp.live\u202Dabc',
  'z' + '\u0300\u0301\u0302\u0303\u0304\u0305'.repeat(40) + 'algo',
  '👩‍👩‍👧‍👦'.repeat(200),
  'שלום_עולם',
  '"><script>alert(1)</script>',
  '中'.repeat(3_000),
];

/** Slow daily rhythm with noise. @param {string} name @param {number} start @param {Step} step @param {number} base */
export function level(name, start, step, base) {
  const day = Math.sin(((start / 86_400_000) % 1) * 2 * Math.PI - 1.2);
  const slow = Math.sin(start / 1_700_000 + noise(name) * 6);
  const scale = step === 'minute' ? 1 : step === 'hour' ? 52 : 1_050;
  return base * scale * (1 + (step === 'day' ? 0 : 0.22) * day + 0.06 * slow + 0.09 * (noise(name, start) - 0.5));
}

/** @param {number} start */
const iso = (start) => new Date(start).toISOString().replace('.000Z', 'Z');

/**
 * @param {Step} step @param {number} newest start of the newest closed window @param {number | null} from
 * @param {boolean} gaps
 */
export function totals(step, newest, from, gaps) {
  const width = STEP_MS[step];
  const count = step === 'minute' ? 170 : step === 'hour' ? 140 : 40;
  const rows = [];
  for (let i = count - 1; i >= 0; i -= 1) {
    const start = newest - i * width;
    if (from !== null && start < from) continue;
    if (gaps && i >= 96 && i < 104) continue;
    const by = { total: 'all' };
    if (gaps && i >= 60 && i < 64) {
      rows.push({ start: iso(start), step, by, suppressed: true });
      continue;
    }
    const burst = step === 'minute' && i < 34 ? 1 + 0.55 * Math.exp(-(((i - 14) / 9) ** 2)) : 1;
    const posts = Math.round(level('total', start, step, 4_300) * burst);
    rows.push({ start: iso(start), step, by, posts, authors: Math.round(posts * (0.74 + 0.04 * noise('a', start))) });
  }
  return rows;
}

/** Every minute of a stretch, however long, with a hole at noon. @param {number} from @param {number} to */
export function minutes(from, to) {
  const rows = [];
  for (let start = Math.ceil(from / 60_000) * 60_000; start < to; start += 60_000) {
    if (start % 86_400_000 >= 43_200_000 && start % 86_400_000 < 44_400_000) continue;
    const posts = Math.round(level('total', start, 'minute', 4_300));
    rows.push({ start: iso(start), step: 'minute', by: { total: 'all' }, posts, authors: Math.round(posts * 0.76) });
  }
  return rows;
}

/** @param {keyof typeof VALUES} by @param {Step} step @param {number} newest @param {number} limit @param {boolean} hostile */
export function top(by, step, newest, limit, hostile) {
  const width = STEP_MS[step];
  const values = hostile && by !== 'language' ? [...HOSTILE, ...VALUES[by]] : VALUES[by];
  const items = values.slice(0, limit).map((value, rank) => {
    const base = (by === 'language' ? 2_100 : 420) / (rank + 1) ** 0.75;
    const grows = noise('grows', value) < 0.3;
    /** @type {(number | null)[]} */
    const spark = Array.from({ length: 30 }, (_, at) => {
      const i = 29 - at;
      const rise = grows ? 0.35 + 1.3 / (1 + Math.exp((i - 8) / 2.5)) : 1;
      const posts = Math.round(level(value, newest - i * width, step, base * rise) * (0.8 + 0.4 * noise(value, at)));
      return noise('hide', value) < 0.2 && i > 6 && i < 22 && noise('h', value, i) < 0.8 ? null : posts;
    });
    const fresh = noise('fresh', value) < 0.12;
    if (fresh) spark[28] = null;
    const posts = spark[29] ?? 0;
    const before = spark[28] ?? null;
    return {
      value, posts, authors: Math.max(K, Math.round(posts * 0.8)),
      previous: before === null ? null : { posts: before },
      change: before === null || before === 0 ? null : posts / before,
      spark,
    };
  });
  items.sort((a, b) => b.posts - a.posts);
  return { window: { start: iso(newest), end: iso(newest + width), step }, items };
}

/** @param {Step} step @param {number} newest @param {number} now @param {boolean} hostile */
export function watches(step, newest, now, hostile) {
  const list = [
    ['River floods', '(flood OR floods OR flooding) AND (river OR rain)', 'crisis-response', 'See where flooding is discussed, for the civil protection desk.', 60, 96],
    ['Vaccine talk', 'vaccine OR #vaccine OR "booster shot"', 'public-health', 'Follow questions about vaccination, to answer them.', 26, 41],
    ['Rail strike', '(rail OR train) AND strike', 'journalism', 'Know when travellers begin to talk about the strike.', 0, 12],
    ['Harvest prices', 'harvest NEAR/5 price*', 'research', 'Compare talk of prices with the official index.', 14, 150],
  ];
  if (hostile) list.push(['w'.repeat(400), 'x'.repeat(3_000), '\u202Ecategory', '<b>bold</b> '.repeat(80), 20, 5]);
  return list.map(([name, query, category, sentence, base, days]) => {
    /** @type {(number | null)[]} */
    const spark = Array.from({ length: 30 }, (_, at) => {
      const posts = base === 0 ? 0 : Math.round(level(String(name), newest - (29 - at) * STEP_MS[step], step, Number(base)) * (0.6 + 0.8 * noise(String(name), at)));
      return posts < K + 3 ? null : posts;
    });
    const posts = spark.at(-1) ?? null;
    const row = { start: iso(newest), step, by: { watch: name } };
    return {
      name, query, reading: `(${query})`,
      purpose: { category, sentence },
      created: iso(now - 20 * 86_400_000), sunset: iso(now + Number(days) * 86_400_000),
      state: 'active', spark,
      latest: posts === null ? { ...row, suppressed: true } : { ...row, posts, authors: Math.max(K, Math.round(posts * 0.8)) },
    };
  });
}

/** @param {number} now @param {boolean} simulated @param {boolean} hostile */
export function sources(now, simulated, hostile) {
  /** @type {Record<string, string | number | null>[]} */
  const list = [
    {
      name: 'bluesky', kind: 'jetstream', state: simulated ? 'retrying' : 'live',
      detail: simulated ? 'could not look up the host; next attempt in 14 s' : null,
      posts: simulated ? 0 : 812_440, rejected: simulated ? 0 : 7, reconnects: simulated ? 9 : 1,
      last_event: simulated ? null : iso(Math.floor(now / 60_000) * 60_000), rate: simulated ? 0 : 71.4,
      lag_seconds: simulated ? null : 0, last_error: simulated ? 'the name has no address' : null,
      advice: simulated ? 'check the name in the configuration, and DNS' : null,
    },
  ];
  if (simulated) {
    list.push({ name: 'simulator', kind: 'simulator', state: 'live', detail: null, posts: 812_440, rejected: 0, reconnects: 0, last_event: iso(Math.floor(now / 60_000) * 60_000), rate: 71.9 });
  }
  if (hostile) {
    list.push({ name: 's'.repeat(900), kind: 'file', state: 'failed', detail: `<script>1</script>${'d'.repeat(4_000)}`, posts: 0, rejected: 12, reconnects: 0, last_event: null, rate: 0 });
  }
  return list;
}

/**
 * The ledger: everything is covered but the minutes in which the chart has a gap, a partly covered hour before it, and, where
 * nothing is well, now.
 * @param {Step} step @param {number} newest @param {number} now @param {boolean} hostile @param {boolean} well
 */
export function coverage(step, newest, now, hostile, well) {
  const width = STEP_MS[step];
  const count = step === 'minute' ? 170 : step === 'hour' ? 140 : 40;
  const [near, far] = step === 'minute' ? /** @type {const} */ ([96, 104]) : /** @type {const} */ ([60, 62]);
  const source = hostile ? 's'.repeat(900) : 'bluesky';
  const items = [];
  // The first windows of the chart are older than the ledger.
  for (let i = count - 11; i >= 0; i -= 1) {
    const start = newest - i * width;
    const state = i >= near && i < far ? 'gap' : i === far || (!well && i < 2) ? 'partly' : 'covered';
    const blind_seconds = state === 'gap' ? width / 1_000 : state === 'partly' ? width / 2_000 : 0;
    items.push({ source, start: iso(start), step, state, blind_seconds, posts: 4_000, rejected: 0, late: 10 });
  }
  const gap = {
    source, part: source, cause: 'silent', phrase: 'nothing was heard, not even an answer to a ping', recovered: false,
    start: iso(newest - far * width), end: iso(newest - (near - 1) * width), seconds: (far - near + 0.5) * width / 1_000,
  };
  const open = { ...gap, part: hostile ? 'p'.repeat(900) : 'bluesky', cause: 'refused', phrase: 'the connection was refused', start: iso(Math.floor(now / 60_000) * 60_000 - 120_000), end: null, seconds: null };
  return { items, gaps: well ? [gap] : [open, gap], next: null };
}

/** The newest entries of an audit log, or those from one on. @param {number} now @param {number} newest @param {boolean} hostile @param {number | null} [first] */
export function audit(now, newest, hostile, first = null) {
  const acts = [
    ['started', 'run started, version 0.1.0, build 9f2c51d07a3e'],
    ['settings_in_force', 'settings in force: k = 10, narratives off'],
    ['watch_made', 'watch River floods made until 2027-02-01: flood* AND (river OR "heavy rain") (crisis-response: See where flooding is discussed.)'],
    ['checkpoint_published', 'head over 3 entries published'],
    ['exported', 'volumes exported as csv, by hashtag, step hour'],
    ['requests_denied', '3 requests to /api/v1/ingest denied with 401'],
  ];
  const items = acts.map(([act, words], number) => ({
    number, time: iso(now - (acts.length - number) * 3_600_000), account: 'local', act,
    words: hostile ? `${HOSTILE.join(' ')} ${words}` : words, line: JSON.stringify({ n: number, act, ...(act === 'watch_made' && { watch: 'River floods' }) }),
  }));
  const root = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';
  const head = {
    origin: 'example.org/groundswell', size: acts.length, root, note: `example.org/groundswell\n${acts.length}\n${root}\n`,
    key: 'example.org/groundswell+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
  };
  return { items: first === null ? items.slice(-newest) : items.slice(first, first + 1), head, next: null };
}

/** @param {number} newest start of the newest closed minute @param {boolean} hostile @param {string | null} [id] that one alone */
export function narratives(newest, hostile, id = null) {
  /** @type {[string, string, string[], number, number][]} */
  const list = [
    ['growing', 'river, bridge, closed', ['river', 'bridge', 'closed', 'water'], 3.2, 640],
    ['emerging', 'train strike, Thursday', ['train', 'strike', 'thursday'], 5.5, 88],
    ['steady', '台風, 進路', ['台風', '進路'], 1, 410],
    ['fading', 'final, goal, penalty', ['final', 'goal', 'penalty'], 0.4, 1_900],
  ];
  if (hostile) list.push(['growing', HOSTILE.join(' '), HOSTILE, 1e9, 12]);
  const items = list.map(([state, label, terms, growth, authors], at) => ({
    id: `n${(0x1a2b3c + at).toString(16)}`, state, label,
    first_seen: iso(newest - 95 * 60_000), last_seen: iso(newest + 60_000), as_of: iso(newest + 60_000),
    terms: terms.map((term, rank) => ({ term, weight: 1 / (rank + 1) })),
    phrases: [], hashtags: hostile ? HOSTILE : ['floods'], domains: ['example.org'],
    languages: { en: 0.71, de: 0.2, other: 0.09 },
    posts: Math.round(authors * 1.4), authors, growth,
    growth_interval: [growth * 0.7, growth * 1.4],
    timeline: Array.from({ length: 24 }, (_, i) => ({
      start: iso(newest + 60_000 - (24 - i) * 240_000), end: iso(newest + 60_000 - (23 - i) * 240_000 - (i % 5 === 0 ? 60_000 : 0)),
      posts: Math.round(14 + (30 * i ** 2) / 576 * Math.min(9, growth) + 6 * noise(label, i)),
    })),
    parents: at === 0 ? ['n77'] : at === 1 ? ['n1a2b3c'] : [], merged_into: null, related: at === 0 ? ['n1a2b3e'] : [],
  }));
  return { items: items.filter((item) => id === null || item.id === id), next: null };
}

/** Of one of them, or of all. @param {string | null} id @param {number} newest */
export function narrativeEvents(id, newest) {
  if (id === null) {
    const items = [
      { time: iso(newest - 30 * 60_000), event: 'merge', id: 'n77', others: ['n1a2b3c'], reason: 'similarity 0.41, 0.25 is enough', authors: 90 },
      { time: iso(newest - 20 * 60_000), event: 'split', id: 'n1a2b3d', others: ['n1a2b3c'], reason: 'its words went apart', authors: 41 },
    ];
    return { items, next: null };
  }
  const items = [
    { time: iso(newest - 90 * 60_000), event: 'birth', id, others: [], reason: '12 authors carried it within 4 min', authors: 12 },
    { time: iso(newest - 30 * 60_000), event: 'merge', id, others: ['n77'], reason: 'similarity 0.41, 0.25 is enough', authors: 90 },
  ];
  return { items, next: null };
}
