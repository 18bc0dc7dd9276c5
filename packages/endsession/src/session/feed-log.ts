import { type Unnumbered, writePosition } from './feed.ts'
import { createFollowing, type Following } from './following.ts'
import type { Position } from './store.ts'

/** The feed of a store that lives in this process. */
export interface FeedLog extends Pick<Following, 'follow' | 'close'> {
  append(entry: Unnumbered): void
  head(): Position
  /** Forgets entries whose time is over, oldest first, a few at a time. */
  forget(now: number, most: number): void
}

export function createFeedLog(epoch: string): FeedLog {
  const entries: Unnumbered[] = []
  /** Entries forgotten so far: the number of `entries[0]` is one more. */
  let forgotten = 0
  const head = () => forgotten + entries.length
  const following = createFollowing({
    async after(number, most) {
      const first = Math.max(number - forgotten, 0)
      const found = entries
        .slice(first, first + most)
        .map((entry, place) => ({ number: forgotten + first + place + 1, entry }))
      return { epoch, head: head(), found }
    },
  })

  return {
    append(entry) {
      entries.push(entry)
      following.wake()
    },
    head: () => writePosition({ epoch, number: head() }),
    forget(now, most) {
      let over = 0
      while (over < most && (entries[over]?.until ?? now + 1) <= now) over++
      entries.splice(0, over)
      forgotten += over
    },
    follow: following.follow,
    close: following.close,
  }
}
