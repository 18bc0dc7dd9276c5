import { every } from '../runtime.ts'
import { readPosition, type Unnumbered, writePosition } from './feed.ts'
import type { Entry, Position } from './store.ts'

const mostPerRead = 100

/** A feed as its store keeps it. */
export interface KeptFeed {
  /** Where other processes append to it as well. */
  readonly others?: {
    /** Answers something else than the last time once there is something new. Asked once for all followers. */
    look(): Promise<string | number>
    /** How late it may be seen. */
    readonly pollSeconds: number
  }
  /**
   * The entries after a number, in order, and the head: of one moment, or the head first, so that what it counts is there
   * in what is read after it, unless it has been forgotten.
   */
  after(number: number, most: number): Promise<FeedPage>
}

export interface FeedPage {
  readonly epoch: string
  readonly head: number
  readonly found: readonly { readonly number: number; readonly entry: Unnumbered }[]
}

export interface Following {
  follow(after: Position, signal: AbortSignal): AsyncIterable<Entry | { readonly lost: true }>
  /** There may be something new. */
  wake(): void
  close(): void
}

/** Own writes wake its followers at once, by `wake`; those of other processes within the poll. */
export function createFollowing(feed: KeptFeed): Following {
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
  function startPolling({ look, pollSeconds }: NonNullable<KeptFeed['others']>): () => void {
    let seen: unknown
    return every(pollSeconds, async () => {
      let found: unknown
      try {
        found = await look()
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
    if (followers++ === 0 && feed.others) stopPolling = startPolling(feed.others)
    try {
      let at = place.number
      while (!signal.aborted && !closed) {
        const wakesBefore = wakes
        const { epoch, head, found } = await feed.after(at, mostPerRead)
        // Another epoch: another server, or this one after a restart. A head below it is an older copy of the data;
        // nothing after it, though the head is, was forgotten.
        if (epoch !== place.epoch || head < at || (found.length === 0 && head > at)) return yield { lost: true }
        for (const { number, entry } of found) {
          if (signal.aborted || closed) return
          if (number !== at + 1) return yield { lost: true }
          at = number
          yield { ...entry, position: writePosition({ epoch, number }) }
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
