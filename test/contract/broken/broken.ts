/** What stores are made of that each break one promise, and keep the others. */
import { type TestClock, testClock } from 'endsession/testing'
import { memoryStore } from '../../../packages/endsession/src/session/memory.ts'
import type { Entry, Limits, Store, StoredSession } from '../../../packages/endsession/src/session/store.ts'

export interface BrokenStore {
  readonly what: string
  /** The rules whose cases may catch it: one of them must. */
  readonly rules: readonly string[]
  readonly clock: TestClock
  make(): Store
}

export type Break = (store: Store, limits: () => Limits, clock: TestClock) => Partial<Store>

export function broken(what: string, rules: string, breaking: Break): BrokenStore {
  const clock = testClock()
  return {
    what,
    rules: rules.split(' '),
    clock,
    make() {
      const store = memoryStore(clock)
      let limits: Limits
      const open: Store['open'] = async (given) => {
        limits = given
        return store.open(given)
      }
      return { ...store, open, ...breaking(store, () => limits, clock) }
    },
  }
}

export const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Sessions as they were last seen alive; `haunt` makes `get` answer one although it has ended. */
export function ghosts(store: Store) {
  const seen = new Map<string, StoredSession>()
  const back = new Set<string>()
  const get: Store['get'] = async (id) => {
    const session = await store.get(id)
    if (session) seen.set(id, session)
    return session ?? (back.has(id) ? seen.get(id) : undefined)
  }
  const create: Store['create'] = async (session, how) => {
    const answer = await store.create(session, how)
    await get(session.id)
    return answer
  }
  return { get, create, haunt: (id: string) => seen.has(id) && back.add(id), seen }
}

export const ending =
  (change: (...given: Parameters<Store['end']>) => Parameters<Store['end']>): Break =>
  (store) => ({
    end: (...given) => store.end(...change(...given)),
  })

export async function* mapped(
  entries: AsyncIterable<Entry | { readonly lost: true }>,
  change: (entry: Entry, index: number) => readonly Entry[],
) {
  let index = 0
  for await (const entry of entries) {
    if ('lost' in entry) yield entry
    else yield* change(entry, index++)
  }
}

/** Breaks nothing: the control. */
export const soundStore: BrokenStore = broken('nothing', '', () => ({}))
