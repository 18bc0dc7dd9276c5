/** The feed: own writes wake its followers at once, those of other processes within the poll. */
import { every } from '../../runtime.ts'
import { readPosition, writePosition } from '../../session/feed.ts'
import type { Entry, Position } from '../../session/store.ts'
import { type SqliteDatabase, storeError, whenUnlocked } from './driver.ts'
import { number, type Row } from './rows.ts'
import type { Tables } from './tables.ts'

/** How late another process's ends may be seen. One `PRAGMA data_version`: some microseconds, no disk. */
const pollSeconds = 0.1
const mostPerRead = 100

export interface Following {
  follow(after: Position, signal: AbortSignal): AsyncIterable<Entry | { readonly lost: true }>
  /** There may be something new. */
  wake(): void
  close(): void
}

export function createFollowing(database: SqliteDatabase, feed: Tables['feed'], epoch: string): Following {
  const dataVersion = database.prepare('PRAGMA data_version')
  const waiting = new Set<() => void>()
  let wakes = 0
  let followers = 0
  let stopPolling = () => {}
  let closed = false

  function wake(): void {
    wakes++
    for (const go of waiting) go()
  }

  /** Changes when another connection commits. An error wakes as well: the followers' own reads then say it. */
  function startPolling(): () => void {
    let seen: unknown
    return every(pollSeconds, async () => {
      let found: unknown
      try {
        found = number(dataVersion.get() as Row, 'data_version')
      } finally {
        if (found !== seen || found === undefined) wake()
        seen = found
      }
    })
  }

  function wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted || closed) return resolve()
      const go = () => {
        signal.removeEventListener('abort', go)
        waiting.delete(go)
        resolve()
      }
      waiting.add(go)
      signal.addEventListener('abort', go)
    })
  }

  /** The head first: what it counts is there in what is read after it, unless it has been forgotten. */
  function next(after: number): { readonly head: number; readonly found: ReturnType<Tables['feed']['after']> } {
    return { head: feed.head(), found: feed.after(after, mostPerRead) }
  }

  async function* follow(after: Position, signal: AbortSignal): AsyncGenerator<Entry | { readonly lost: true }> {
    const place = readPosition(after)
    if (!place || place.epoch !== epoch) return yield { lost: true }
    if (followers++ === 0) stopPolling = startPolling()
    try {
      let at = place.number
      while (!signal.aborted && !closed) {
        const wakesBefore = wakes
        const { found, head } = await reading(() => next(at))
        // A head below it is an older copy of the file; nothing after it, though the head is, was forgotten.
        if (head < at || (found.length === 0 && head > at)) return yield { lost: true }
        for (const { number: numbered, entry } of found) {
          if (signal.aborted || closed) return
          if (numbered !== at + 1) return yield { lost: true }
          at = numbered
          yield { ...entry, position: writePosition({ epoch, number: at }) }
        }
        if (found.length === 0 && wakes === wakesBefore) await wait(signal)
      }
    } finally {
      if (--followers === 0) stopPolling()
    }
  }

  return {
    follow,
    wake,
    close() {
      closed = true
      wake()
    },
  }
}

async function reading<T>(work: () => T): Promise<T> {
  try {
    return await whenUnlocked(work)
  } catch (error) {
    throw storeError(error)
  }
}
