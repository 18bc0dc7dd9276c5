import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const page = read('docs/nextjs.md')
const diffs = [...page.matchAll(/^```diff\n([\s\S]*?)^```$/gm)].map(([, diff = '']) => diff)
const changed = ['auth.ts', 'jobs.ts', 'app/page.tsx']
/** Not what a build leaves behind. */
const isSource = (path: string) => !path.endsWith('.next')

describe('docs/nextjs.md', () => {
  it('leads, by its own diffs, from a common app to the one that is built and run here', () => {
    const folder = mkdtempSync(join(tmpdir(), 'endsession-docs-'))
    try {
      cpSync(join(root, 'examples/next-authjs-before'), folder, { recursive: true, filter: isSource })
      writeFileSync(join(folder, 'all.diff'), diffs.join(''))
      execFileSync('git', ['apply', '--unsafe-paths', '-p1', 'all.diff'], {
        cwd: folder,
        env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() },
      })
      for (const file of changed)
        expect([file, readFileSync(join(folder, file), 'utf8')]).toEqual([file, read(`examples/next-authjs/${file}`)])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('in at most 20 new lines, as it says', () => {
    const lines = diffs
      .join('')
      .split('\n')
      .filter((line) => /^\+(?!\+\+ )/.test(line))
    expect(lines.length).toBeLessThanOrEqual(20)
    expect(page).toContain(`${lines.length} new lines,`)
  })

  it('names tests that are there', () => {
    const named = [...page.matchAll(/`((?:browser|next|matrix)\/[\w-]+)`: ([^|;]+?) *(?=[|;])/g)]
    const rows = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number))
    expect(rows).toEqual(Array.from({ length: 14 }, (_, at) => at + 1))
    expect(named.length).toBe(16)
    for (const [, file, title = ''] of named) {
      const path = ['.test.ts', '.ts'].map((end) => `test/${file}${end}`).find((one) => existsSync(join(root, one)))
      const text = read(path ?? '')
      expect([file, title, text.includes(title)]).toEqual([file, title, true])
    }
  })
})
