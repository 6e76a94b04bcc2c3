// docs/screenshot.png and docs/screenshot-dark.png, from GROUNDSWELL_URL if set, else from the stand-in (simulated data).
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from '../browser/chromium.mjs';
import { startMock } from '../mock/server.mjs';

const BYTES_MAX = 400_000;
const out = process.env['OUT'] ?? fileURLToPath(new URL('../../docs', import.meta.url));
const given = process.env['GROUNDSWELL_URL'];
const mock = given === undefined ? await startMock({ scenario: 'simulated' }) : null;
const url = given ?? mock?.url ?? '';
const profile = await mkdtemp(join(tmpdir(), 'groundswell-shot-'));
const browser = await launch(profile);
try {
  for (const [scheme, name] of /** @type {const} */ ([['light', 'screenshot.png'], ['dark', 'screenshot-dark.png']])) {
    const page = await browser.newPage({ colorScheme: scheme, viewport: { width: 1280, height: 1180 }, locale: 'en-GB', timezoneId: 'UTC' });
    await page.goto(url);
    await page.locator('.total canvas').waitFor({ timeout: 60_000 });
    await page.locator('.top tbody tr').first().waitFor({ timeout: 60_000 });
    await page.evaluate(() => document.fonts.ready);
    const path = join(out, name);
    await page.screenshot({ path });
    const bytes = statSync(path).size;
    console.log(`${path}: ${bytes} bytes`);
    if (bytes > BYTES_MAX) throw new Error(`${name} is larger than ${BYTES_MAX} bytes`);
    await page.close();
  }
} finally {
  await browser.close();
  await mock?.close();
  await rm(profile, { recursive: true, force: true });
}
