/** Sockets, streams and jobs that live as long as a session does: told when it ends, by whomever, in whichever process. */
import type { App } from './app.ts'
import { EndSessionError } from './errors.ts'
import { sleep } from './runtime.ts'
import { expiryOf } from './session/expiry.ts'
import type { Position } from './session/store.ts'
import type { Cause } from './words.ts'

export interface EndedListeners {
  /** Calls back once, at once if it is over already. The answer takes the listener away. */
  add(id: string, ended: (cause: Cause) => void): () => void
  close(): void
}

type Listener = (cause: Cause) => void

const pauseSeconds = 0.5
/** Of the sessions that have expired and are not swept up yet. */
const mostExpired = 1_000

export function createEndedListeners(app: App): EndedListeners {
  const listeners = new Map<string, Set<Listener>>()
  /** To be asked for: they may have ended before the feed was followed, or while it was lost. */
  const unsure = new Set<string>()
  const stopped = new AbortController()
  let [following, asking] = [false, false]

  const inUse = () => listeners.size > 0 && !stopped.signal.aborted

  function tell(id: string, cause: Cause): void {
    const told = listeners.get(id)
    listeners.delete(id)
    for (const listener of told ?? []) callBack(listener, cause)
  }

  /** One question for all who have come meanwhile, so that a thousand at once cost no more than a few. */
  async function ask(): Promise<void> {
    asking = true
    while (unsure.size > 0 && inUse()) {
      const ids = [...unsure]
      unsure.clear()
      await tellIfOver(ids).catch(async () => {
        for (const id of ids) unsure.add(id)
        await sleep(pauseSeconds)
      })
    }
    asking = false
  }

  async function tellIfOver(ids: readonly string[]): Promise<void> {
    const over: string[] = []
    for (const id of ids) if (listeners.has(id) && !(await app.store.get(id))) over.push(id)
    if (over.length === 0) return
    const causes = await causesOf(app, new Set(over))
    // Expired so long ago that nothing is left of it.
    for (const id of over) tell(id, causes.get(id) ?? 'absolute')
  }

  async function follow(after: Position): Promise<void> {
    for await (const entry of app.options.store.feed(after, stopped.signal)) {
      if ('lost' in entry) return app.options.emit({ type: 'feed.lost', error: lostPlace() })
      if (entry.id !== undefined) tell(entry.id, entry.cause)
    }
  }

  async function followOn(): Promise<void> {
    following = true
    while (inUse()) {
      try {
        const head = await app.store.head()
        // Asked after the position was taken: what ends in between is in the feed.
        doubt(listeners.keys())
        await follow(head)
      } catch {
        // Said by the store itself; what was missed is asked for.
      }
      if (inUse()) await sleep(pauseSeconds)
    }
    following = false
  }

  function doubt(ids: Iterable<string>): void {
    for (const id of ids) unsure.add(id)
    if (!asking) void ask()
  }

  return {
    add(id, ended) {
      // The same function may be there twice, for two sockets.
      const listener: Listener = (cause) => ended(cause)
      const told = listeners.get(id) ?? new Set()
      listeners.set(id, told.add(listener))
      doubt([id])
      if (!following) void followOn()
      return () => {
        told.delete(listener)
        if (told.size === 0 && listeners.get(id) === told) listeners.delete(id)
      }
    },
    close() {
      stopped.abort()
      listeners.clear()
    },
  }
}

function callBack(listener: Listener, cause: Cause): void {
  try {
    const answer: unknown = listener(cause)
    if (answer instanceof Promise) answer.catch(() => {})
  } catch {
    // The listener's own problem.
  }
}

/** By the marks; an expired session has none before it is swept up, and says itself what it expired by. */
async function causesOf(app: App, ids: ReadonlySet<string>): Promise<ReadonlyMap<string, Cause>> {
  const { store, limits } = app.options
  const causes = new Map<string, Cause>()
  const { expired } = await app.store.pending(mostExpired)
  const now = await app.store.now()
  for (const session of expired)
    if (ids.has(session.id)) causes.set(session.id, expiryOf(session, now, limits) ?? session.endsBy)
  const { entries } = await store.snapshot()
  for await (const { id, cause } of entries) if (id !== undefined && ids.has(id)) causes.set(id, cause)
  return causes
}

function lostPlace(): EndSessionError {
  return new EndSessionError(
    'ERR_STORE',
    'The feed has lost its place: every session that somebody listens to is asked for again.',
  )
}
