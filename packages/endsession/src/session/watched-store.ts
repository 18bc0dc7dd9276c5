import { EndSessionError } from '../errors.ts'
import type { Emit } from '../events.ts'
import { within } from '../runtime.ts'
import type { Limits, Store } from './store.ts'

/** The longest that a store may take. What answers later is not acknowledged. */
const deadlineSeconds = 5

/** The part of a store that flows use. */
export type WatchedStore = Omit<Store, 'open' | 'close' | 'feed' | 'snapshot' | 'reached'> & { ready(): Promise<void> }

/**
 * The same store, opened before its first use, with a deadline on each call. Whatever it throws becomes ERR_STORE with
 * words that anybody may read; the detail is in `cause`.
 */
export function watchStore(store: Store, limits: Limits, unsafeLossyStore: boolean, emit: Emit): WatchedStore {
  let opened: Promise<void> | undefined

  function ready(): Promise<void> {
    opened ??= open().catch((error) => {
      opened = undefined
      throw error
    })
    return opened
  }

  async function open(): Promise<void> {
    const { durability } = await bounded(() => store.open(limits))
    if (durability === 'disk' || unsafeLossyStore) return
    throw new EndSessionError(
      'ERR_OPTIONS',
      `The options do not work yet:\n- store: it can lose acknowledged logouts (durability ${durability}, not disk); use one that keeps them, or set unsafeLossyStore: true`,
    )
  }

  async function bounded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await within(call(), deadlineSeconds)
    } catch (cause) {
      const error = new EndSessionError('ERR_STORE', 'The session store does not work right now.', { cause })
      emit({ type: 'store.failed', error })
      throw error
    }
  }

  async function asked<T>(call: () => Promise<T>): Promise<T> {
    await ready()
    return bounded(call)
  }

  return {
    ready,
    now: () => asked(() => store.now()),
    create: (session, how) => asked(() => store.create(session, how)),
    get: (id) => asked(() => store.get(id)),
    touch: (id) => asked(() => store.touch(id)),
    update: (id, revision, patch) => asked(() => store.update(id, revision, patch)),
    end: (selector, cause) => asked(() => store.end(selector, cause)),
    settle: (id) => asked(() => store.settle(id)),
    pending: (limit) => asked(() => store.pending(limit)),
    covers: (claims) => asked(() => store.covers(claims)),
    list: (who) => asked(() => store.list(who)),
    claim: (key, seconds) => asked(() => store.claim(key, seconds)),
    head: () => asked(() => store.head()),
    follow: (name, position) => asked(() => store.follow(name, position)),
    followers: () => asked(() => store.followers()),
  }
}
