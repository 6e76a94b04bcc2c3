import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    runes: true,
    // Browsers drop a table's meaning where a narrow layout takes its `display` away; spelling the roles out keeps it.
    warningFilter: (/** @type {{ code: string }} */ warning) => warning.code !== 'a11y_no_redundant_roles',
  },
};
