/**
 * Group commit. A sync of the disk costs more than all else together, so the writes that are waiting share one: each in
 * its own savepoint, that one which fails takes back only itself; none is answered before the commit is on the disk.
 */
import { EndSessionError } from '../../errors.ts'
import { nextTurn } from '../../runtime.ts'
import { type SqliteDatabase, storeError, whenUnlocked } from './driver.ts'

export interface Writer {
  /** Does `work` inside a transaction and answers once that is committed. `work` may be done again: only SQL in it. */
  write<T>(work: () => T): Promise<T>
  /** Answers when everything before it is done; nothing is taken after it. */
  close(): Promise<void>
}

interface Job {
  readonly work: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

type Done = { readonly value: unknown } | { readonly error: unknown }

/** So that a flood of logouts does not hold the event loop, and other processes out, for long. */
const mostPerCommit = 128

/** `sweep` runs in each transaction, after the work; `committed` after each commit. */
export function createWriter(database: SqliteDatabase, sweep: () => void, committed: () => void): Writer {
  const [begin, commit, rollback] = [
    database.prepare('BEGIN IMMEDIATE'),
    database.prepare('COMMIT'),
    database.prepare('ROLLBACK'),
  ]
  const [save, release] = [database.prepare('SAVEPOINT job'), database.prepare('RELEASE job')]
  const undo = database.prepare('ROLLBACK TO job')
  const queue: Job[] = []
  let running = false
  let closed = false

  function enqueue<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      queue.push({ work, resolve: resolve as Job['resolve'], reject })
      if (!running) run()
    })
  }

  async function run(): Promise<void> {
    running = true
    while (queue.length > 0) {
      // Requests that arrive together call in the same turn of the event loop: wait for all of them.
      await nextTurn()
      await commitTogether(queue.splice(0, mostPerCommit))
    }
    running = false
  }

  async function commitTogether(jobs: readonly Job[]): Promise<void> {
    try {
      const outcomes = await whenUnlocked(() => transact([...jobs.map(({ work }) => work), sweep]))
      for (const [index, job] of jobs.entries()) answer(job, outcomes[index] as Done)
    } catch (error) {
      for (const job of jobs) job.reject(storeError(error))
    }
    committed()
  }

  function transact(works: readonly Job['work'][]): readonly Done[] {
    begin.run()
    try {
      const outcomes = works.map(attempt)
      commit.run()
      return outcomes
    } catch (error) {
      takeBack()
      throw error
    }
  }

  function attempt(work: Job['work']): Done {
    save.run()
    try {
      const value = work()
      release.run()
      return { value }
    } catch (error) {
      undo.run()
      release.run()
      return { error }
    }
  }

  /** SQLite has rolled back by itself after some failures, such as a full disk. */
  function takeBack(): void {
    try {
      rollback.run()
    } catch {
      // No transaction was left.
    }
  }

  return {
    async write(work) {
      if (closed) throw new EndSessionError('ERR_STORE', 'The session store is closed.')
      return enqueue(work)
    },
    async close() {
      if (closed) return
      closed = true
      await enqueue(() => {}).catch(() => {})
    },
  }
}

function answer(job: Job, done: Done): void {
  if ('error' in done) job.reject(storeError(done.error))
  else job.resolve(done.value)
}
