/** Auth.js's configuration for one request: it sees the session that the store knows, or none. */
import type { Account, NextAuthConfig } from 'next-auth'
import type { JWT } from 'next-auth/jwt'
import type { App } from '../../app.ts'
import { EndSessionError } from '../../errors.ts'
import { authTimeParameters } from '../../protocol/login.ts'
import { sessionIdOf } from '../../session/ids.ts'
import { readCookie } from '../../web/cookies.ts'
import { sealHostCookie } from './codec.ts'
import type { Kit } from './kit.ts'
import { withParameters } from './providers.ts'
import { tokensOf, withoutTokens } from './tokens.ts'
import type { Visit } from './visit.ts'

/** A login on its way back from the provider. */
export interface Arrival {
  readonly request: Request
  /** Of the record, once there is one. */
  handle?: string
  /** Why there is none. */
  error?: unknown
}

export interface Bound extends Visit {
  readonly arrival?: Arrival
  /** A login begins; with the names of the providers whose login screen the person must meet. */
  readonly begins?: readonly string[]
}

/** In place of what the cookie holds: Auth.js is to find nobody there, and to say nothing about it. */
const ended = Symbol.for('endsession.ended')

const isEnded = (token: object | null | undefined): boolean => token != null && ended in token

/** The app's own callbacks are called as ever; they never see the handle, and cannot keep a token in the cookie. */
export function bindConfig(kit: Kit, bound: Bound): NextAuthConfig {
  const { config } = kit
  const { callbacks, events, jwt } = config
  return {
    ...config,
    ...(bound.begins && { providers: withParameters(config, (id) => parametersOf(kit, id, bound.begins)) }),
    useSecureCookies: kit.secure,
    jwt: {
      ...jwt,
      decode: async ({ token }) => readClaims(bound, token),
      encode: async ({ token, salt, maxAge = defaultSeconds }) => {
        const handle = bound.arrival ? bound.arrival.handle : bound.opened?.handle
        // Without a record there is no session, and no cookie for one.
        if (handle === undefined || !token || isEnded(token)) return ''
        const { sealer, options } = (kit.awake as () => App)()
        return sealHostCookie(sealer, options.runtime, salt, { claims: token, handle }, maxAge)
      },
    },
    callbacks: {
      ...callbacks,
      async jwt(given) {
        if (isEnded(given.token)) return null
        const claims = callbacks?.jwt ? await callbacks.jwt(given) : given.token
        if (claims === null || !given.account) return claims
        return arrive(kit, bound, given.account, claims)
      },
    },
    events: {
      ...events,
      async signOut(message) {
        if (!('token' in message && isEnded(message.token))) await events?.signOut?.(message)
      },
    },
  }
}

/** As Auth.js has it. */
const defaultSeconds = 30 * 86_400

/** Auth.js may change what it gets, so each time it gets its own. */
function readClaims({ token: known, stored, opened }: Visit, token: string | undefined): JWT | null {
  if (token !== undefined && token === known && stored && opened) return structuredClone(opened.claims)
  return { [ended]: true } as JWT
}

/** A login is done: its tokens go into the record, and out of whatever the app has made of them. */
async function arrive(kit: Kit, { arrival, opened }: Bound, account: Account, claims: JWT): Promise<JWT> {
  if (!arrival) throw new EndSessionError('ERR_LOGIN', 'A login has to come in by the handlers of withEndSession.')
  const { emit } = kit.options
  const tokens = tokensOf(account)
  const kept = withoutTokens(claims, tokens, (field) =>
    emit({ type: 'token.removed', detail: `The jwt callback had copied a token into ${field}; it was taken out.` }),
  )
  const { asked } = (kit.awake as () => App)().cookies.names
  try {
    arrival.handle = await kit.endsession.open(account.provider, tokens, {
      interactive: readCookie(arrival.request, asked) === 'interactive',
      replaces: opened?.handle,
      // Alive when the login began: whatever has ended it since is meant for this login too.
      startedWith: sessionIdOf(opened?.handle),
      request: arrival.request,
    })
  } catch (error) {
    arrival.error = error
    throw error
  }
  return kept
}

/** What a login at this provider is to ask for; the login screen, where it is one of those. */
export function parametersOf({ awake }: Kit, id: string, interactive: readonly string[] = []): Record<string, string> {
  const provider = awake?.().providers.get(id)
  return provider ? authTimeParameters(provider.config.profile, interactive.includes(id)) : {}
}
