// What can wait until the page has nothing better to do, so that what a reader came for is drawn first and a press is answered in between.

/** It waits no longer than this, however busy the page is. */
export const IDLE_MS = 2_000;

export function idle(): Promise<void> {
  return new Promise((resolve) => {
    // Not in every browser: there, a pause in which the page draws and answers.
    if (typeof requestIdleCallback === 'function') requestIdleCallback(() => resolve(), { timeout: IDLE_MS });
    else setTimeout(resolve);
  });
}
