// What is watched on every page: errors, requests to other hosts, and what axe has to say.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface Watched {
  /** Errors and warnings of the console, exceptions, and breaches of the content policy. */
  errors: string[];
  /** Requests that did not go to the page's own server. */
  foreign: string[];
}

export function watch(page: Page, url: string): Watched {
  const watched: Watched = { errors: [], foreign: [] };
  const origin = new URL(url).origin;
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) watched.errors.push(message.text());
  });
  page.on('pageerror', (error) => watched.errors.push(String(error)));
  page.on('request', (request) => {
    const target = request.url();
    if (!target.startsWith(`${origin}/`)) watched.foreign.push(target);
  });
  return watched;
}

/** Every violation that axe finds, in one line each. */
export async function violations(page: Page): Promise<string[]> {
  // Through the debugger and not as a script element, which the content policy would rightly refuse.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(options: object): Promise<{ violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[] }> };
    };
    const found = await axe.run({ resultTypes: ['violations'] });
    return found.violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map((node) => `${node.target.join(' ')} (${node.failureSummary})`).join('; ').slice(0, 1_000)}`);
  });
}
