// What a first load costs, held to a budget, and that the built page stands under a content policy without inline exceptions.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** JavaScript and styles together, compressed. */
const BUDGET_BYTES = 120_000; // Issue 9 allows 250 kB for all of a first load; one font file of 48 kB comes on top.

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const html = readFileSync(join(dist, 'index.html'), 'utf8');
const inline = [/<script(?![^>]*\ssrc=)[^>]*>/i, /<style/i, /\sstyle=/i, /\son[a-z]+=/i].filter((pattern) => pattern.test(html));
if (inline.length > 0) {
  console.error(`dist/index.html: inline script or style, which the content policy refuses: ${inline.join(' ')}`);
  process.exit(1);
}

let total = 0;
for (const name of readdirSync(join(dist, 'assets'))) {
  if (!/\.(js|css)$/.test(name)) continue;
  const bytes = gzipSync(readFileSync(join(dist, 'assets', name)), { level: 9 }).length;
  total += bytes;
  console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB  ${name}`);
}
console.log(`${(total / 1000).toFixed(1).padStart(7)} kB  JavaScript and styles, gzip; budget ${BUDGET_BYTES / 1000} kB`);
if (total > BUDGET_BYTES) {
  console.error('over the budget');
  process.exit(1);
}
