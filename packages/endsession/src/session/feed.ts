import type { Entry, Position } from './store.ts'

/** A feed position: the epoch of the log it belongs to, and the number of the last entry seen. */
export interface FeedPlace {
  readonly epoch: string
  readonly number: number
}

export function writePosition(place: FeedPlace): Position {
  return `${place.epoch}.${place.number}`
}

/** Nothing for what is no position of ours. */
export function readPosition(position: Position): FeedPlace | undefined {
  const match = /^([\w-]{1,64})\.(\d{1,15})$/.exec(position)
  return match ? { epoch: match[1] as string, number: Number(match[2]) } : undefined
}

/** Whether `have` is at or after `want`, in one and the same log. */
export function hasReached(have: Position, want: Position): boolean {
  const [a, b] = [readPosition(have), readPosition(want)]
  return a !== undefined && b !== undefined && a.epoch === b.epoch && a.number >= b.number
}

/** An entry that has no number yet. */
export type Unnumbered = Omit<Entry, 'position'>

/** The feed of a store that lives in this process. */
export interface FeedLog {
  append(entry: Unnumbered): void
  head(): Position
  /** Forgets entries whose time is over, oldest first, a few at a time. */
  forget(now: number, most: number): void
  follow(after: Position, signal: AbortSignal): AsyncIterable<Entry | { readonly lost: true }>
  close(): void
}

export function createFeedLog(epoch: string): FeedLog {
  const entries: Entry[] = []
  const waiting = new Set<() => void>()
  /** Entries forgotten so far: the number of `entries[0]` is one more. */
  let forgotten = 0
  let closed = false

  const wake = () => {
    for (const go of waiting) go()
    waiting.clear()
  }
  const wait = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const go = () => {
        signal.removeEventListener('abort', go)
        waiting.delete(go)
        resolve()
      }
      waiting.add(go)
      signal.addEventListener('abort', go)
    })

  return {
    append(entry) {
      entries.push({ ...entry, position: writePosition({ epoch, number: forgotten + entries.length + 1 }) })
      wake()
    },
    head: () => writePosition({ epoch, number: forgotten + entries.length }),
    forget(now, most) {
      let over = 0
      while (over < most && (entries[over]?.until ?? now + 1) <= now) over++
      entries.splice(0, over)
      forgotten += over
    },
    async *follow(after, signal) {
      const place = readPosition(after)
      if (!place || place.epoch !== epoch || place.number > forgotten + entries.length) return yield { lost: true }
      let next = place.number + 1
      while (!signal.aborted && !closed) {
        if (next <= forgotten) return yield { lost: true }
        const entry = entries[next - forgotten - 1]
        if (entry) {
          next++
          yield entry
        } else await wait(signal)
      }
    },
    close() {
      closed = true
      wake()
    },
  }
}
