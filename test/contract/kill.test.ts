import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { sqliteStore } from 'endsession/sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { present } from './sqlite-drivers.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const rounds = 5
const limits = {
  absoluteSeconds: 4000,
  idleSeconds: 2000,
  endedSeconds: 600,
  reauthSeconds: 9000,
  accessTokenSeconds: 300,
}

let folder: string

/** The child cannot read TypeScript: it gets today's source, compiled into the test's own folder. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'endsession-kill-'))
  const compiler = here('../../node_modules/typescript/bin/tsc')
  const output = ['--outDir', join(folder, 'dist'), '--tsBuildInfoFile', join(folder, 'tsbuildinfo')]
  try {
    execFileSync(process.execPath, [compiler, '-p', here('../../packages/endsession'), ...output], { stdio: 'pipe' })
  } catch {
    // Type errors are another check's; what was written runs, or the child says why not.
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the child until it has said `lines` lines, kills it, and answers every line that it got out. */
function killAfter(lines: number, driver: string, path: string, round: string): Promise<readonly string[]> {
  const store = pathToFileURL(join(folder, 'dist/stores/sqlite.js')).href
  const child = spawn(process.execPath, [here('./kill-child.mjs'), store, driver, path, round], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  let complaint = ''
  child.stderr.on('data', (text) => {
    complaint += text
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (said.push(line) === lines) process.kill(child.pid as number, 'SIGKILL')
  })
  return new Promise((resolve, reject) => {
    child.on('close', (_code, signal) => {
      if (signal === 'SIGKILL') resolve(said)
      else reject(new Error(`the child ended by itself after ${said.length} lines: ${complaint.slice(0, 2000)}`))
    })
  })
}

for (const driver of present) {
  it(`[S13 S5] what ${driver.name} acknowledged before SIGKILL is there after it, whole`, async () => {
    const path = join(folder, `${driver.name.replace(':', '-')}.db`)
    const created = new Set<string>()
    const ended = new Set<string>()
    for (let round = 0; round < rounds; round++) {
      for (const line of await killAfter(600 + 450 * round, driver.name, path, `r${round}`)) {
        const [word, name = ''] = line.split(' ')
        if (word === 'created') created.add(name)
        if (word === 'ended') ended.add(name)
      }
      const database = driver.open(path)
      const store = sqliteStore(database)
      await store.open(limits)
      try {
        const lost = {
          lives: [] as string[],
          unmarked: [] as string[],
          forgotten: [] as string[],
          half: [] as string[],
        }
        for (const id of ended) {
          if (await store.get(id)) lost.lives.push(id)
          const sid = { iss: 'https://op.example', client: 'app', sid: `sid of ${id}`, at: 1_000_000_000 }
          if (!(await store.covers(sid))) lost.unmarked.push(id)
        }
        for (const id of created) {
          if (ended.has(id) || (await store.get(id))) continue
          // Its end was asked for: done, though not acknowledged. Then it is done as a whole.
          const [record] = (await store.end({ by: 'id', id }, 'user')).records
          if (!record?.repeated) lost.forgotten.push(id)
        }
        const feed = await endedInFeed(store)
        for (const id of ended) if (!feed.has(id)) lost.half.push(id)
        expect(lost).toEqual({ lives: [], unmarked: [], forgotten: [], half: [] })
        const [one] = ended
        const repeated = (await store.end({ by: 'id', id: one as string }, 'user')).records
        expect(repeated.map((record) => record.repeated)).toEqual([true])
      } finally {
        await store.close()
        database.close()
      }
    }
    expect(ended.size).toBeGreaterThan(1000)
    expect([...created].some((name) => name.endsWith('7'))).toBe(true)
  })
}

/** Ids in the feed from its first entry on, which must have no gap and none twice. */
async function endedInFeed(store: ReturnType<typeof sqliteStore>): Promise<ReadonlySet<string>> {
  const head = await store.head()
  const ids = new Set<string>()
  if (head.endsWith('.0')) return ids
  for await (const entry of store.feed(`${head.split('.')[0]}.0`, AbortSignal.timeout(30_000))) {
    if ('lost' in entry) throw new Error('the feed lost continuity')
    if (entry.id !== undefined) {
      expect(ids.has(entry.id)).toBe(false)
      ids.add(entry.id)
    }
    if (entry.position === head) return ids
  }
  throw new Error('the feed did not reach its head')
}
