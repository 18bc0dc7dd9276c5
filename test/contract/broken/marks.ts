import type { Mark } from '../../../packages/endsession/src/session/store.ts'
import { type BrokenStore, broken, ending } from './broken.ts'

export const brokenMarks: readonly BrokenStore[] = [
  broken('token marks are forgotten', 'M4', (store) => ({ covers: ({ token: _, ...claims }) => store.covers(claims) })),
  broken('late tokens are not marked', 'M4', (store) => ({
    end: (selector, cause) => store.end(selector.by === 'tokens' ? { by: 'id', id: selector.id } : selector, cause),
  })),
  broken(
    'siblings outlive their sid\u2019s end',
    'M6 M4',
    ending((selector, cause) => [selector.by === 'id' ? { by: 'id', id: selector.id } : selector, cause]),
  ),
  broken(
    'a narrow end marks the sid',
    'M5',
    ending((selector, cause) => [selector.by === 'id' ? { ...selector, sid: true } : selector, cause]),
  ),
  broken(
    'everywhere asks for no fresh authentication',
    'M7',
    ending((selector, cause) => [selector, selector.by === 'sub' ? 'backchannel' : cause]),
  ),
  broken(
    'a logout token asks for fresh authentication',
    'M8',
    ending((selector, cause) => [selector, cause === 'backchannel' ? 'admin' : cause]),
  ),
  broken(
    'equal seconds live on',
    'M1',
    ending((selector, cause) => [
      'before' in selector && selector.before !== undefined ? { ...selector, before: selector.before - 1 } : selector,
      cause,
    ]),
  ),
  broken(
    'the slack reaches the person\u2019s other sessions',
    'M8',
    ending((selector, cause) => {
      if (selector.by !== 'sid' || selector.before === undefined) return [selector, cause]
      return [{ ...selector, before: selector.before + (selector.slackSeconds ?? 0), slackSeconds: 0 }, cause]
    }),
  ),
  broken(
    'a logout token\u2019s sub need not agree',
    'M8',
    ending((selector, cause) => {
      if (selector.by !== 'sid') return [selector, cause]
      const { sub: _, ...rest } = selector
      return [rest, cause]
    }),
  ),
  broken('a sid\u2019s end reaches other clients', 'M8', (store) => ({
    async end(selector, cause) {
      if (selector.by === 'sid') await store.end({ ...selector, client: 'other' }, cause)
      return store.end(selector, cause)
    },
  })),
  broken('ends are timed by this machine\u2019s clock', 'M9', (store, _limits, clock) => ({
    end: (selector, cause) =>
      store.end(
        selector.by === 'sid' && selector.before === undefined ? { ...selector, before: clock.now() } : selector,
        cause,
      ),
  })),
  broken('a login erases the marks of its person', 'M3', (store) => {
    const erased = new Set<string>()
    return {
      async create(session, how) {
        const answer = await store.create(session, how)
        if (answer === 'created') erased.add(session.sub)
        return answer
      },
      covers: async (claims) => (claims.sub !== undefined && erased.has(claims.sub) ? undefined : store.covers(claims)),
    }
  }),
  broken('before can be lowered', 'M3', (store) => {
    let last = Number.POSITIVE_INFINITY
    return {
      end(selector, cause) {
        if ('before' in selector && selector.before !== undefined) last = selector.before
        return store.end(selector, cause)
      },
      covers: async (claims) => (claims.at <= last ? store.covers(claims) : undefined),
    }
  }),
  broken('authBefore is lowered by an end that does not ask', 'M3', (store) => {
    let asks = true
    return {
      end(selector, cause) {
        asks = cause !== 'backchannel'
        return store.end(selector, cause)
      },
      async create(session, how) {
        const answer = await store.create(session, how)
        return answer === 'created' || asks || (answer.before ?? 0) >= session.signedInAt ? answer : 'created'
      },
    }
  }),
  broken('covers ignores the client', 'M3', (store) => ({
    covers: (claims) => store.covers({ ...claims, client: 'app' }),
  })),
  broken('names are put together without care', 'M3', (store) => {
    const flat = <T extends { client: string; sid?: string }>(who: T): T =>
      who.client.includes(':') ? { ...who, client: 'b', sid: `c:${who.sid}` } : who
    return { end: (selector, cause) => store.end(selector.by === 'sid' ? flat(selector) : selector, cause) }
  }),
  broken('marks are kept absoluteSeconds only', 'M13', (store, limits, clock) => ({
    async covers(claims) {
      const mark: Mark | undefined = await store.covers(claims)
      return mark && mark.endedAt + limits().absoluteSeconds <= clock.now() ? undefined : mark
    },
  })),
  broken('marks go although logins from before are still around', 'M13', (store) => ({
    open: ({ marksUntil: _, ...limits }) => store.open(limits),
  })),
  broken('token marks are kept as long as other marks', 'M13', (store, limits, clock) => ({
    async covers(claims) {
      const mark: Mark | undefined = await store.covers(claims)
      return mark && mark.endedAt + limits().absoluteSeconds + limits().accessTokenSeconds <= clock.now()
        ? undefined
        : mark
    },
  })),
]
