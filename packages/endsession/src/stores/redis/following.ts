/** The feed: own writes wake its followers at once, those of other processes within the poll. */
import { every } from '../../runtime.ts'
import { readPosition } from '../../session/feed.ts'
import type { Entry, Position } from '../../session/store.ts'
import { list, readEntry, readHead } from './answers.ts'
import type { Run } from './running.ts'

/** How late another process's ends may be seen. One question of each process, not of each follower. */
const pollSeconds = 0.1
const mostPerRead = 100

export interface Following {
  follow(after: Position, signal: AbortSignal): AsyncIterable<Entry | { readonly lost: true }>
  /** There may be something new. */
  wake(): void
  close(): void
}

export function createFollowing(run: Run): Following {
  const waiting = new Set<() => void>()
  let wakes = 0
  let followers = 0
  let stopPolling = () => {}
  let closed = false

  function wake(): void {
    wakes++
    for (const go of waiting) go()
  }

  /** An error wakes as well: the followers' own reads then say it. */
  function startPolling(): () => void {
    let seen: unknown
    return every(pollSeconds, async () => {
      let found: unknown
      try {
        found = String(await run('head', []))
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

  async function next(after: number) {
    const [epoch, head, found] = list(await run('feed', ['feed'], String(after + 1), String(mostPerRead)))
    const read = readHead(epoch, head)
    return { ...read, found: list(found).map((entry) => readEntry(entry, read.epoch)) }
  }

  async function* follow(after: Position, signal: AbortSignal): AsyncGenerator<Entry | { readonly lost: true }> {
    const place = readPosition(after)
    if (!place) return yield { lost: true }
    if (followers++ === 0) stopPolling = startPolling()
    try {
      let at = place.number
      while (!signal.aborted && !closed) {
        const wakesBefore = wakes
        const { epoch, number: head, found } = await next(at)
        // Another epoch: another server, or this one after a restart. A head below it is an older copy of the data.
        if (epoch !== place.epoch || head < at || (found.length === 0 && head > at)) return yield { lost: true }
        for (const { number, entry } of found) {
          if (signal.aborted || closed) return
          if (number !== at + 1) return yield { lost: true }
          at = number
          yield entry
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
