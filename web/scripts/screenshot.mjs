// docs/screenshot.png and docs/screenshot-dark.png, from GROUNDSWELL_URL, else from GROUNDSWELL_BIN with
// simulated data, else from the stand-in.
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from '../browser/chromium.mjs';
import { startEngine } from '../browser/engine.mjs';
import { startMock } from '../mock/server.mjs';

const BYTES_MAX = 400_000;
const out = process.env['OUT'] ?? fileURLToPath(new URL('../../docs', import.meta.url));
const profile = await mkdtemp(join(tmpdir(), 'groundswell-shot-'));
const given = process.env['GROUNDSWELL_URL'];
const binary = process.env['GROUNDSWELL_BIN'];
/** @type {{ url: string, stop: () => Promise<void> } | null} */
let server = null;
if (given === undefined) {
  const mock = binary === undefined ? await startMock({ scenario: 'simulated' }) : null;
  server = mock === null ? await startEngine(String(binary), join(profile, 'engine'), ['--simulated']) : { url: mock.url, stop: mock.close };
}
const url = given ?? server?.url ?? '';
const browser = await launch(join(profile, 'browser'));
/** A sparkline holds so many windows; the picture waits until they are there. */
const WINDOWS = 30;
try {
  for (const [scheme, name] of /** @type {const} */ ([['light', 'screenshot.png'], ['dark', 'screenshot-dark.png']])) {
    const page = await browser.newPage({ colorScheme: scheme, viewport: { width: 1280, height: 1180 }, locale: 'en-GB', timezoneId: 'UTC' });
    // The picture is of the page, not of the tour through it.
    await page.addInitScript(() => localStorage.setItem('groundswell.tour', 'left'));
    await page.goto(url);
    await page.locator('.total canvas').waitFor({ timeout: 60_000 });
    await page.locator('.top tbody tr').first().waitFor({ timeout: 60_000 });
    const numbers = page.locator('.total summary', { hasText: 'Numbers as a table' });
    await numbers.click();
    await page.locator('.total tbody tr').nth(WINDOWS).waitFor({ timeout: 120_000 });
    // Until the past that the simulator makes up first has been read, and windows close as minutes pass.
    await page.getByText(/Counted up to .*, (\d+ s|[12] min) ago/).waitFor({ timeout: 120_000 });
    await numbers.click();
    // A picture without detections is one, too: that it is quiet.
    await page.locator('.detection').first().waitFor({ timeout: 60_000 }).catch(() => {});
    // Their lines come when there is time for them.
    if ((await page.locator('.detection').count()) > 0) await page.locator('.detection .curve svg').last().waitFor({ timeout: 60_000 });
    await page.evaluate(() => {
      scrollTo(0, 0);
      return document.fonts.ready;
    });
    const path = join(out, name);
    await page.screenshot({ path });
    const bytes = statSync(path).size;
    console.log(`${path}: ${bytes} bytes`);
    if (bytes > BYTES_MAX) throw new Error(`${name} is larger than ${BYTES_MAX} bytes`);
    await page.close();
  }
} finally {
  await browser.close();
  await server?.stop();
  await rm(profile, { recursive: true, force: true });
}
