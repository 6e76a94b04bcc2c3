// What every test against the stand-in begins with.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { startMock, type Scenario } from '../mock/server.mjs';
import { watch, type Watched } from './checks';
import { launch } from './chromium.mjs';

export interface Options {
  scheme?: 'light' | 'dark';
  width?: number;
  height?: number;
  locale?: string;
  reducedMotion?: 'reduce' | 'no-preference';
  path?: string;
  /** As on the very first visit: the tour is offered. */
  first?: boolean;
  /** Both clocks stand there: two pictures of it are the same. */
  at?: number;
}

export type Opened = Watched & { page: Page; mock: Awaited<ReturnType<typeof startMock>> };

/** One browser for the file, a fresh stand-in and context for each `open`. */
export function pages(): { open: (scenario: Scenario, options?: Options) => Promise<Opened>; cleanups: (() => Promise<void>)[] } {
  let browser: Browser;
  let profile: string;
  const cleanups: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    profile = await mkdtemp(join(tmpdir(), 'groundswell-browser-'));
    browser = await launch(profile);
  });
  afterAll(async () => {
    await browser.close();
    await rm(profile, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  async function open(scenario: Scenario, options: Options = {}): Promise<Opened> {
    const mock = await startMock({ scenario, ...(options.at !== undefined && { at: options.at }) });
    const context = await browser.newContext({
      colorScheme: options.scheme ?? 'light',
      viewport: { width: options.width ?? 1280, height: options.height ?? 900 },
      locale: options.locale ?? 'en-GB',
      timezoneId: 'Europe/Paris',
      reducedMotion: options.reducedMotion ?? 'no-preference',
    });
    cleanups.push(() => mock.close(), () => context.close());
    if (options.first !== true) await context.addInitScript(toured);
    const page = await context.newPage();
    if (options.at !== undefined) await page.clock.setFixedTime(options.at);
    const watched = watch(page, mock.url);
    await page.goto(new URL(options.path ?? '/', mock.url).href);
    return { page, mock, ...watched };
  }
  return { open, cleanups };
}

/** Who has been here before. */
export function toured(): void {
  localStorage.setItem('groundswell.tour', 'left');
}

/** Whatever page it is: its title and what it asked for are there. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main h2').first().waitFor();
  await page.waitForLoadState('load');
  await page.getByText(/^Reading( the numbers)? …$/).first().waitFor({ state: 'detached' });
}

/** Pixels that run over the side. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
