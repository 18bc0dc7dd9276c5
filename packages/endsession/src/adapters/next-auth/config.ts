/** Auth.js's configuration for one request: it sees the session that the store knows, or none. */
import type { NextAuthConfig } from 'next-auth'
import type { JWT } from 'next-auth/jwt'
import { arrive, type Bound, parametersOf } from '../auth-js/arrival.ts'
import { bindAdapter, moveSession } from '../auth-js/bind-adapter.ts'
import { defaultSeconds, isEnded, readClaims, sealClaims } from '../auth-js/claims.ts'
import { withParameters } from '../auth-js/providers.ts'
import type { NextAuthKit } from './kit.ts'

/** The app's own callbacks are called as ever; they never see the handle, and cannot keep a token in the cookie. */
export function bindConfig(kit: NextAuthKit, bound: Bound): NextAuthConfig {
  const { config, rows } = kit
  const { adapter, callbacks, events, jwt, providers } = config
  return {
    ...config,
    ...(bound.begins && { providers: withParameters(providers, (id) => parametersOf(kit, id, bound.begins)) }),
    ...(rows && adapter && { adapter: bindAdapter(kit, rows, bound, adapter) }),
    useSecureCookies: kit.names.secure,
    jwt: {
      ...jwt,
      decode: async ({ token }) => readClaims(bound, token) as JWT,
      encode: async ({ token, maxAge = defaultSeconds }) => sealClaims(kit, bound, token, maxAge),
    },
    callbacks: {
      ...callbacks,
      async signIn(given) {
        if (bound.arrival && given.account) bound.arrival.account = given.account
        return callbacks?.signIn ? callbacks.signIn(given) : true
      },
      async jwt(given) {
        if (isEnded(given.token)) return null
        const claims = callbacks?.jwt ? await callbacks.jwt(given) : given.token
        if (claims === null || !given.account) return claims
        return arrive(kit, bound, given.account, claims)
      },
    },
    events: {
      ...events,
      async signIn(message) {
        if (message.account) await moveSession(kit, bound, message.account)
        await events?.signIn?.(message)
      },
      async signOut(message) {
        if (!('token' in message && isEnded(message.token))) await events?.signOut?.(message)
      },
    },
  }
}
