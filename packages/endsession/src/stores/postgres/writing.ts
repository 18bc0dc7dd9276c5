/**
 * Group commit, one transaction after another. A transaction first locks the row of the feed's head, `FOR UPDATE`, until
 * its commit; only then does it ask for the time, and read. So all writing calls of all processes stand in one line: each
 * decides on all that was committed before it, a login cannot miss the mark of a logout that was faster, nor a logout the
 * session of a login that was, and no number of the feed is seen before the ones below it. What this costs, the group wins
 * back: the calls that wait for the lock share the next transaction, a few round trips and one sync of the disk for all.
 *
 * READ COMMITTED, set and not assumed: each statement after the lock sees what the last holder committed. With one snapshot
 * for the transaction it would be the one from before the wait.
 */
import { EndSessionError } from '../../errors.ts'
import { createBound, nextTurn } from '../../runtime.ts'
import type { Limits } from '../../session/store.ts'
import { number, text } from '../row-checks.ts'
import { type Connection, isConflict, isRefusedValue, patienceSeconds, storeError } from './connection.ts'
import { createFacts, type Facts } from './facts.ts'
import { readRow } from './rows.ts'
import type { Statements } from './statements.ts'

export interface Writer {
  /** Answers what `decide` answered, once that is committed. `decide` is done again and again: it changes facts only. */
  write<T>(decide: (facts: Facts) => T): Promise<T>
  /** Answers when everything before it is done; nothing is taken after it. */
  close(): Promise<void>
}

interface Job {
  readonly decide: (facts: Facts) => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Whoever asked has been told that it failed. */
  abandoned: boolean
}

type Done = { readonly value: unknown } | { readonly error: unknown }

/** So that a flood of logouts does not keep other processes out for long. */
const mostPerCommit = 128
/** More than this stand in line only when the database is not there: then it is better said at once. */
const mostWaiting = 10_000
const mostAttempts = 5
/** Questions build on answers three or four times, and a little more often where many calls share a transaction. */
const mostLookups = 12

/** `now`: the store's own clock, in place of the database's. `told`: something new is in the feed. */
export function createWriter(
  connection: Connection,
  statements: Statements,
  limits: Limits,
  now: (() => number) | undefined,
  told: () => void,
): Writer {
  const bound = createBound(patienceSeconds)
  const tangled = new Error('the questions do not end')
  const queue: Job[] = []
  let running = false
  let closed = false

  function enqueue<T>(decide: (facts: Facts) => T): Promise<T> {
    if (queue.length >= mostWaiting) throw new EndSessionError('ERR_STORE', 'The session database does not keep up.')
    let job: Job | undefined
    const done = new Promise<unknown>((resolve, reject) => {
      job = { decide, resolve, reject, abandoned: false }
      queue.push(job)
      if (!running) run()
    })
    return bound(done as Promise<T>).catch((error) => {
      if (job) job.abandoned = true
      throw storeError(error)
    })
  }

  async function run(): Promise<void> {
    running = true
    while (queue.length > 0) {
      // Requests that arrive together call in the same turn of the event loop: wait for all of them.
      await nextTurn()
      const jobs = queue.splice(0, mostPerCommit).filter(({ abandoned }) => !abandoned)
      if (jobs.length > 0) await commitTogether(jobs)
    }
    running = false
  }

  async function commitTogether(jobs: readonly Job[]): Promise<void> {
    try {
      const outcomes = await withoutConflict(() => transact(jobs))
      for (const [index, job] of jobs.entries()) answer(job, outcomes[index] as Done)
    } catch (error) {
      // One of them cannot be written: that is for itself to answer.
      if (jobs.length > 1 && (isRefusedValue(error) || error === tangled)) await commitEach(jobs)
      else for (const job of jobs) job.reject(storeError(error))
    }
  }

  async function commitEach(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) if (!job.abandoned) await commitTogether([job])
  }

  async function transact(jobs: readonly Job[]): Promise<readonly Done[]> {
    let anyTold = false
    const outcomes = await connection.transact(statements.begin, async (query, begun) => {
      const [[start] = [], [clock] = []] = begun.slice(-2)
      if (!start || !clock) throw new EndSessionError('ERR_STORE', 'The session database has no feed.')
      const at = now?.() ?? number(clock, 'now')
      const facts = createFacts({ now: at, epoch: text(start, 'epoch'), head: number(start, 'head') }, limits)
      let value = jobs.map((job) => attempt(job, facts))
      for (let missing = facts.missing(), lookup = 0; missing; missing = facts.missing(), lookup++) {
        if (lookup === mostLookups) throw tangled
        facts.learn((await query(statements.fetch, missing)).map(readRow))
        facts.restart()
        value = jobs.map((job) => attempt(job, facts))
      }
      const changes = facts.changes()
      if (changes.any) await query(statements.write, changes.values)
      anyTold = changes.told
      const most = 20 + 8 * jobs.length
      return { value, last: statements.sweep(at, at - limits.accessTokenSeconds, most) }
    })
    if (anyTold) told()
    return outcomes
  }

  return {
    async write(decide) {
      if (closed) throw new EndSessionError('ERR_STORE', 'The session store is closed.')
      return enqueue(decide)
    },
    async close() {
      if (closed) return
      closed = true
      await enqueue(() => {}).catch(() => {})
    },
  }
}

function attempt({ decide }: Job, facts: Facts): Done {
  try {
    return { value: decide(facts) }
  } catch (error) {
    return { error }
  }
}

async function withoutConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await work()
    } catch (error) {
      if (!isConflict(error) || attempts === mostAttempts) throw error
    }
  }
}

function answer(job: Job, done: Done): void {
  if ('error' in done) job.reject(storeError(done.error))
  else job.resolve(done.value)
}
