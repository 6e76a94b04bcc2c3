// How light and how fast the page is, in a real Chromium against the stand-in: what docs/usability.md says of it. `npm run measure`,
// or with names of parts: `npm run measure load usable pan live session`. Nothing is asserted: machines differ.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { launch } from '../browser/chromium.mjs';
import { startMock } from '../mock/server.mjs';

/** The built page; another one by `DIST`, to hold one against the other. */
const DIST = process.env['DIST'] ?? fileURLToPath(new URL('../dist', import.meta.url));
/** Loads of which the median is told. */
const ROUNDS = 9;
const asked = new Set(process.argv.slice(2));
const wanted = (/** @type {string} */ part) => asked.size === 0 || asked.has(part);
const profile = await mkdtemp(join(tmpdir(), 'groundswell-measure-'));
const browser = await launch(profile);
const root = await browser.newBrowserCDPSession();

/** @param {readonly number[]} values @param {number} part */
const quantile = (values, part) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? NaN;
/** @param {number} value */
const ms = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

/** Seconds of a core that renderers took, by process. */
async function rendererSeconds() {
  const { processInfo } = await root.send('SystemInfo.getProcessInfo');
  return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** @param {{ first?: boolean, width?: number }} [options] */
async function fresh({ first = false, width = 1280 } = {}) {
  const mock = await startMock({ scenario: 'live', dist: DIST });
  const context = await browser.newContext({ viewport: { width, height: 900 }, locale: 'en-GB', timezoneId: 'UTC' });
  if (!first) await context.addInitScript(() => localStorage.setItem('groundswell.tour', 'left'));
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  return { mock, context, page, devtools, close: async () => { await context.close(); await mock.close(); } };
}

/** What a first visit fetches before it is at rest, compressed as far as it is text. */
async function load() {
  const { page, mock, close } = await fresh({ first: true });
  /** @type {string[]} */
  const files = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (!pathname.startsWith('/api/')) files.push(pathname);
  });
  await page.goto(mock.url);
  await page.locator('.detection').first().waitFor();
  await page.waitForLoadState('networkidle').catch(() => {});
  let sum = 0;
  for (const file of files) {
    const bytes = readFileSync(join(DIST, file === '/' ? 'index.html' : file));
    sum += /\.(woff2|png)$/.test(file) ? bytes.length : gzipSync(bytes, { level: 9 }).length;
  }
  console.log(`load: ${(sum / 1_000).toFixed(1)} kB compressed in ${files.length} files, the font among them (250 kB are allowed)`);
  await close();
}

/**
 * From the address to a page that answers: detections in sight, the chart drawn, and a press that has been answered (`lists`: the lists, too);
 * and, by itself, to a page that has everything: the lists with their lines, and the lines of detections.
 */
async function usable() {
  for (const rate of [1, 4]) {
    for (const what of /** @type {const} */ (['usable', 'usable with lists', 'whole'])) {
      /** @type {number[]} */
      const clock = [];
      /** What the main thread itself worked until then: a busy machine adds little to it. @type {number[]} */
      const worked = [];
      for (let round = 0; round <= ROUNDS; round += 1) {
        const { page, mock, devtools, close } = await fresh();
        await page.addInitScript((/** @type {string} */ until) => {
          const marks = /** @type {{ shown?: number, done?: number }} */ ({});
          Object.assign(window, { marks });
          const there = (/** @type {string} */ selector, least = 1) => document.querySelectorAll(selector).length >= least;
          const first = () => there('.detection') && there('.total canvas');
          const lists = () => there('.top tbody tr', 31) && there('.narrative svg');
          const whole = () => first() && lists() && there('.detection .curve svg') && there('.top td.spark svg', 31);
          const wanted = { usable: first, 'usable with lists': () => first() && there('.top tbody tr'), whole }[until] ?? first;
          const look = () => {
            if (marks.shown === undefined && wanted()) {
              marks.shown = performance.now();
              const answered = () => requestAnimationFrame(() => setTimeout(() => (marks.done = performance.now())));
              // Whoever presses now is answered when the main thread is free: the window's heading changes.
              const hour = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll('.bar input[type=radio]')])[1];
              setTimeout(() => {
                if (until !== 'whole') hour?.click();
                answered();
              });
            }
            if (marks.done === undefined) requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        }, what);
        await devtools.send('Performance.enable');
        await devtools.send('Emulation.setCPUThrottlingRate', { rate });
        await page.goto(mock.url);
        const done = await page.waitForFunction(() => /** @type {any} */ (window).marks.done, undefined, { timeout: 60_000 });
        const { metrics } = await devtools.send('Performance.getMetrics');
        // The first round warms the files up.
        if (round > 0) {
          clock.push(Number(await done.jsonValue()));
          worked.push(1_000 * (metrics.find(({ name }) => name === 'ThreadTime')?.value ?? NaN));
        }
        await close();
      }
      console.log(`${what}, CPU ${rate} times slowed: after ${ms(quantile(clock, 0.5))} (median of ${ROUNDS}, best ${ms(Math.min(...clock))}, worst ${ms(Math.max(...clock))}); the main thread was at work for ${ms(quantile(worked, 0.5))} (best ${ms(Math.min(...worked))})`);
    }
  }
}

/** 100,800 minutes, dragged along: how long frames take, and how much of them is the page's own work. */
async function pan() {
  for (const [name, presses] of /** @type {const} */ ([['all of them in sight', 0], ['12,600 in sight', 3]])) {
    const { page, mock, devtools, close } = await fresh();
    await devtools.send('Performance.enable');
    /** The main thread's own time: what a busy machine adds is not in it. */
    const thread = async () => (await devtools.send('Performance.getMetrics')).metrics.find(({ name: one }) => one === 'ThreadTime')?.value ?? NaN;
    await page.goto(new URL('/explore?form=long&span=100800', mock.url).href);
    const long = page.getByRole('group', { name: /^Posts per minute/ });
    await long.waitFor({ timeout: 120_000 });
    await page.getByText(/^In sight/).waitFor();
    await long.focus();
    // All in sight cannot be moved; so nearly all.
    if (presses === 0) await page.evaluate(() => document.querySelector('.long')?.dispatchEvent(new WheelEvent('wheel', { deltaY: -20, ctrlKey: true, clientX: 600, cancelable: true })));
    for (let i = 0; i < presses; i += 1) await page.keyboard.press('+');
    await wait(500);
    const before = await thread();
    const times = await page.evaluate(async () => {
      const host = /** @type {HTMLElement} */ (document.querySelector('.long'));
      const { left, top, width } = host.getBoundingClientRect();
      host.setPointerCapture = () => {};
      /** @type {number[]} */
      const frames = [];
      const send = (/** @type {string} */ type, /** @type {number} */ x) => host.dispatchEvent(new PointerEvent(type, { clientX: x, clientY: top + 100, button: 0, pointerType: 'mouse', bubbles: true }));
      send('pointerdown', left + width / 2);
      let last = performance.now();
      for (let i = 0; i < 300; i += 1) {
        send('pointermove', left + width / 2 + Math.sin(i / 20) * width * 0.4);
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(undefined))));
        const now = performance.now();
        frames.push(now - last);
        last = now;
      }
      send('pointerup', left + width / 2);
      return { frames: frames.slice(10) };
    });
    const own = (1_000 * (await thread() - before)) / 300;
    const within = times.frames.filter((time) => time < 1_000 / 60 + 1.5).length / times.frames.length;
    console.log(`pan, 100,800 points, ${name}: a frame each ${ms(quantile(times.frames, 0.5))} (95 of 100 within ${ms(quantile(times.frames, 0.95))}), ${(1_000 * times.frames.length / times.frames.reduce((sum, one) => sum + one, 0)).toFixed(1)} frames a second, ${Math.round(within * 100)} % in time for 60; the main thread worked ${ms(own)} a frame of 16.7 ms`);
    await close();
  }
}

/** 1,000 live detections a minute, for a minute, on the page that lists them. */
async function live() {
  const { page, mock, devtools, close } = await fresh();
  await page.goto(mock.url);
  await page.locator('.detection').first().waitFor();
  await devtools.send('Performance.enable', { timeDomain: 'timeTicks' });
  const tasks = async () => (await devtools.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
  for (const rate of [0, 1_000]) {
    await wait(5_000);
    const [before, cpu, start] = [await tasks(), await rendererSeconds(), performance.now()];
    const SECONDS = 60;
    for (let i = 0; i < SECONDS; i += 1) {
      for (let n = Math.floor((i * rate) / 60); n < Math.floor(((i + 1) * rate) / 60); n += 1) mock.emit('detection', { id: `burst-${n}`, kind: 'burst', title: `burst ${n}`, severity: 'low' });
      if (i % 60 === 59) mock.closeMinute();
      await wait(Math.max(0, start + (i + 1) * 1_000 - performance.now()));
    }
    const seconds = (performance.now() - start) / 1_000;
    console.log(`live, ${rate} detections a minute for ${Math.round(seconds)} s: main thread ${((100 * (await tasks() - before)) / seconds).toFixed(1)} % of a core, its whole process ${((100 * (await rendererSeconds() - cpu)) / seconds).toFixed(1)} %`);
  }
  await close();
}

/** Eight hours of closed minutes with a detection in each, while a reader goes from page to page: what is left on the heap. */
async function session() {
  const { page, mock, devtools, close } = await fresh();
  const paths = ['/', '/explore?by=language', '/narratives', '/', '/watches', '/feed/everything', '/', '/detections/burst-b7', '/sources', '/audit'];
  await page.goto(mock.url);
  await page.locator('.detection').first().waitFor();
  await devtools.send('Performance.enable');
  /** @type {{ hour: number, heap: number, nodes: number, listeners: number }[]} */
  const found = [];
  const look = async (/** @type {number} */ hour) => {
    for (let i = 0; i < 3; i += 1) await devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await devtools.send('Performance.getMetrics');
    const of = (/** @type {string} */ name) => metrics.find((one) => one.name === name)?.value ?? 0;
    found.push({ hour, heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') });
  };
  const MINUTES = 8 * 60;
  for (let minute = 0; minute <= MINUTES; minute += 1) {
    if (minute % 30 === 0) {
      // Always seen from the same page.
      await page.evaluate(() => document.querySelector('a[href="/"]')?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, button: 0 })));
      await page.locator('.detection').first().waitFor();
      await wait(1_000);
      await look(minute / 60);
    } else if (minute % 3 === 0) {
      // As the reader's own links lead: without loading anew.
      const path = paths[(minute / 3) % paths.length] ?? '/';
      await page.evaluate((address) => {
        const link = document.createElement('a');
        link.href = address;
        document.body.append(link);
        link.click();
        link.remove();
      }, path);
    }
    mock.closeMinute();
    mock.emit('detection', { id: `burst-${minute}`, kind: 'burst', title: 'burst', severity: 'low' });
    // A minute is refreshed at most each 1.5 s; a little more, so that none is left out.
    await wait(1_600);
  }
  const mb = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1);
  for (const { hour, heap, nodes, listeners } of found.filter((_, i) => i % 2 === 0)) console.log(`session, hour ${hour}: ${mb(heap)} MB, ${nodes} nodes, ${listeners} listeners`);
  const half = found.filter(({ hour }) => hour >= 1);
  const mean = half.reduce((sum, { hour }) => sum + hour, 0) / half.length;
  const meanHeap = half.reduce((sum, { heap }) => sum + heap, 0) / half.length;
  const slope = half.reduce((sum, { hour, heap }) => sum + (hour - mean) * (heap - meanHeap), 0) / half.reduce((sum, { hour }) => sum + (hour - mean) ** 2, 0);
  console.log(`session, eight hours: ${mb(Math.min(...half.map(({ heap }) => heap)))} to ${mb(Math.max(...half.map(({ heap }) => heap)))} MB from the first hour on, ${(slope / 1e3).toFixed(0)} kB an hour more`);
  await close();
}

console.log(`${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores; ${browser.version()}; ${execFileSync('uptime', { encoding: 'utf8' }).trim()}`);
try {
  for (const [name, part] of /** @type {const} */ ([['load', load], ['usable', usable], ['pan', pan], ['live', live], ['session', session]])) if (wanted(name)) await part();
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true });
}
