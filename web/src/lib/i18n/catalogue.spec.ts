// The catalogue is whole and nothing of it is dead, and what a reader sees comes from nowhere else.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'svelte/compiler';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { en } from './en';
import { fr } from './fr';

const SRC = join(process.cwd(), 'src');
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(svelte|ts)$/.test(file) && !/\.spec\.ts$|^gen\/|^lib\/i18n\/(en|fr)\.ts$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(SRC, file), 'utf8') }));

/** Every message by its path. */
function leaves(of: object, path = ''): [path: string, message: unknown][] {
  return Object.entries(of).flatMap(([key, value]: [string, unknown]) => {
    const here = path === '' ? key : `${path}.${key}`;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? leaves(value, here) : [[here, value] as [string, unknown]];
  });
}
/** English says them as the server does. */
const ONLY_TRANSLATED = /^coverage\.causes\./;

describe('the catalogue', () => {
  test('says the same things in every language, from the same facts', () => {
    const shape = (of: object): string[] =>
      leaves(of).filter(([path]) => !ONLY_TRANSLATED.test(path)).map(([path, message]) => `${path} ${typeof message === 'function' ? message.length : ''}`).toSorted();
    expect(shape(fr)).toEqual(shape(en));
  });

  test('holds nothing empty, and parts where the other has them', () => {
    const french = new Map(leaves(fr));
    for (const [path, message] of leaves(en)) {
      const other = french.get(path);
      if (typeof message !== 'string' || typeof other !== 'string') continue;
      const parts = (text: string): string[] => [...text.matchAll(/\{(\w+)/g)].map(([, name]) => name ?? '').toSorted();
      expect(other.trim(), path).not.toBe('');
      expect(parts(other), path).toEqual(parts(message));
    }
  });

  test('French has the spaces that French has', () => {
    for (const [path, message] of leaves(fr)) {
      if (typeof message === 'string') expect(message, path).not.toMatch(/[^\u00a0\u202f\s][ ](?:[:;!?»])|« |\w'\w/);
    }
  });

  test('has no message that nobody says', () => {
    const all = files.map(({ text }) => text).join('\n');
    const said = (path: string): boolean => {
      const called = (at: string): RegExp => new RegExp(`(?:t\\(\\)|en|speech\\.messages)\\.${at.replaceAll('.', '\\.')}(?![\\w])`);
      if (called(path).test(all)) return true;
      // A record that is asked by a key, or handed on as a whole.
      return path.split('.').some((_, i, parts) => i > 0 && new RegExp(`${called(parts.slice(0, i).join('.')).source}(?:\\[|[,);])`).test(all));
    };
    expect(leaves(en).map(([path]) => path).filter((path) => !path.startsWith('titles.') && !said(path))).toEqual([]);
  });
});

/** Attributes that are read or heard. */
const HEARD = new Set(['aria-label', 'aria-roledescription', 'aria-description', 'title', 'placeholder', 'alt', 'label', 'caption', 'words', 'lead', 'data-label', 'head', 'text']);
const LETTERS = /\p{L}{2,}/u;
/** Names, and what is the same in every language. */
const SAME = /^(?:CSV|SVG|PNG|AGPL-3\.0-or-later|groundswell|k)$/;

interface Node {
  type: string;
  start: number;
  [key: string]: unknown;
}
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

function children(node: Node): [string, Node][] {
  return Object.entries(node).flatMap(([key, value]) => (isNode(value) ? [[key, value] as [string, Node]] : Array.isArray(value) ? value.filter(isNode).map((one) => [key, one] as [string, Node]) : []));
}

/** Words that stand in the markup itself. */
function wordsOf(source: string): string[] {
  const found: string[] = [];
  const say = (text: string): void => {
    const trimmed = text.trim();
    if (LETTERS.test(trimmed) && !SAME.test(trimmed)) found.push(trimmed);
  };
  /** What an expression may come out as: not what it compares, and not by what key it looks something up. */
  const outcome = (node: Node): void => {
    if (node.type === 'Literal' && typeof node['value'] === 'string') say(node['value']);
    if (node.type === 'TemplateElement') say(String((node['value'] as { cooked?: string }).cooked ?? ''));
    if (node.type === 'BinaryExpression' && node['operator'] !== '+') return;
    if (node.type === 'CallExpression') return; // Its own words are in `t()`.
    for (const [key, child] of children(node)) {
      if ((node.type === 'ConditionalExpression' && key === 'test') || (node.type === 'MemberExpression' && key === 'property')) continue;
      outcome(child);
    }
  };
  const walk = (node: Node): void => {
    if (node.type === 'Text') return say(String(node['data']));
    if (node.type === 'ExpressionTag') return outcome(node['expression'] as Node);
    if (node.type === 'Attribute') {
      if (!HEARD.has(String(node['name']))) return;
      for (const [, child] of children(node)) walk(child);
      return;
    }
    if (['Script', 'StyleSheet', 'StyleDirective'].includes(node.type)) return;
    for (const [, child] of children(node)) walk(child);
  };
  walk(parse(source, { modern: true }).fragment as unknown as Node);
  return found;
}

/** Sentences in code: strings in which a word follows a word. */
function sentencesOf(code: string): string[] {
  const found: string[] = [];
  const file = ts.createSourceFile('x.ts', code, ts.ScriptTarget.Latest, true);
  const prose = /\p{L}{2,},? \p{L}{2,}/u;
  const walk = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    if ((ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) && prose.test(node.text)) found.push(node.text);
    ts.forEachChild(node, walk);
  };
  walk(file);
  return found;
}

/** Sentences that are no reader's: for who mends the page, for a file that programs read, for a picture's letters, or a key of the server's. */
const NOT_READ = [/^index\.html has no #app$/, /^no picture$/, /^held back$/, /^not recorded$/, /^recorded in part$/, /^nothing was read$/, /^page \w+$/, /^explore $/, /^new watch$/, /sans-serif/, /^<svg /, /^<\/title>/, /^JSON Feed$/];

describe('what a reader sees comes from the catalogue', () => {
  test.each(files.filter(({ file }) => file.endsWith('.svelte')))('$file', ({ text }) => {
    expect(wordsOf(text)).toEqual([]);
    const script = /<script[^>]*>([\s\S]*?)<\/script>/.exec(text)?.[1] ?? '';
    expect(sentencesOf(script).filter((sentence) => !NOT_READ.some((known) => known.test(sentence)))).toEqual([]);
  });

  test.each(files.filter(({ file }) => file.endsWith('.ts')))('$file', ({ text }) => {
    expect(sentencesOf(text).filter((sentence) => !NOT_READ.some((known) => known.test(sentence)))).toEqual([]);
  });

  test('a literal would be found', () => {
    expect(wordsOf('<p>Hello there</p>')).toEqual(['Hello there']);
    expect(wordsOf('<p title="Hello">{a === "x" ? "Yes" : t().no}</p>')).toEqual(['Hello', 'Yes']);
    expect(wordsOf('<b class="Hello there">{`${n} posts`}</b>')).toEqual(['posts']);
    expect(sentencesOf('const said = `Not done: ${error}`')).toEqual(['Not done: ']);
  });
});

describe('numbers in sentences', () => {
  test('French counts nought as one, English as many', () => {
    expect([en.audit.entries(0), en.audit.entries(1), en.audit.entries(2)]).toEqual(['{b|0} entries under the newest head.', '{b|1} entry under the newest head.', '{b|2} entries under the newest head.']);
    expect([fr.audit.entries(0), fr.audit.entries(1), fr.audit.entries(2)]).toEqual(['{b|0} entrée sous la dernière tête.', '{b|1} entrée sous la dernière tête.', '{b|2} entrées sous la dernière tête.']);
  });

  test('a detection, several, and at least so many', () => {
    const said = (of: typeof en): string[] => [of.verdict.rising(1, false, 3, 0, false), of.verdict.rising(6, false, 3, 2, false), of.verdict.rising(150, true, 3, 50, true)];
    expect(said(en)).toEqual(['One detection in the last 3 hours', '6 detections in the last 3 hours, 2 of high severity', 'At least 150 detections in the last 3 hours, at least 50 of high severity']);
    expect(said(fr)).toEqual([
      'Une détection au cours des 3 dernières heures', '6 détections au cours des 3 dernières heures, dont 2 de gravité élevée', 'Au moins 150 détections au cours des 3 dernières heures, dont au moins 50 de gravité élevée',
    ]);
  });

  test('what comes from elsewhere keeps its own spaces', () => {
    expect(fr.titles.subjects.quoted('a : b')).toBe('«\u00a0a : b\u00a0»');
  });
});
