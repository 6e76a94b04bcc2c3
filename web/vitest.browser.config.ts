import { defineConfig } from 'vitest/config';

// End to end in a real Chromium. One file after the other: two browsers on two cores measure each other.
export default defineConfig({
  test: {
    include: ['browser/**/*.test.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is on the page comes when the server has answered, which on a busy machine takes longer than the second
    // that is vitest's own.
    expect: { poll: { timeout: 15_000, interval: 50 } },
  },
});
