import type { Filmed } from './exchange.ts'
import type { Exchange } from './state.ts'

/** What went between browsers and servers, in the order in which it began. */
export interface Film {
  add(filmed: Filmed, during: string): void
  readonly exchanges: () => readonly Exchange[]
  clear(): void
}

/** More than that, and the oldest is cut off. */
const exchangesAtMost = 300

export function makeFilm(): Film {
  let frames: readonly { readonly startedAt: number; readonly exchange: Exchange }[] = []
  let count = 0
  return {
    add({ startedAt, ...filmed }, during) {
      count += 1
      const frame = { startedAt, exchange: { id: count, during, ...filmed } }
      // A call of a server's inside a browser's request is over before the request is.
      const at = frames.findLastIndex((other) => other.startedAt <= startedAt) + 1
      frames = frames.toSpliced(at, 0, frame).slice(-exchangesAtMost)
    },
    exchanges: () => frames.map(({ exchange }) => exchange),
    clear() {
      frames = []
    },
  }
}
