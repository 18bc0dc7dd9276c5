import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`./packages/endsession/src/${path}`, import.meta.url))

/** Public names point at the source, so that a test never runs yesterday's build. */
const alias = {
  'endsession/express': source('adapters/express.ts'),
  'endsession/node': source('adapters/node.ts'),
  'endsession/sqlite': source('stores/sqlite.ts'),
  'endsession/testing': source('testing/index.ts'),
  endsession: source('index.ts'),
}

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['test/**/*.test.ts'],
    // A generous end, never a measure: tests wait for conditions.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './tools/rules-reporter.mjs'],
  },
})
