// Debian's Chromium, started with nothing that calls home: the machine that tests may have no network.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

export const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
export const present = existsSync(EXECUTABLE);

/** @param {string} profile an empty folder for the browser's own files */
export async function launch(profile) {
  return await chromium.launch({
    executablePath: EXECUTABLE,
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', `--disk-cache-dir=${profile}`,
    ],
  });
}
