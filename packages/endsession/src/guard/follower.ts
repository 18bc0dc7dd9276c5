import { EndSessionError } from '../errors.ts'
import { type Runtime, sleep } from '../runtime.ts'
import type { FeedAnswer } from '../session/feed-wire.ts'
import type { Position } from '../session/store.ts'
import type { FeedSource } from './feed-source.ts'
import { createKnownMarks, type KnownMarks } from './known-marks.ts'

/** One feed, followed for as long as the guard lives. */
export interface Follower {
  readonly marks: KnownMarks
  /** Everything that had ended when the lease was asked for is known, and the lease has not run out. */
  holds(): boolean
  /** A snapshot has been seen at all: without one nothing is known. */
  readonly started: boolean
  readonly mode: FeedAnswer['mode'] | undefined
  readonly clients: FeedAnswer['clients']
  /** The first answer, or the first failure. */
  readonly first: Promise<void>
  close(): void
}

export interface FollowerOptions {
  readonly leaseSeconds: number
  readonly runtime: Runtime
  readonly onLost: (error: EndSessionError) => void
  readonly onBack: () => void
}

/** A guard that follows more than this many marks refuses rather than forgets. */
const mostMarks = 5_000_000

/**
 * Asks the feed over and over. A lease is won by asking: it runs from the moment of the question, once everything up to
 * the head at that moment is applied. Answers that merely arrive grant nothing, however late a pause made them.
 */
export function followFeed(source: FeedSource, options: FollowerOptions): Follower {
  const { leaseSeconds, runtime } = options
  const marks = createKnownMarks()
  let position: Position | undefined
  let leaseUntil = Number.NEGATIVE_INFINITY
  let answer: FeedAnswer | undefined
  let failed = false
  let closed = false

  const holds = () => runtime.monotonic() < leaseUntil

  function apply(given: FeedAnswer, askedAt: number): void {
    if (given.snapshot) marks.clear()
    for (const entry of given.entries) marks.apply(entry)
    marks.forget(given.now)
    position = given.position
    answer = given
    if (given.complete && marks.size <= mostMarks) leaseUntil = askedAt + leaseSeconds
  }

  async function ask(): Promise<void> {
    const askedAt = runtime.monotonic()
    // The first question waits for nothing, and so does one that has a lease to win back.
    const waitSeconds = position !== undefined && holds() ? leaseSeconds / 3 : 0
    apply(await source.ask(position, waitSeconds), askedAt)
    if (failed) options.onBack()
    failed = false
  }

  async function askOrTell(): Promise<void> {
    try {
      await ask()
    } catch (cause) {
      if (!failed) options.onLost(lostError(source.name, cause))
      failed = true
      await sleep(Math.min(1, leaseSeconds / 10))
    }
  }

  const first = askOrTell()
  const running = first.then(async () => {
    while (!closed) await askOrTell()
  })
  runtime.waitUntil(running)

  return {
    marks,
    holds,
    first,
    get started() {
      return answer !== undefined
    },
    get mode() {
      return answer?.mode
    },
    get clients() {
      return answer?.clients ?? []
    },
    close() {
      closed = true
    },
  }
}

function lostError(name: string, cause: unknown): EndSessionError {
  if (cause instanceof EndSessionError && cause.code === 'ERR_OPTIONS') return cause
  return new EndSessionError('ERR_PROVIDER', `The guard ${name} has lost its feed.`, { cause })
}
