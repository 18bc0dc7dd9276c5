import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { neededPostgres } from '../../servers/src/postgres.ts'
import { schemasOf } from './postgres-schemas.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

interface Outcome {
  readonly created: readonly string[]
  readonly ended: readonly string[]
  readonly won: readonly number[]
  readonly updated: number
}

describe('postgres store, two processes', neededPostgres, () => {
  const { server, schema, open } = schemasOf({ fsync: 'off' })
  let folder: string

  /** The children cannot read TypeScript: they get today's source, compiled into the test's own folder. */
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'endsession-race-'))
    const compiler = here('../../node_modules/typescript/bin/tsc')
    const output = ['--outDir', join(folder, 'dist'), '--tsBuildInfoFile', join(folder, 'tsbuildinfo')]
    try {
      execFileSync(process.execPath, [compiler, '-p', here('../../packages/endsession'), ...output], { stdio: 'pipe' })
    } catch {
      // Type errors are another check's; what was written runs, or the children say why not.
    }
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function begin(name: string) {
    const store = pathToFileURL(join(folder, 'dist/stores/postgres.js')).href
    const child = spawn(
      process.execPath,
      [here('./postgres-race-child.mjs'), store, String(server().port), schema(), name],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    )
    let complaint = ''
    child.stderr.on('data', (text) => {
      complaint += text
    })
    const lines: string[] = []
    let ready = (): void => {}
    const isReady = new Promise<void>((resolve) => {
      ready = resolve
    })
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      ready()
    })
    const outcome = new Promise<Outcome>((resolve, reject) => {
      child.on('close', (code) => {
        ready()
        if (code === 0) resolve(JSON.parse(lines[1] ?? 'null') as Outcome)
        else reject(new Error(`the child ended with ${code}: ${complaint.slice(0, 2000)}`))
      })
    })
    return { isReady, go: () => child.stdin.end('go\n'), outcome }
  }

  it('[S11 S10 S4 A3] logins, logouts, claims and refreshes at the same time leave what some order would have left', async () => {
    const children = ['left', 'right'].map(begin)
    await Promise.all(children.map(({ isReady }) => isReady))
    for (const { go } of children) go()
    const outcomes = await Promise.all(children.map(({ outcome }) => outcome))
    const all = <T>(pick: (outcome: Outcome) => readonly T[]) => outcomes.flatMap(pick).sort()

    expect(all(({ created }) => created).length, 'some were faster than the logout').toBeGreaterThan(0)
    expect(all(({ ended }) => ended)).toEqual(all(({ created }) => created))
    expect(all(({ won }) => won).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, round) => round))
    const store = await open()
    const updates = outcomes.reduce((sum, { updated }) => sum + updated, 0)
    expect((await store.get('shared'))?.revision).toBe(updates)
    // Each refusal is the work of one update of the other: of 120 attempts at least half are updates.
    expect(updates).toBeGreaterThanOrEqual(60)
    await store.close()
  })
})
