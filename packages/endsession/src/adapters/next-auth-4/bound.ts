/** Auth.js's options for one request: it sees the session that the store knows, or none. */
import { arrive, type Bound, parametersOf } from '../auth-js/arrival.ts'
import { bindAdapter, moveSession } from '../auth-js/bind-adapter.ts'
import { defaultSeconds, isEnded, nobody, readClaims, sealClaims } from '../auth-js/claims.ts'
import type { Claims } from '../auth-js/library.ts'
import { withParameters } from '../auth-js/providers.ts'
import type { NextAuthKit } from './kit.ts'
import { type AuthOptions, type Calls, callsOf, type DecodeParameters, type EncodeParameters } from './options.ts'

/** The app's own callbacks are called as ever; they never see the handle, and cannot keep a token in the cookie. */
export function bindOptions(kit: NextAuthKit, bound: Bound): AuthOptions {
  const { given, rows } = kit
  const { adapter, providers, jwt } = given
  const { callbacks, events } = callsOf(given)
  return {
    ...given,
    ...(bound.begins && { providers: withParameters(providers, (id) => parametersOf(kit, id, bound.begins)) }),
    ...(rows && adapter && { adapter: bindAdapter(kit, rows, bound, adapter) }),
    useSecureCookies: kit.names.secure,
    jwt: {
      ...jwt,
      decode: async ({ token }: DecodeParameters) => readClaims(bound, token),
      encode: async ({ token, maxAge = defaultSeconds }: EncodeParameters) => sealClaims(kit, bound, token, maxAge),
    },
    callbacks: {
      ...callbacks,
      async signIn(message) {
        if (bound.arrival && message.account) bound.arrival.account = message.account
        return callbacks.signIn ? callbacks.signIn(message) : true
      },
      async jwt(message) {
        if (isEnded(message.token)) return message.token
        const claims = await claimsBy(callbacks, message)
        return message.account && !isEnded(claims) ? arrive(kit, bound, message.account, claims) : claims
      },
      async session(message) {
        return isEnded(message.token) ? {} : sessionBy(callbacks, message)
      },
    } satisfies Calls['callbacks'],
    events: {
      ...events,
      async signIn(message) {
        if (message.account) await moveSession(kit, bound, message.account)
        await events.signIn?.(message)
      },
      async signOut(message) {
        if (!isEnded(message.token)) await events.signOut?.(message)
      },
      async session(message) {
        if (!isEnded(message.token)) await events.session?.(message)
      },
    } satisfies Calls['events'],
  }
}

type Given<Name extends keyof Calls['callbacks']> = Parameters<NonNullable<Calls['callbacks'][Name]>>[0]

/** What the app makes of them; of nothing at all version 4 would make a session. */
export async function claimsBy(callbacks: Calls['callbacks'], message: Given<'jwt'>): Promise<Claims> {
  const claims = callbacks.jwt ? await callbacks.jwt(message) : message.token
  return typeof claims === 'object' && claims !== null ? (claims as Claims) : nobody()
}

export async function sessionBy(callbacks: Calls['callbacks'], message: Given<'session'>): Promise<unknown> {
  return callbacks.session ? callbacks.session(message) : message.session
}
