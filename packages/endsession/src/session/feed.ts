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
