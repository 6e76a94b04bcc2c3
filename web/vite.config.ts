import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// In development the API comes from a running engine or from `npm run mock` (port 8751).
const api = process.env['GROUNDSWELL_URL'] ?? 'http://127.0.0.1:8751';

export default defineConfig({
  plugins: [svelte()],
  base: '/',
  server: { proxy: { '/api': { target: api, changeOrigin: true }, '/feeds/': { target: api, changeOrigin: true } } },
  build: {
    target: 'es2022',
    // The server's content policy is `default-src 'self'`: no data: URL may stand in for a file.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // What a first visit needs is one file and its styles: forty small ones cost a slow processor more than half of its first second.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', tags: ['$initial'] }] } } },
  },
  resolve: process.env['VITEST'] ? { conditions: ['browser'] } : {},
  test: {
    include: ['src/**/*.spec.ts', 'mock/**/*.spec.ts'],
    environment: 'happy-dom',
    restoreMocks: true,
    // However busy the machine: speed is measured by `npm run measure`.
    testTimeout: 60_000,
  },
});
