// What can be clicked and what has the focus is where it can be seen: not beneath the banner, not moved out of its own lines, and not moved
// away by what comes later.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { pages, settled, type Opened } from './harness';

const { open } = pages();

/** As the engine writes them; of four lines on a phone. */
const TITLE = "The same text in 159 posts by 69 authors within 34 minutes: 'tratadodad sentir actualización se ⟨name⟩ teclado ⟨name⟩ sopaprincipios zangogo…', mostly in Spanish";
const LINK = '.detection h3 a';

/** Now with detections of that title, of which no language is told, once whatever `held` matches is let through. */
async function long({ page, mock }: Opened, held?: RegExp): Promise<{ release: () => void }> {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  if (held !== undefined) {
    await page.route(held, async (route) => {
      await gate;
      await route.fallback();
    });
  }
  await page.route(/\/api\/v1\/detections\?/, async (route) => {
    const answer = await route.fetch();
    const body = (await answer.json()) as { items: { title: string; evidence: { languages?: object } }[] };
    await route.fulfill({ response: answer, json: { ...body, items: body.items.map((item) => ({ ...item, title: TITLE, evidence: { ...item.evidence, languages: {} } })) } });
  });
  await page.goto(mock.url);
  await page.locator(LINK).first().waitFor();
  return { release };
}

/** What lies where a link begins: itself, or what covers it. */
async function onTop(page: Page): Promise<string> {
  return page.locator(LINK).nth(1).evaluate((link) => {
    const line = link.getClientRects()[0] ?? new DOMRect();
    const hit = document.elementFromPoint(line.x + line.width / 2, line.y + Math.min(line.height / 2, 8));
    return hit !== null && link.contains(hit) ? 'itself' : `${hit?.tagName}.${hit?.className}`;
  });
}

describe.each([390, 1280])('at %d pixels', (width) => {
  test('a detection with a long title is clicked wherever it was scrolled to', async () => {
    const opened = await open('simulated', { width, height: 500, reducedMotion: 'reduce' });
    const { page, errors } = opened;
    await long(opened);
    await settled(page);
    for (const block of ['start', 'center', 'end', 'nearest', 'start'] as const) {
      await page.locator(LINK).nth(1).evaluate((link, to) => link.scrollIntoView({ block: to }), block);
      expect(await onTop(page), block).toBe('itself');
    }
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    expect(await onTop(page), 'by the keyboard').toBe('itself');
    await page.locator(LINK).nth(1).click({ timeout: 5_000 });
    await expect.poll(() => new URL(page.url()).pathname).toMatch(/^\/detections\//);
    expect(errors).toEqual([]);
  });

  test('what comes after the detections does not move them', async () => {
    const opened = await open('live', { width });
    const { page } = opened;
    const { release } = await long(opened, /\/api\/v1\/(?:volumes|narratives|watches)/);
    await page.getByText(/We listened all the time|a source was not heard/).waitFor();
    const places = (): Promise<number[]> => page.locator(LINK).evaluateAll((links) => links.map((link) => link.getBoundingClientRect().y));
    const before = await places();
    release();
    await settled(page);
    await page.locator('.total canvas').waitFor();
    await page.locator('.detection .spark').nth(before.length - 1).waitFor();
    await expect.poll(() => page.locator('.tongue option').count()).toBeGreaterThan(2);
    expect(await places()).toEqual(before);
  });

  test.each(['/', '/explore', '/watches', '/watches?new=1', '/feeds', '/settings'])('nothing that has the focus is beneath the banner: %s', async (path) => {
    const { page } = await open('simulated', { width, height: 500, path, reducedMotion: 'reduce' });
    await settled(page);
    // Backwards, from the foot of the page to its head: what comes is above what can be seen.
    await page.locator('footer a, footer button').last().focus();
    const passed = new Set<string>();
    for (let presses = 0; presses < 300; presses += 1) {
      const { name, under, first } = await page.evaluate(() => {
        const at = document.activeElement ?? document.body;
        const { x, y, width: wide } = at.getBoundingClientRect();
        const hit = document.elementFromPoint(x + wide / 2, y + 1);
        return { name: `${at.tagName} ${at.getAttribute('aria-label') ?? at.textContent?.trim().slice(0, 40)}`, under: y < 0 || hit?.closest('section.simulated') != null, first: at.matches('.skip') };
      });
      expect(under, name).toBe(false);
      passed.add(name);
      if (first) break;
      await page.keyboard.press('Shift+Tab');
    }
    expect(passed).toContain('A Skip to the numbers');
    expect(passed.size).toBeGreaterThan(15);
  });
});
