import { EndSessionError } from '../errors.ts'
import { type Runtime, sleep, within } from '../runtime.ts'
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
  /** The first answer, or the first failure; requests wait for it, so many seconds at most. */
  readonly first: Promise<void>
  /** Resolves once nothing of it runs any more. */
  close(): Promise<void>
}

export interface FollowerOptions {
  readonly leaseSeconds: number
  readonly runtime: Runtime
  readonly onLost: (error: EndSessionError) => void
  readonly onBack: () => void
}

/** A guard that follows more than this many marks refuses rather than forgets. */
const mostMarks = 5_000_000
/** The longest that a request waits for the first answer. */
const firstSeconds = 6

/**
 * Asks the feed over and over. A lease is won by asking: it runs from the moment of the question, once everything up to
 * the head at that moment is applied. Answers that merely arrive grant nothing, however late a pause made them.
 */
export function followFeed(source: FeedSource, options: FollowerOptions): Follower {
  const { leaseSeconds, runtime } = options
  const pauseSeconds = Math.min(1, leaseSeconds / 10)
  const marks = createKnownMarks()
  let position: Position | undefined
  let leaseUntil = Number.NEGATIVE_INFINITY
  let answer: FeedAnswer | undefined
  let failed = false
  let closed = false
  let question = new AbortController()

  const holds = () => runtime.monotonic() < leaseUntil

  /** Marks only ever come: also a store that has lost its own, and begins anew, does not bring a token back to life. */
  function apply(given: FeedAnswer, askedAt: number): void {
    for (const entry of given.entries) marks.apply(entry)
    // More than came, so that a busy feed is forgotten faster than it grows.
    marks.forget(given.now, 64 + 4 * given.entries.length)
    position = given.position
    answer = given
    if (given.complete && marks.size <= mostMarks) leaseUntil = askedAt + leaseSeconds
  }

  async function ask(): Promise<void> {
    const [askedAt, after] = [runtime.monotonic(), position]
    // The first question waits for nothing, and so does one that has a lease to win back.
    const waitSeconds = after !== undefined && holds() ? leaseSeconds / 3 : 0
    question = new AbortController()
    const given = await source.ask(after, waitSeconds, question.signal).finally(() => question.abort())
    apply(given, askedAt)
    if (given.snapshot && after !== undefined && after !== given.position) {
      options.onLost(lostContinuity(source.name))
      failed = true
    }
    if (failed) options.onBack()
    failed = false
    // Whoever answers at once that there is nothing new is not asked as fast as that.
    const atOnce = waitSeconds === 0 || runtime.monotonic() - askedAt < pauseSeconds
    if (given.position === after && atOnce) await sleep(pauseSeconds)
  }

  async function askOrTell(): Promise<void> {
    try {
      await ask()
    } catch (cause) {
      if (closed) return
      if (!failed) options.onLost(lostError(source.name, cause))
      failed = true
      await sleep(pauseSeconds)
    }
  }

  const start = askOrTell()
  const running = start.then(async () => {
    while (!closed) await askOrTell()
  })
  runtime.waitUntil(running)

  return {
    marks,
    holds,
    first: within(start, firstSeconds).catch(() => {}),
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
      question.abort()
      return running
    },
  }
}

function lostError(name: string, cause: unknown): EndSessionError {
  if (cause instanceof EndSessionError && cause.code === 'ERR_OPTIONS') return cause
  return new EndSessionError('ERR_PROVIDER', `The guard ${name} has lost its feed.`, { cause })
}

function lostContinuity(name: string): EndSessionError {
  return new EndSessionError(
    'ERR_STORE',
    `The guard ${name} could not go on where it stood: it has read all marks anew.`,
  )
}
