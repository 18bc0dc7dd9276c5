/** Auth.js's options for whoever reads a session with them: `getServerSession`, and `decode` for `getToken` and `withAuth`. */
import { EndSessionError } from '../../errors.ts'
import { dateAt } from '../../runtime.ts'
import { sessionIdOf } from '../../session/ids.ts'
import { bindAdapter } from '../auth-js/bind-adapter.ts'
import { defaultSeconds, isEnded, readClaims, sealClaims } from '../auth-js/claims.ts'
import type { Claims } from '../auth-js/library.ts'
import type { Adapter, Row } from '../auth-js/rows.ts'
import { unauthenticatedSession } from '../auth-js/unauthenticated.ts'
import { look, note, type Visit } from '../auth-js/visit.ts'
import { claimsBy, sessionBy } from './bound.ts'
import type { NextAuthKit } from './kit.ts'
import { type AuthOptions, type Calls, callsOf, type DecodeParameters, type EncodeParameters } from './options.ts'

/** Auth.js hands on what stands in `jwt`, others do not: so it is known who asks. */
const core = Symbol('core')

/** What came of a cookie, for as long as Auth.js has its claims, or whose they are, in hand. */
interface Read {
  readonly token: string | undefined
  readonly visit: Visit
  /** Nobody can know whether it is alive. */
  readonly error?: unknown
}

/**
 * Each read asks the store anew. An ended session is nobody; where the store fails, `getServerSession` throws ERR_STORE and
 * the cookie stays. They log nobody in: that is for the handler.
 */
export function readingOptions<O extends AuthOptions>(kitOf: () => NextAuthKit, given: O): O {
  const { adapter } = given
  const { callbacks, events } = callsOf(given)
  const reads = new WeakMap<object, Read>()
  const errorOf = (held: object | null | undefined) => (held ? reads.get(held)?.error : undefined)

  function remember<T extends object>(held: T, read: Read): T {
    reads.set(held, read)
    return held
  }
  async function visitOf(kit: NextAuthKit, token = ''): Promise<Visit> {
    const visit = await look(kit, new Headers({ cookie: `${kit.cookieName}=${encodeURIComponent(token)}` }))
    note(kit, visit)
    return visit
  }
  async function readCookie({ token }: DecodeParameters): Promise<Claims> {
    const kit = kitOf()
    if (!kit.awake) {
      const { id, ...others } = await everybody(kit)
      return remember({ sub: id, ...others }, { token, visit: {} })
    }
    const visit = await visitOf(kit, token)
    return remember(readClaims(visit, token), { token, visit })
  }
  /** By our handler it has ended first; so at least here. */
  async function endAt({ opened }: Visit): Promise<void> {
    const id = sessionIdOf(opened?.handle)
    if (id !== undefined) await kitOf().endsession.end({ id }, 'signed out')
  }

  function reading(own: Adapter): Adapter {
    const bound = async (token: string): Promise<Required<Adapter>> => {
      const kit = kitOf()
      return bindAdapter(
        kit,
        kit.rows as NonNullable<NextAuthKit['rows']>,
        await visitOf(kit, token),
        own,
      ) as Required<Adapter>
    }
    return {
      ...own,
      async getSessionAndUser(token) {
        try {
          const kit = kitOf()
          return kit.awake ? await (await bound(token)).getSessionAndUser(token) : rowOf(token, await everybody(kit))
        } catch (error) {
          return rowOf(token, remember({ id: '' }, { token, visit: {}, error }))
        }
      },
      createSession: elsewhere,
      async deleteSession(token) {
        await endAt(await visitOf(kitOf(), token))
        return (await bound(token)).deleteSession(token)
      },
    }
  }

  return {
    ...given,
    ...(adapter && (given.session?.strategy ?? 'database') === 'database' && { adapter: reading(adapter) }),
    jwt: {
      ...given.jwt,
      ...{ [core]: true },
      async decode(asked: DecodeParameters) {
        const { token } = asked
        if (core in asked) return readCookie(asked).catch((error: unknown) => remember({}, { token, visit: {}, error }))
        const claims = await readCookie(asked)
        return isEnded(claims) ? null : claims
      },
      async encode({ token: claims, maxAge = defaultSeconds }: EncodeParameters) {
        const found = claims && reads.get(claims)
        // Nobody can know, or there is nothing to know: the cookie stays as it is.
        if (found && (found.error !== undefined || !kitOf().awake)) return found.token ?? ''
        return sealClaims(kitOf(), found?.visit ?? {}, claims, maxAge)
      },
    },
    callbacks: {
      ...callbacks,
      async jwt(message) {
        if (message.account) return elsewhere()
        const found = reads.get(message.token)
        if (!found || found.error !== undefined || isEnded(message.token)) return message.token
        // A copy: what the app answers may be one object for several people.
        return remember({ ...(await claimsBy(callbacks, message)) }, found)
      },
      async session(message) {
        const error = errorOf(message.token) ?? errorOf(message.user)
        if (error !== undefined) return remember(unreadable(error), { token: undefined, visit: {}, error })
        return isEnded(message.token) ? {} : sessionBy(callbacks, message)
      },
    } satisfies Calls['callbacks'],
    events: {
      ...events,
      async signOut(message) {
        if (message.token) await endAt(reads.get(message.token)?.visit ?? {})
        await events.signOut?.(message)
      },
      async session(message) {
        if (errorOf(message.session) === undefined && !isEnded(message.token)) await events.session?.(message)
      },
    } satisfies Calls['events'],
  }
}

function elsewhere(): never {
  throw new EndSessionError('ERR_LOGIN', 'A login has to come in by the handler of withEndSession.')
}

/** Auth.js takes any error for "nobody", and removes the cookie. What it looks at last is this, and it fails then. */
function unreadable(error: unknown): object {
  return new Proxy(
    {},
    {
      ownKeys() {
        throw error
      },
    },
  )
}

async function everybody(kit: NextAuthKit): Promise<{ id: string; name?: string }> {
  const { user } = await unauthenticatedSession(kit)
  return { ...user }
}

/** As a database would have it, and never too old. */
function rowOf(sessionToken: string, user: { readonly id: string }): Row {
  return { session: { sessionToken, userId: user.id, expires: dateAt(neverOver) }, user }
}

/** The last second of the year 9999. */
const neverOver = 253_402_300_799
