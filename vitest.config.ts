import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Public names point at the source, so that a test never runs yesterday's build. */
const folder = new URL('./packages/endsession/', import.meta.url)
const { exports } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'))
const alias = Object.entries<{ default?: string }>(exports).flatMap(([path, { default: built }]) => {
  const source = built?.replace('./dist/', './src/').replace(/\.js$/, '.ts')
  return source
    ? [{ find: new RegExp(`^endsession${path.slice(1)}$`), replacement: fileURLToPath(new URL(source, folder)) }]
    : []
})

export default defineConfig({
  resolve: { alias },
  test: {
    // A generous end, never a measure: tests wait for conditions.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // It imports `next/server` as bundlers find it, and Node.js does not.
    server: { deps: { inline: [/node_modules\/next-auth\//] } },
    reporters: ['default', './tools/rules-reporter.mjs'],
    projects: [
      // They mostly wait: three at once, also on two cores.
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**', 'test/e2e/**', 'test/keycloak/**'],
          maxWorkers: Math.max(3, availableParallelism() - 1),
        },
      },
      // Each starts a whole demo: one at a time.
      {
        extends: true,
        test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], fileParallelism: false, sequence: { groupOrder: 1 } },
      },
      // One browser at a time: two of them starve each other on two cores.
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
      // After all others: a Java server wants both cores to begin with.
      {
        extends: true,
        test: {
          name: 'keycloak',
          include: ['test/keycloak/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 120_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
    ],
  },
})
