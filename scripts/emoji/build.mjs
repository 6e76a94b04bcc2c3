#!/usr/bin/env node
// Makes the tables of names of emoji: crates/gate/data/emoji-names.txt (English) and web/src/lib/emoji/{en,fr}.txt.
//
//     npm pack cldr-annotations-full@48.2.0 cldr-annotations-derived-full@48.2.0    # Unicode-3.0
//     for p in cldr-*.tgz; do mkdir -p "${p%.tgz}" && tar xzf "$p" -C "${p%.tgz}"; done
//     scripts/emoji/build.mjs FOLDER_OF_THE_TWO
//
// A line is an emoji without what asks for its colour, a tab, and its short name. Skin tones are left out, as terms leave them out.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('which folder holds the two packages?');
const root = fileURLToPath(new URL('../..', import.meta.url));

function annotations(language) {
  const all = {};
  for (const [prefix, part] of [['cldr-annotations-full-', 'annotations'], ['cldr-annotations-derived-full-', 'annotationsDerived']]) {
    const name = readdirSync(folder).find((name) => name.startsWith(prefix) && !name.endsWith('.tgz'));
    const json = JSON.parse(readFileSync(join(folder, name, 'package', part, language, 'annotations.json'), 'utf8'));
    Object.assign(all, Object.values(json)[0].annotations);
  }
  return all;
}

const SIGN = /^[\p{Emoji}\u200d\u20e3\u{e0020}-\u{e007f}]+$/u;
const TONED = /\p{Emoji_Modifier}/gu;

function table(language) {
  const names = new Map();
  const toned = new Map();
  for (const [written, { tts }] of Object.entries(annotations(language))) {
    const emoji = written.replaceAll('\ufe0f', '');
    if (tts === undefined || !SIGN.test(emoji) || /^[\0-\x7f]+$/.test(emoji)) continue;
    const plain = emoji.replace(TONED, '');
    if (plain === emoji || plain === '') names.set(emoji, tts[0]);
    // Two people, of whom each has a tone, are written as two; without tones they are one sign, and the two have no name of their own.
    else if (!toned.has(plain)) toned.set(plain, tts[0].split(/\s*:/)[0]);
  }
  for (const [emoji, name] of toned) if (!names.has(emoji)) names.set(emoji, name);
  return [...names].map(([emoji, name]) => `${emoji}\t${name}\n`).toSorted().join('');
}

for (const language of ['en', 'fr']) writeFileSync(join(root, `web/src/lib/emoji/${language}.txt`), table(language));
writeFileSync(join(root, 'crates/gate/data/emoji-names.txt'), table('en'));
