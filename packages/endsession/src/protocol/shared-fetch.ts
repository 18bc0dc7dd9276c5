import { deadline, type Runtime } from '../runtime.ts'

/** One value that is fetched from the provider, for all who need it. Times are `runtime.monotonic()` seconds. */
export interface SharedFetch<T> {
  /** The last good value, however old. */
  readonly value: T | undefined
  /** When the fetch began that brought the value. */
  readonly askedAt: number
  /** Why the last fetch failed; nothing after a good one. */
  readonly failure: unknown
  /** A fetch is under way. */
  readonly running: boolean
  /** Seconds until the next fetch is allowed; 0: now. */
  coolDown(): number
  /** Joins the fetch under way, or begins one. Does NOT mind the cool-down: ask `coolDown` first. */
  load(): Promise<T>
}

const coolDownSeconds = 2
const deadlineSeconds = 5

/**
 * One fetch at a time, shared by everybody who asks meanwhile, with a deadline of 5 s; 2 s of cool-down after each,
 * failed or not. A failed fetch leaves the last good value as it is.
 */
export function shareFetch<T>(fetchValue: (signal: AbortSignal) => Promise<T>, runtime: Runtime): SharedFetch<T> {
  let value: T | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  let allowedAt = Number.NEGATIVE_INFINITY
  let failure: unknown
  let underWay: Promise<T> | undefined

  const begin = async (): Promise<T> => {
    const beganAt = runtime.monotonic()
    try {
      value = await orAborted(fetchValue, deadline(deadlineSeconds))
      askedAt = beganAt
      failure = undefined
      return value
    } catch (cause) {
      failure = cause
      throw cause
    } finally {
      allowedAt = runtime.monotonic() + coolDownSeconds
      underWay = undefined
    }
  }

  return {
    get value() {
      return value
    },
    get askedAt() {
      return askedAt
    },
    get failure() {
      return failure
    },
    get running() {
      return underWay !== undefined
    },
    coolDown: () => Math.max(0, allowedAt - runtime.monotonic()),
    load: () => (underWay ??= begin()),
  }
}

/** Settles like the work, or rejects as soon as the signal fires: also when the work does not listen to it. */
export function orAborted<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    work(signal)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort))
  })
}
