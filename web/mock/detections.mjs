// Made-up detections, and feeds that editors change as long as the stand-in runs.
import { HOSTILE, K, STEP_MS, level, noise } from './data.mjs';

/** @param {number} ms */
const iso = (ms) => new Date(ms).toISOString().replace('.000Z', 'Z');

/** When it was told, minutes before the newest closed minute, and for how long it was looked at. @type {readonly [string, string, string, string, 'low' | 'medium' | 'high', number, number, number, number][]} */
const BURSTS = [
  ['b7', 'term', 'dam failure', "'dam failure' is 14 times its usual Friday-evening level", 'high', 6, 15, 412, 29.4],
  ['b8', 'hashtag', 'railstrike', "'#railstrike' is 6 times its usual level", 'medium', 22, 5, 96, 15.2],
  ['b9', 'domain', 'example.org', "Links to example.org: 31 posts in 58 minutes, where there are usually hardly any", 'medium', 71, 58, 31, 0.78],
  ['b10', 'total', 'all', 'All posts are 2 times their usual level', 'low', 95, 60, 5_210, 2_400],
];

/** @param {number} newest start of the newest closed minute @param {boolean} hostile */
export function detections(newest, hostile) {
  const closed = newest + STEP_MS.minute;
  const bursts = BURSTS.map(([id, type, value, title, severity, ago, minutes, observed, expected]) => {
    const found = closed - ago * STEP_MS.minute;
    return {
      id: `burst-${id}`, kind: 'burst', time: iso(found - minutes * STEP_MS.minute), detected_at: iso(found), title,
      summary: `${observed} posts by ${Math.round(observed * 0.8)} authors in ${minutes} minutes, where ${expected} were expected (seasonal, 4 windows).`,
      severity, subject: { type, value },
      evidence: {
        observed, expected, expected_interval: [Math.max(0, expected * 0.55), expected * 1.6 + 2], ratio: observed / expected, baseline: { method: 'seasonal', windows: 4 },
        score: 22.5, q: 0.2, method: { name: 'bursts', version: 1 },
        windows: [{ start: iso(found - minutes * STEP_MS.minute), end: iso(found) }],
        authors: Math.round(observed * 0.8), coverage: id === 'b8' ? 0.94 : 1,
        languages: id === 'b7' ? { pt: 0.71, es: 0.2, other: 0.09 } : {}, domains: id === 'b7' ? ['g1.globo.com', 'example.org'] : [],
        related: id === 'b7' ? [{ type: 'term', value: 'evacuation' }, { type: 'hashtag', value: 'barragem' }] : [],
        ...(id === 'b8' && { clauses: [{ clause: '(rail OR train)', posts: 80 }, { clause: 'strike', posts: 44 }] }),
        page: '/', command: `groundswell export volumes --by ${type} --step minute --value '${value}' --from ${iso(found - 28 * STEP_MS.day)} --to ${iso(found)}`,
      },
      feeds: ['everything'], maturity: 'experimental',
    };
  });
  const at = closed - 34 * STEP_MS.minute;
  const amplified = {
    id: 'amplification-a7', kind: 'amplification', time: iso(at - 23 * STEP_MS.minute), detected_at: iso(at),
    title: "The same text in 164 posts by 64 authors within 23 minutes: 'the bridge is closed and … nobody says why', mostly in English",
    summary: '164 posts of one text, or nearly, by 64 authors. This cannot tell a campaign from enthusiasm.',
    severity: 'high', subject: { type: 'text', value: 'a7' },
    evidence: {
      observed: 164, method: { name: 'amplification', version: 1 }, windows: [{ start: iso(at - 23 * STEP_MS.minute), end: iso(at) }],
      authors: 64, languages: { en: 0.97, other: 0.03 }, domains: ['petition.example'], copies_per_author: 2.56,
      shared_text: 'the bridge is closed and … nobody says why', synchrony: 31, family_overlap: 0.42,
      page: '/amplifications/a7', command: 'groundswell export amplifications --id a7',
    },
    feeds: ['everything'], maturity: 'experimental',
  };
  const story = {
    id: 'narrative-n1a2b3c', kind: 'narrative', time: iso(closed - 95 * STEP_MS.minute), detected_at: iso(closed - 15 * STEP_MS.minute),
    title: "The story 'river, bridge, closed' grows: 53 posts in 15 minutes, after hardly any, mostly in English", summary: '49 posts by 43 authors.',
    severity: 'low', subject: { type: 'narrative', value: 'n1a2b3c' },
    evidence: {
      observed: 53, expected: 0, ratio: 107, interval: [6.61, 1733], baseline: { method: 'the stretch before', windows: 1 }, method: { name: 'narratives', version: 1 },
      windows: [{ start: iso(closed - 30 * STEP_MS.minute), end: iso(closed - 15 * STEP_MS.minute) }, { start: iso(closed - 45 * STEP_MS.minute), end: iso(closed - 30 * STEP_MS.minute) }],
      posts: 49, authors: 43, languages: { en: 0.8 }, narratives: ['n1a2b3c'], page: '/narratives/n1a2b3c', command: 'groundswell export narratives --id n1a2b3c',
    },
    feeds: ['everything'], maturity: 'experimental',
  };
  const all = [...bursts, amplified, story];
  if (hostile) {
    for (const [i, text] of HOSTILE.entries()) {
      all.push(/** @type {any} */ ({
        ...bursts[0], id: `burst-hostile${i}`, title: text, summary: `${text} ${HOSTILE.join(' ')}`, subject: { type: 'term', value: text },
        severity: 'high',
        evidence: {
          ...bursts[0]?.evidence, observed: 1e12, ratio: 1e9, languages: { '<b>': 0.5, [text.slice(0, 40)]: 0.5 }, domains: HOSTILE, clauses: [{ clause: text, posts: 3 }],
          related: [{ type: 'term', value: text }], shared_text: HOSTILE.join(' '), method: { name: '../../x"><b>', version: 1e9 }, command: `groundswell ${HOSTILE.join(' ')}`,
        },
        feeds: ['everything'],
      }));
    }
  }
  return all.toSorted((a, b) => (a.detected_at < b.detected_at ? 1 : -1));
}

/** Rows of one subject, which bursts shortly before now and is below k at times. @param {string} by @param {string} value @param {'minute' | 'hour' | 'day'} step @param {number} newest @param {number} from @param {number} to */
export function subjectRows(by, value, step, newest, from, to) {
  const width = STEP_MS[step];
  const rows = [];
  for (let start = Math.ceil(from / width) * width; start < Math.min(to, newest + width); start += width) {
    const ago = (newest - start) / STEP_MS.minute;
    const rise = 1 + 13 * Math.exp(-(((ago - 14) / 11) ** 2));
    const posts = Math.round(level(value, start, step, 2.1) * (step === 'minute' ? rise : 1.1) * (0.6 + 0.8 * noise(value, start)));
    if (posts < K / 5) continue;
    rows.push(posts < 3 ? { start: iso(start), step, by: { [by]: value }, suppressed: true } : { start: iso(start), step, by: { [by]: value }, posts, authors: Math.max(2, Math.round(posts * 0.8)) });
  }
  return rows;
}

const DIMENSIONS = /** @type {Record<string, readonly [string, number][]>} */ ({
  language: [['en', 2_100], ['pt', 880], ['ja', 640], ['de', 300], ['und', 160], ['fr', 14]], source: [['bluesky', 4_000], ['mastodon', 320]],
  kind: [['person', 4_200], ['publisher', 40]], relation: [['post', 2_200], ['reply', 1_500], ['repost', 500], ['quote', 120]], watch: [['River floods', 60], ['Vaccine talk', 26]],
  region: [['PT', 90], ['BR', 300]],
});

/** Rows of every value of a table, or of one. @param {string} by @param {string | null} value @param {'minute' | 'hour' | 'day'} step @param {number} newest @param {number} from @param {number} to */
export function dimensionRows(by, value, step, newest, from, to) {
  const width = STEP_MS[step];
  const rows = [];
  for (let start = Math.ceil(from / width) * width; start < Math.min(to, newest + width); start += width) {
    for (const [name, base] of DIMENSIONS[by] ?? []) {
      if (value !== null && value !== name) continue;
      const posts = Math.round(level(name, start, step, base));
      // A small language is below k in every fourth window.
      if (posts < 13 || noise(name, start) < 0.02 || (name === 'fr' && (start / width) % 4 === 0)) continue;
      rows.push({ start: iso(start), step, by: { [by]: name }, posts, authors: Math.round(posts * 0.8) });
    }
  }
  return rows;
}

/** @param {number} newest */
export function amplification(newest) {
  const at = newest - 33 * STEP_MS.minute;
  const bucket = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ posts) => ({ start: iso(at - from * STEP_MS.minute), end: iso(at - to * STEP_MS.minute), posts });
  return { id: 'a7', start: iso(at - 23 * STEP_MS.minute), end: iso(at), timeline: [bucket(23, 17, 19), bucket(17, 9, 81), bucket(9, 4, 40), bucket(4, 0, 24)], posts: 164, authors: 64 };
}

/** What editors did, as the server keeps it. @param {boolean} hostile */
export function desk(hostile) {
  /** @type {Map<string, any>} */
  const feeds = new Map();
  /** @param {string} name @param {object} [selection] */
  const make = (name, selection = {}) => feeds.set(name, {
    name, kinds: [], watches: [], languages: [], severities: [], budget: null, created: '2026-11-01T00:00:00Z', items: 256, muted: [], receivers: [], deliveries: [],
    ...selection, marks: new Map(),
  });
  make('everything', hostile ? { receivers: HOSTILE, muted: [{ subject: 'term', value: HOSTILE.join(' '), until: '2027-01-01T00:00:00Z' }] } : {});
  make('two-a-day', { kinds: ['burst'], severities: ['high'], languages: ['pt'], watches: ['River floods'], budget: 2, items: 12, receivers: ['newsroom', 'slack'], deliveries: [
    { name: 'newsroom', waiting: 3, dead: 1, delivered: '2026-11-25T14:00:00Z', failed: '2026-11-25T14:02:00Z', trouble: 'it answered with an error of its own' },
    { name: 'slack', waiting: 0, dead: 0, delivered: null, failed: null, trouble: null },
  ] });
  const none = () => ({ pinned: false, mark: null, notes: /** @type {string[]} */ ([]) });
  /** @param {any} feed */
  const shown = ({ marks, ...feed }) => {
    const all = [...marks.values()].map(({ mark }) => mark);
    const [useful, noisy] = ['useful', 'noise'].map((word) => all.filter((mark) => mark === word).length);
    const marked = (useful ?? 0) + (noisy ?? 0);
    return { ...feed, useful, noise: noisy, precision: marked === 0 ? null : (useful ?? 0) / marked, precision_interval: marked === 0 ? null : [0.21, 1] };
  };
  return {
    list: () => [...feeds.values()].map(shown),
    /** @param {string} name @param {any[]} found */
    document(name, found) {
      const feed = feeds.get(name);
      if (feed === undefined) return undefined;
      const items = found.filter(({ kind }) => feed.kinds.length === 0 || feed.kinds.includes(kind));
      return { version: 'https://jsonfeed.org/version/1.1', items: items.map((detection) => ({ id: detection.id, _groundswell: { detection, marks: feed.marks.get(detection.id) ?? (hostile && detection.id === 'burst-hostile3' ? { ...none(), notes: HOSTILE } : none()) } })) };
    },
    /** @param {string} name @param {string} id */
    marks(name, id) {
      const feed = feeds.get(name);
      return feed === undefined ? undefined : { marks: feed.marks.get(id) ?? (hostile && id === 'burst-hostile3' ? { ...none(), notes: HOSTILE } : none()) };
    },
    /** What receivers would get. @param {string} name @param {any} detection */
    preview(name, detection) {
      if (!feeds.has(name) || detection === undefined) return undefined;
      const { title, summary, kind, severity, evidence, id } = detection;
      const facts = `${kind} · severity ${severity} · feed ${name}`;
      const escaped = (/** @type {string} */ text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
      const text = (/** @type {string} */ words) => ({ type: 'TextBlock', text: words.replaceAll(/[[\]*_`\\#]/g, '\\$&'), wrap: true });
      return {
        items: [
          { kind: 'slack', body: JSON.stringify({ text: `*${escaped(title)}*\n${escaped(summary)}\n${facts}\n<https://watch.example/detections/${id}|Look at it>\n\`${escaped(evidence.command)}\``, unfurl_links: false }) },
          { kind: 'teams', body: JSON.stringify({ type: 'message', attachments: [{ content: { type: 'AdaptiveCard', body: [text(title), text(summary), text(facts)], actions: [] } }] }) },
          { kind: 'email', subject: title, body: `${title}\n\n${summary}\n\nRecompute: ${evidence.command}\n` },
          { kind: 'webhook', body: JSON.stringify({ type: 'detection', data: { feed: name, detection } }) },
        ],
      };
    },
    /** What a feed would have told. @param {any} body @param {any[]} found */
    trial(body, found) {
      const taken = found.filter(({ kind, severity }) => ((body.kinds ?? []).length === 0 || body.kinds.includes(kind)) && ((body.severities ?? []).length === 0 || body.severities.includes(severity)));
      const days = Array.from({ length: 30 }, (_, i) => ({ day: new Date(Date.UTC(2026, 9, 27 + i)).toISOString().slice(0, 10), detections: i === 29 ? taken.length : 0 }));
      return { trial: { detections: taken.length, days, a_day: Math.round((taken.length * 100) / 30) / 100, useful: 1, noise: 0, precision: 1, precision_interval: [0.21, 1], complete: true }, newest: taken };
    },
    /** @param {string} method @param {string} path @param {any} body @returns {[number, string]} */
    act(method, path, body) {
      const [, name = '', rest] = /^\/api\/v1\/feeds(?:\/([^/]+))?(\/edits)?$/.exec(path) ?? [];
      if (method === 'POST' && name === '') {
        if (feeds.has(body.name)) return [409, 'there is such a feed'];
        make(body.name, { ...body, items: 0 });
        return [201, ''];
      }
      const feed = feeds.get(name);
      if (feed === undefined) return [404, 'there is no such feed'];
      if (method === 'DELETE') {
        feeds.delete(name);
        return [204, ''];
      }
      if (rest === undefined) return [405, 'not so'];
      const marks = feed.marks.get(body.detection) ?? none();
      if (body.pin !== undefined) marks.pinned = body.pin;
      if (body.mark !== undefined) marks.mark = body.mark === 'none' ? null : body.mark;
      if (body.note !== undefined) {
        if (body.note.includes('@')) return [400, 'the note holds an address'];
        marks.notes.push(body.note);
      }
      if (body.remove_note !== undefined) marks.notes = marks.notes.filter((/** @type {string} */ note) => note !== body.remove_note);
      if (body.mute_until !== undefined) feed.muted = body.mute_until === '' ? [] : [{ subject: 'term', value: 'dam failure', until: body.mute_until }];
      feed.marks.set(body.detection, marks);
      return [204, ''];
    },
  };
}
