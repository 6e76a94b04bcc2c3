// Watches that editors change as long as the stand-in runs, and a parser that knows just enough to refuse, doubt and read.
import { noise } from './data.mjs';

/** @param {string} text @param {RegExp} pattern */
function place(text, pattern) {
  const found = pattern.exec(text);
  if (found === null) return null;
  const start = [...text.slice(0, found.index)].length;
  return { start, end: start + [...found[0]].length };
}

/** What the real parser would say, for a few cases. @param {any} watch */
function check(watch) {
  const query = String(watch.query);
  /** @type {Record<string, unknown>[]} */
  const faults = [];
  const fault = (/** @type {string} */ field, /** @type {string} */ message, /** @type {string} */ help, /** @type {any} */ where = {}) => faults.push({ field, message, help, ...where });
  if (!/^[A-Za-z0-9][\w.-]*$/.test(watch.name ?? '')) fault('name', watch.name ? `${JSON.stringify(watch.name)} cannot be part of an address` : 'it is missing', 'write letters and digits, as in `river-floods`');
  if (!watch.category) fault('purpose.category', 'it is missing', 'write a word or two, as in `crisis-response`');
  if ((watch.sentence ?? '').length < 10) fault('purpose.sentence', `it has ${(watch.sentence ?? '').length} characters, not 10 to 500`, 'say in a sentence what the watch is for');
  if (/@/.test(watch.sentence ?? '')) fault('purpose.sentence', 'it holds what is taken out of posts: handle', 'leave it out; the register of watches is open to everyone');
  const person = place(query, /\b(?:author|from|user):/);
  const address = place(query, /\S+@\S+/);
  const link = place(query, /https?:(?=\/\/)/);
  const open = (query.match(/\(/g) ?? []).length > (query.match(/\)/g) ?? []).length ? place(query, /\(/) : null;
  const dangling = place(query, /\b(?:AND|OR|NOT)\s*$/);
  if (person) fault('query', '`author:` is refused: a watch asks what is said, never who says it', 'leave it out; `source:`, `kind:` and `domain:` narrow a query without naming anyone', person);
  else if (address) fault('query', '`email` is refused: it is taken out of posts before anything looks at them', 'leave it out; a watch asks what is said, never who says it or how to reach them', address);
  else if (link) fault('query', 'links hold no words, so a link cannot be looked for as text', 'ask for posts that link to a site: `domain:example.org`', link);
  else if (open) fault('query', 'this parenthesis is never closed', 'add `)` where the group ends', open);
  else if (dangling) fault('query', 'there is nothing on the right of this', 'write what shall be there, too', dangling);
  if (faults.some(({ field }) => field === 'query')) return { query: null, faults };
  const parts = [...query.matchAll(/"[^"]*"|[^\s()"]+/g)].filter(([text]) => !/^(?:AND|OR|NOT|O?NEAR\/\d+)$/.test(text)).map((found) => {
    const start = [...query.slice(0, found.index)].length;
    const text = found[0];
    const kind = text.startsWith('"') ? 'phrase' : text.startsWith('#') ? 'hashtag' : text.includes(':') ? 'field' : text.endsWith('*') ? 'prefix' : 'word';
    return { kind, text, start, end: start + [...text].length };
  });
  const lower = place(query, /(?<=\s)(?:and|or|not)(?=\s)/);
  const lints = lower ? [{ field: 'query', message: 'this is a word to be found, no operator', help: 'write it in capitals', ...lower }] : [];
  const cost = { class: parts.some(({ text }) => text.length < 4) ? 'high' : 'low', sentence: `low: looked at for posts with ${parts[0]?.text ?? ''} (${parts.length} words)` };
  return { query: { reading: `(${query.replace(/\s+/g, ' ')})`, parts, lints, cost }, faults };
}

/** @param {string} query */
function trial(query) {
  const first = Date.UTC(2026, 10, 24, 20);
  const hours = Array.from({ length: 40 }, (_, i) => {
    const start = new Date(first + i * 3_600_000).toISOString().replace('.000', '');
    const posts = 20 + Math.round(90 * noise(query, i));
    const row = { start, step: 'hour', by: { watch: `(${query})` } };
    return i % 9 === 4 ? { ...row, suppressed: true } : { ...row, posts, authors: Math.round(posts * 0.8) };
  });
  return { reading: `(${query})`, hours, one_in: 4, left: 31 };
}

export function watchDesk() {
  /** @type {Map<string, any>} */
  const changed = new Map();
  return {
    /** The list with what editors did. @param {any[]} list */
    apply(list) {
      const names = new Set(list.map(({ name }) => name));
      const own = [...changed.values()].filter((watch) => watch !== null);
      const rest = list.filter(({ name }) => !changed.has(name));
      const made = own.map((watch) => ({
        name: watch.name, query: watch.query, reading: `(${watch.query})`, purpose: { category: watch.category, sentence: watch.sentence },
        created: '2026-11-27', sunset: watch.sunset ?? '2027-02-25', state: 'active',
        spark: Array.from({ length: 30 }, (_, i) => (names.has(watch.name) ? 20 + Math.round(9 * noise(watch.name, i)) : null)), latest: null,
      }));
      return [...rest, ...made].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
    /** @param {string} method @param {string} path @param {any} body @returns {[number, any]} */
    act(method, path, body) {
      if (path.endsWith('-check')) return [200, check(body)];
      if (path.endsWith('-trials')) return [200, trial(String(body.query))];
      const name = decodeURIComponent(path.split('/')[4] ?? '');
      if (method === 'DELETE') {
        changed.set(name, null);
        return [204, null];
      }
      const [fault] = check(body).faults;
      if (fault !== undefined) return [400, { title: 'the body cannot be read', detail: `${fault.message}; ${fault.help}`, field: fault.field, status: 400, code: 'bad_body' }];
      if (method === 'POST' && changed.get(body.name)) return [409, { title: 'it exists already, or there is no room', status: 409, code: 'exists' }];
      changed.set(body.name, body);
      return method === 'POST' ? [201, null] : [204, null];
    },
  };
}
