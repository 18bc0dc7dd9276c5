/** Sockets, streams and jobs that live as long as a session does: told when it ends, by whomever, in whichever process. */
import type { App } from './app.ts'
import { sleep } from './runtime.ts'
import type { Position } from './session/store.ts'
import type { Cause } from './words.ts'

export interface EndedListeners {
  /** Calls back once, at once if it is over already. The answer takes the listener away. */
  add(id: string, ended: (cause: Cause) => void): () => void
  close(): void
}

const pauseSeconds = 1

export function createEndedListeners(app: App): EndedListeners {
  const listeners = new Map<string, Set<(cause: Cause) => void>>()
  const stopped = new AbortController()
  let following = false

  function tell(id: string, cause: Cause): void {
    const told = listeners.get(id)
    listeners.delete(id)
    for (const ended of told ?? []) {
      try {
        ended(cause)
      } catch {
        // The listener's own problem.
      }
    }
  }

  /** For what ended before anybody listened, or while the feed was lost. */
  async function tellIfOver(ids: readonly string[]): Promise<void> {
    for (const id of ids) if (!(await app.store.get(id))) tell(id, await causeOf(id))
  }

  async function tellSurely(id: string): Promise<void> {
    while (listeners.has(id) && !stopped.signal.aborted) {
      const failed = await tellIfOver([id]).catch((error) => error)
      if (!failed) return
      await sleep(pauseSeconds)
    }
  }

  async function causeOf(id: string): Promise<Cause> {
    const { entries } = await app.options.store.snapshot()
    for await (const entry of entries) if (entry.id === id) return entry.cause
    // Expired, and not swept up yet.
    return 'absolute'
  }

  async function follow(after: Position): Promise<void> {
    for await (const entry of app.options.store.feed(after, stopped.signal)) {
      if ('lost' in entry) return
      if (entry.id !== undefined) tell(entry.id, entry.cause)
    }
  }

  async function followOn(): Promise<void> {
    while (listeners.size > 0 && !stopped.signal.aborted) {
      try {
        const head = await app.store.head()
        // Asked after the position was taken: what ends in between is in the feed.
        await tellIfOver([...listeners.keys()])
        await follow(head)
      } catch {
        await sleep(pauseSeconds)
      }
    }
    following = false
  }

  return {
    add(id, ended) {
      const told = listeners.get(id) ?? new Set()
      listeners.set(id, told.add(ended))
      const { waitUntil } = app.options.runtime
      if (following) waitUntil(tellSurely(id))
      else {
        following = true
        waitUntil(followOn())
      }
      return () => {
        told.delete(ended)
        if (told.size === 0 && listeners.get(id) === told) listeners.delete(id)
      }
    },
    close: () => stopped.abort(),
  }
}
