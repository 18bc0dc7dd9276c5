import type { StoredSession } from '../../../packages/endsession/src/session/store.ts'
import { type BrokenStore, broken, ghosts, turn } from './broken.ts'

export const brokenEnds: readonly BrokenStore[] = [
  broken('end is not idempotent in its answer', 'S6', (store) => ({
    async end(...given) {
      const { records, position } = await store.end(...given)
      return { records: records.filter(({ repeated }) => !repeated), position }
    },
  })),
  broken('end never says repeated', 'S6', (store) => ({
    async end(...given) {
      const { records, position } = await store.end(...given)
      return { records: records.map((record) => ({ ...record, repeated: false })), position }
    },
  })),
  broken('a repeated end ends newer sessions', 'S6', (store) => ({
    async end(selector, cause) {
      const answer = await store.end(selector, cause)
      const record = answer.records.find(({ repeated }) => repeated)
      if (selector.by !== 'id' || !selector.sid || record?.sid === undefined) return answer
      const { iss, client, sid } = record
      return store.end({ by: 'sid', iss, client, sid }, cause)
    },
  })),
  broken('create forgets which time the provider told', 'M9', (store) => ({
    create: ({ toldAt: _, ...session }, how) => store.create(session, how),
  })),
  broken('a repeated end raises no mark', 'S6', (store) => ({
    async end(selector, cause) {
      if (selector.by !== 'id' || (await store.get(selector.id))) return store.end(selector, cause)
      return store.end({ by: 'id', id: selector.id }, cause)
    },
  })),
  broken('an end is acknowledged before it is applied', 'S5', (store) => ({
    async end(selector, cause) {
      if (selector.by !== 'id') return store.end(selector, cause)
      const held = await store.get(selector.id)
      if (!held) return store.end(selector, cause)
      void turn().then(() => store.end(selector, cause))
      const record = { ...held, cause, endedAt: await store.now(), repeated: false, settled: false }
      return { records: [record], position: await store.head() }
    },
  })),
  broken('an end answers the position from before it', 'S5', (store) => ({
    async end(...given) {
      const position = await store.head()
      return { ...(await store.end(...given)), position }
    },
  })),
  broken('concurrent ends all think they are the first', 'S6', (store) => ({
    async end(selector, cause) {
      const first = selector.by === 'id' && (await store.get(selector.id))
      await turn()
      const { records, position } = await store.end(selector, cause)
      return { records: first ? records.map((record) => ({ ...record, repeated: false })) : records, position }
    },
  })),
  broken('an end loses the tokens', 'S5', (store) => ({
    async end(...given) {
      const { records, position } = await store.end(...given)
      return { records: records.map((record) => ({ ...record, sealed: new Uint8Array() })), position }
    },
  })),
  broken('an expired session can no longer be ended', 'S5', (store, limits, clock) => {
    const { get, create, seen } = ghosts(store)
    const over = (session: StoredSession | undefined) =>
      session && Math.min(session.expiresAt, session.seenAt + limits().idleSeconds) <= clock.now()
    return {
      get,
      create,
      async end(selector, cause) {
        if (selector.by === 'id' && over(seen.get(selector.id))) return { records: [], position: await store.head() }
        return store.end(selector, cause)
      },
    }
  }),
  broken('pending forgets what is not settled', 'S7', (store) => ({
    pending: async (limit) => ({ ...(await store.pending(limit)), unsettled: [] }),
  })),
  broken('pending forgets what has expired', 'S7', (store) => ({
    pending: async (limit) => ({ ...(await store.pending(limit)), expired: [] }),
  })),
  broken('pending knows no limit', 'S7', (store) => ({ pending: () => store.pending(1000) })),
  broken('settle does nothing', 'S7', () => ({ settle: async () => {} })),
  broken('claim is true twice', 'S10', () => ({ claim: async () => true })),
  broken('claim looks first and takes later', 'S10', (store) => {
    const taken = new Set<string>()
    return {
      async claim(key, seconds) {
        if (taken.has(key)) return store.claim(key, seconds)
        await turn()
        taken.add(key)
        await store.claim(key, seconds)
        return true
      },
    }
  }),
  broken('claim is for ever', 'S10', (store) => ({ claim: (key) => store.claim(key, 1e9) })),
]
