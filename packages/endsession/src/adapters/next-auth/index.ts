/** For Auth.js 5 (next-auth) in Next.js: it goes on doing the login, and a logout ends what it has opened. */
import type { NextAuthConfig, NextAuthResult } from 'next-auth'
import { answer } from '../auth-js/handlers.ts'
import type { AttachedOptions } from '../auth-js/kit.ts'
import { lateEndSession, type NextEndSession } from '../auth-js/late.ts'
import { makeActions } from './auth.ts'
import { makeNextAuthKit, type NextAuth, type NextAuthKit } from './kit.ts'

export type { AttachedOptions, ProviderExtras } from '../auth-js/kit.ts'
export type { NextEndSession, PagesRequest } from '../auth-js/late.ts'

/**
 * Auth.js with every layer of a logout: what it answers is what `NextAuth(config)` does, and `endsession`. Does no I/O;
 * `options` is called at the first request, so that `next build` needs no secrets. Our routes are on Auth.js's own
 * catch-all, below `endsession/`. With JWT or database sessions, providers of OpenID Connect and OAuth 2.0; in the Node.js
 * runtime.
 */
export function withEndSession(
  nextAuth: NextAuth,
  config: NextAuthConfig,
  options: () => AttachedOptions,
): NextAuthResult & { readonly endsession: NextEndSession } {
  let made: NextAuthKit | undefined
  const kitOf = (): NextAuthKit => {
    made ??= makeNextAuthKit(nextAuth, config, options)
    return made
  }
  const handle = async (request: Request): Promise<Response> => answer(kitOf(), request)
  return { ...makeActions(kitOf), handlers: { GET: handle, POST: handle }, endsession: lateEndSession(kitOf) }
}
