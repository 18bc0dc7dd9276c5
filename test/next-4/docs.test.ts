import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(join(root, 'docs/next-auth-4.md'), 'utf8')
const diffs = [...page.matchAll(/^```diff\n([\s\S]*?)^```$/gm)].map(([, diff = '']) => diff)

it('docs/next-auth-4.md leads, by its diffs, to the app that is built and run here, in as many new lines as it says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'endsession-docs-'))
  try {
    for (const [, file = ''] of diffs.join('').matchAll(/^\+\+\+ b\/(.*)$/gm))
      cpSync(join(root, 'examples/next-auth-4', file), join(folder, file))
    writeFileSync(join(folder, 'all.diff'), diffs.join(''))
    // Backwards: what the lines lead to has to be the example, line by line.
    execFileSync('git', ['apply', '--reverse', '--unidiff-zero', '--unsafe-paths', '-p1', 'all.diff'], {
      cwd: folder,
      env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() },
    })
    expect(readFileSync(join(folder, 'auth.ts'), 'utf8')).not.toContain('endsession')
    expect(readFileSync(join(folder, 'pages/api/auth/[...nextauth].ts'), 'utf8')).toContain('NextAuth(authOptions)')
  } finally {
    rmSync(folder, { recursive: true })
  }
  const lines = diffs.join('').match(/^\+(?!\+\+ ).*$/gm) ?? []
  expect(page).toContain(`${lines.length} new lines,`)
})
