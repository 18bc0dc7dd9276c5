/** The feed: own writes wake its followers at once, those of other processes within the poll. */
import { every } from '../../runtime.ts'
import { readPosition, writePosition } from '../../session/feed.ts'
import type { Entry, Position } from '../../session/store.ts'
import type { Answer } from './rows.ts'
import { number, readEntry, text } from './rows.ts'
import type { Statements } from './statements.ts'

const mostPerRead = 100

export interface Following {
  follow(after: Position, signal: AbortSignal): AsyncIterable<Entry | { readonly lost: true }>
  /** There may be something new. */
  wake(): void
  close(): void
}

export type Read = (statement: string, values?: readonly unknown[]) => Promise<Answer>

export function createFollowing(read: Read, statements: Statements, pollSeconds: number): Following {
  const waiting = new Set<() => void>()
  let wakes = 0
  let followers = 0
  let stopPolling = () => {}
  let closed = false

  function wake(): void {
    wakes++
    for (const go of waiting) go()
  }

  /** One small question for all followers. An error wakes as well: their own reads then say it. */
  function startPolling(): () => void {
    let seen: Position | undefined
    return every(pollSeconds, async () => {
      let found: Position | undefined
      try {
        found = headOf(await read(statements.head))
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

  async function* follow(after: Position, signal: AbortSignal): AsyncGenerator<Entry | { readonly lost: true }> {
    const place = readPosition(after)
    if (!place) return yield { lost: true }
    if (followers++ === 0) stopPolling = startPolling()
    try {
      let at = place.number
      while (!signal.aborted && !closed) {
        const wakesBefore = wakes
        const answer = await read(statements.feed, [at, mostPerRead])
        const head = readPosition(headOf(answer))
        const found = answer.rows
          .filter(({ kind }) => kind === 'entry')
          .map(({ row }) => ({ number: number(row, 'number'), entry: readEntry(row) }))
          .sort((a, b) => a.number - b.number)
        // Head and entries are of one moment. A head below it: an older copy; nothing after it, though the head is: forgotten.
        if (head?.epoch !== place.epoch || head.number < at) return yield { lost: true }
        if (found.length === 0 && head.number > at) return yield { lost: true }
        for (const { number: numbered, entry } of found) {
          if (signal.aborted || closed) return
          if (numbered !== at + 1) return yield { lost: true }
          at = numbered
          yield { ...entry, position: writePosition({ epoch: place.epoch, number: at }) }
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

export function headOf({ rows }: Answer): Position {
  const row = rows.find(({ kind }) => kind === 'head')?.row ?? {}
  return writePosition({ epoch: text(row, 'epoch'), number: number(row, 'head') })
}
