/** Stores that live in another process, as the contract's second handle. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasReached } from '../../packages/endsession/src/session/feed.ts'
import type { Entry, Store } from '../../packages/endsession/src/session/store.ts'

/** How the other process makes the store; its ways are in store-child.mjs. */
export interface Recipe {
  readonly store: 'redis'
  readonly port: number
  readonly options: object
}

export interface StoreProcesses {
  /** A store in one process for all of them, not open. */
  open(recipe: Recipe): Promise<Store>
  /** Ends the process. */
  clear(): Promise<void>
}

interface Answer {
  readonly id?: number
  readonly value?: unknown
  readonly error?: object
  readonly entry?: Entry | { readonly lost: true }
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export function storeProcesses(): StoreProcesses {
  let folder: string | undefined
  let starting: Promise<ChildProcess> | undefined
  const waiting = new Map<number, (answer: Answer) => void>()
  let asked = 0

  /** The child cannot read TypeScript: it gets today's source, compiled into a folder of its own. */
  function compile(): string {
    const made = mkdtempSync(join(tmpdir(), 'endsession-process-'))
    const compiler = here('../../node_modules/typescript/bin/tsc')
    const output = ['--outDir', join(made, 'dist'), '--tsBuildInfoFile', join(made, 'tsbuildinfo')]
    try {
      execFileSync(process.execPath, [compiler, '-p', here('../../packages/endsession'), ...output], { stdio: 'pipe' })
    } catch {
      // Type errors are another check's; what was written runs, or the child says why not.
    }
    folder = made
    return join(made, 'dist')
  }

  async function start(): Promise<ChildProcess> {
    const child = fork(here('./store-child.mjs'), [compile()], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve())
      child.once('exit', () => reject(new Error('the other process ended by itself')))
    })
    child.on('message', (answer: Answer) => waiting.get(answer.id as number)?.(answer))
    return child
  }

  async function send(task: string, facts: object, heard: (answer: Answer) => void): Promise<number> {
    starting ??= start()
    const child = await starting
    const id = ++asked
    waiting.set(id, heard)
    child.send({ id, task, ...facts })
    return id
  }

  function ask(task: string, facts: object): Promise<any> {
    return new Promise((resolve, reject) => {
      send(task, facts, ({ id, value, error }) => {
        waiting.delete(id as number)
        if (error) reject(Object.assign(new Error(), error))
        else resolve(value)
      }).catch(reject)
    })
  }

  async function* follow(handle: number, after: string, signal: AbortSignal): ReturnType<Store['feed']> {
    if (signal.aborted) return
    const heard: Answer[] = []
    let wake = () => {}
    const id = await send('feed', { handle, after }, (answer) => {
      heard.push(answer)
      wake()
    })
    const stop = () => void ask('stop', { feed: id })
    signal.addEventListener('abort', stop)
    try {
      for (;;) {
        const answer = heard.shift()
        if (answer?.error) throw Object.assign(new Error(), answer.error)
        if (answer && !answer.entry) return
        if (answer?.entry) yield answer.entry
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    } finally {
      signal.removeEventListener('abort', stop)
      waiting.delete(id)
      stop()
    }
  }

  return {
    async open(recipe) {
      const handle = ++asked
      await ask('make', { handle, recipe })
      const call =
        (method: keyof Store) =>
        (...values: unknown[]) =>
          ask('call', { handle, method, values })
      return {
        ...{ open: call('open'), now: call('now'), create: call('create'), get: call('get'), touch: call('touch') },
        ...{ update: call('update'), end: call('end'), settle: call('settle'), pending: call('pending') },
        ...{ covers: call('covers'), list: call('list'), claim: call('claim'), head: call('head') },
        ...{ follow: call('follow'), followers: call('followers'), close: call('close') },
        feed: (after, signal) => follow(handle, after, signal),
        async snapshot() {
          const { position, entries } = await ask('snapshot', { handle })
          return {
            position,
            entries: (async function* () {
              yield* entries
            })(),
          }
        },
        reached: hasReached,
      }
    },
    async clear() {
      const child = await starting
      if (child) {
        const gone = new Promise((resolve) => child.once('exit', resolve))
        process.kill(child.pid as number, 'SIGKILL')
        await gone
      }
      if (folder) rmSync(folder, { recursive: true, force: true })
    },
  }
}
