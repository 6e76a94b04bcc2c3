// Checks the audit log in the reader's browser: the tree of RFC 6962 over all entries, and the signature under its head. It rests on
// what this server sent, this program among it; `groundswell audit verify` and the verifier in Python rest on nothing of it.
import type { AuditEntry, AuditHead } from '../api/types';

/** What was found. */
export interface Verdict {
  /** Entries that were read. */
  entries: number;
  /** Whether they are those that the head speaks of. */
  whole: boolean;
  /** Whether the head is signed by the key that it came with; null where the browser knows no Ed25519. */
  signed: boolean | null;
  /** The first entry that does not follow the one before it; null where all do. */
  broken: number | null;
}

const HASH_BYTES = 32;
const LOG_KEY = 1;

async function sha256(...parts: Uint8Array[]): Promise<Uint8Array> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** The bytes of base64; empty where it is none. */
function bytes(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));

/** Hash of an entry (RFC 6962, section 2.1). */
export const entryHash = (line: string): Promise<Uint8Array> => sha256(Uint8Array.of(0), utf8(line));
const nodeHash = (left: Uint8Array, right: Uint8Array): Promise<Uint8Array> => sha256(Uint8Array.of(1), left, right);

/** The right edge of a tree that grows: the roots of its complete parts, the largest first. */
export class Frontier {
  #peaks: Uint8Array[] = [];
  size = 0;

  async push(entry: Uint8Array): Promise<void> {
    let hash = entry;
    for (let full = this.size; full % 2 === 1; full = (full - 1) / 2) {
      hash = await nodeHash(this.#peaks.pop() as Uint8Array, hash);
    }
    this.#peaks.push(hash);
    this.size += 1;
  }

  async root(): Promise<string> {
    let root: Uint8Array | null = null;
    for (const peak of this.#peaks.toReversed()) root = root === null ? peak : await nodeHash(peak, root);
    return base64(root ?? (await sha256()));
  }
}

/** Whether a signed note says what a head says and is signed by its key; null where the browser knows no Ed25519. */
export async function isSigned(head: AuditHead): Promise<boolean | null> {
  const at = head.note.lastIndexOf('\n\n');
  const text = head.note.slice(0, at + 1);
  if (at < 0 || text !== `${head.origin}\n${head.size}\n${head.root}\n`) return false;
  const [name, id, ...rest] = head.key.split('+');
  const key = bytes(rest.join('+'));
  if (name !== head.origin || key.length !== 1 + HASH_BYTES || key[0] !== LOG_KEY) return false;
  const wanted = await sha256(utf8(`${name}\n`), key);
  const hex = [...wanted.slice(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex !== id) return false;
  const line = head.note.slice(at + 2).split('\n').find((one) => one.startsWith(`\u2014 ${name} `));
  const signature = bytes(line?.split(' ')[2] ?? '');
  if (base64(signature.slice(0, 4)) !== base64(wanted.slice(0, 4))) return false;
  try {
    const imported = await crypto.subtle.importKey('raw', key.slice(1), 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', imported, signature.slice(4), utf8(text));
  } catch {
    return null;
  }
}

/** Checks all entries, page by page, against a head that is not older than they are. */
export async function check(pages: AsyncIterable<readonly AuditEntry[]>, head: AuditHead): Promise<Verdict> {
  const frontier = new Frontier();
  let before = base64(new Uint8Array(HASH_BYTES));
  let broken: number | null = null;
  for await (const page of pages) {
    for (const { number, line } of page) {
      if (frontier.size >= head.size) break; // Added since the head was read.
      const said = marks(line);
      if (broken === null && (number !== frontier.size || said.n !== number || said.prev !== before)) broken = frontier.size;
      const hash = await entryHash(line);
      before = base64(hash);
      await frontier.push(hash);
    }
  }
  const whole = broken === null && frontier.size === head.size && (await frontier.root()) === head.root;
  return { entries: frontier.size, whole, signed: await isSigned(head), broken };
}

function marks(line: string): { n?: unknown; prev?: unknown } {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null ? entry : {};
  } catch {
    return {};
  }
}
