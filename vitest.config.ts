/** How the tests run: in processes of their own, since they start threads and end them. */

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build-dist.ts'],
    pool: 'forks',
    testTimeout: 20_000,
  },
});
