import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { bundleBrowser } from '../../browser/bundle.ts'

it('[L24] endsession/browser is one file without imports, under 2 kB as an app ships it: minified and gzipped', async () => {
  const code = await bundleBrowser()
  expect(code).not.toMatch(/\bimport\b|\brequire\b/)
  expect(gzipSync(code, { level: 9 }).length).toBeLessThan(2_000)
})
