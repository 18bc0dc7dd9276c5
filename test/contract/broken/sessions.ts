import type { NewSession, StoredSession } from '../../../packages/endsession/src/session/store.ts'
import { type BrokenStore, broken, ghosts } from './broken.ts'

export const brokenSessions: readonly BrokenStore[] = [
  broken('update creates', 'S4', (store) => {
    const { get, create, haunt } = ghosts(store)
    return {
      get,
      create,
      async update(id, ...rest) {
        const answer = await store.update(id, ...rest)
        return answer === 'gone' && haunt(id) ? 'updated' : answer
      },
    }
  }),
  broken('update revives in silence', 'S4', (store) => {
    const { get, create, haunt } = ghosts(store)
    return {
      get,
      create,
      async update(id, ...rest) {
        const answer = await store.update(id, ...rest)
        if (answer === 'gone') haunt(id)
        return answer
      },
    }
  }),
  broken('update takes any revision', 'S4', (store) => ({
    update: async (id, _revision, patch) => store.update(id, (await store.get(id))?.revision ?? 0, patch),
  })),
  broken('update answers what it has not written', 'S4', () => ({ update: async () => 'updated' })),
  broken('update counts liveSeconds from the start', 'S4', (store) => ({
    async update(id, revision, patch) {
      const session = await store.get(id)
      const shorter =
        patch.liveSeconds !== undefined && session
          ? { liveSeconds: Math.min(patch.liveSeconds, session.expiresAt - session.openedAt) }
          : {}
      return store.update(id, revision, { ...patch, ...shorter })
    },
  })),
  broken('touch revives', 'S3 S4', (store) => {
    const { get, create, haunt } = ghosts(store)
    return {
      get,
      create,
      async touch(id) {
        if (!(await store.get(id))) haunt(id)
        await store.touch(id)
      },
    }
  }),
  broken('touch moves the revision', 'S3', (store) => ({
    async touch(id) {
      await store.touch(id)
      await store.update(id, (await store.get(id))?.revision ?? 0, {})
    },
  })),
  broken('touch does nothing', 'S3', () => ({ touch: async () => {} })),
  broken('get answers expired sessions', 'M1', (store, _limits, clock) => {
    const { get, create, seen } = ghosts(store)
    const over = (session: StoredSession | undefined) =>
      session && session.expiresAt <= clock.now() ? session : undefined
    return { create, get: async (id) => (await get(id)) ?? over(seen.get(id)) }
  }),
  broken('get knows no idle time', 'M1', (store, limits, clock) => {
    const { get, create, seen } = ghosts(store)
    const idle = (session: StoredSession | undefined) =>
      session && session.seenAt + limits().idleSeconds <= clock.now() ? session : undefined
    return { create, get: async (id) => (await get(id)) ?? idle(seen.get(id)) }
  }),
  broken('create stamps signedInAt', 'M2 S1', (store, _limits, clock) => ({
    create: (session, how) => store.create({ ...session, signedInAt: clock.now() }, how),
  })),
  broken('create ignores marks', 'S1', (store) => ({
    async create(...given) {
      await store.create(...given)
      return 'created'
    },
  })),
  broken('create ignores authBefore', 'M6', (store) => ({
    async create(session, how) {
      const answer = await store.create(session, how)
      const onlyAsked =
        answer !== 'created' && answer.authBefore !== undefined && (answer.before ?? 0) < session.signedInAt
      return onlyAsked ? 'created' : answer
    },
  })),
  broken('create takes any auth_time after the login screen', 'S1 M6', (store) => ({
    create: (session, how) => store.create(how?.interactive ? withoutAuthTime(session) : session, how),
  })),
  broken('create ignores startedWith', 'S2', (store) => ({
    create: (session, { startedWith: _, ...how } = {}) => store.create(session, how),
  })),
  broken('create looks at the last startedWith only', 'S2', (store) => ({
    create: (session, { startedWith = [], ...how } = {}) =>
      store.create(session, { ...how, startedWith: [startedWith].flat().slice(-1) }),
  })),
  broken('create refuses after a replacement', 'S2', (store) => ({
    async create(session, how) {
      const [id] = [how?.startedWith ?? []].flat()
      const ended = id !== undefined && (await store.end({ by: 'id', id }, 'user')).records[0]
      return ended ? { cause: ended.cause, endedAt: ended.endedAt } : store.create(session, how)
    },
  })),
  broken('create replaces nothing', 'S2', (store) => ({
    create: (session, { replaces: _, ...how } = {}) => store.create(session, how),
  })),
  broken('create replaces before it knows', 'S2', (store) => ({
    async create(session, how) {
      if (how?.replaces !== undefined) await store.end({ by: 'id', id: how.replaces }, 'replaced')
      return store.create(session, how)
    },
  })),
  broken('create reopens an expired id', 'S1', (store) => {
    const reopened = new Map<string, StoredSession>()
    return {
      async create(session, how) {
        const answer = await store.create(session, how)
        if (answer === 'created' || answer.cause !== 'idle') return answer
        reopened.set(session.id, session as StoredSession)
        return 'created'
      },
      get: async (id) => (await store.get(id)) ?? reopened.get(id),
    }
  }),
  broken('create cuts no life', 'S1', (store) => ({
    async get(id) {
      const session = await store.get(id)
      return session && { ...session, expiresAt: session.openedAt + session.liveSeconds }
    },
  })),
  broken('list shows what has ended', 'S9', (store) => {
    const ended: StoredSession[] = []
    return {
      async end(...given) {
        const answer = await store.end(...given)
        ended.push(...answer.records)
        return answer
      },
      list: async (who) => [...(await store.list(who)), ...ended],
    }
  }),
  broken('list takes every client', 'S9', (store) => ({
    list: async (who) => [...(await store.list(who)), ...(await store.list({ ...who, client: 'other' }))],
  })),
]

function withoutAuthTime({ authTime: _, ...session }: NewSession): NewSession {
  return session
}
