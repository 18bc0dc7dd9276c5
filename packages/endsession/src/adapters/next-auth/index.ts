/** For Auth.js 5 (next-auth) in Next.js: it goes on doing the login, and a logout ends what it has opened. */
import type { NextAuthConfig, NextAuthResult } from 'next-auth'
import type { Access, EndSession } from '../../index.ts'
import { makeActions } from './auth.ts'
import { answer } from './handlers.ts'
import { type AttachedOptions, type Kit, makeKit, type NextAuth } from './kit.ts'
import { readHeaders } from './next-headers.ts'

export type { AttachedOptions } from './kit.ts'
export type { ProviderExtras } from './providers.ts'

export interface NextEndSession extends Omit<EndSession, 'accessToken'> {
  /**
   * This person's access token, refreshed when it is about to expire; for server components, actions and route handlers.
   * Writes no cookie. Throws ERR_STORE.
   */
  accessToken(): Promise<Access>
}

/**
 * Auth.js with every layer of a logout: what it answers is what `NextAuth(config)` does, and `endsession`. Does no I/O;
 * `options` is called at the first request, so that `next build` needs no secrets. Our routes are on Auth.js's own
 * catch-all, below `endsession/`. Works with JWT sessions and OpenID Connect providers, in the Node.js runtime.
 */
export function withEndSession(
  nextAuth: NextAuth,
  config: NextAuthConfig,
  options: () => AttachedOptions,
): NextAuthResult & { readonly endsession: NextEndSession } {
  let made: Kit | undefined
  const kitOf = (): Kit => {
    made ??= makeKit(nextAuth, config, options)
    return made
  }
  const handle = async (request: Request): Promise<Response> => answer(kitOf(), request)
  return { ...makeActions(kitOf), handlers: { GET: handle, POST: handle }, endsession: lateEndSession(kitOf) }
}

/** Asks for the object when it is asked itself. */
function lateEndSession(kitOf: () => Kit): NextEndSession {
  const get = (): EndSession => kitOf().endsession
  return {
    handle: async (request, how) => get().handle(request, how),
    session: async (request, how) => get().session(request, how),
    protect: async (request, page, how) => get().protect(request, page, how),
    async accessToken() {
      const headers = await readHeaders()
      const kit = kitOf()
      const request = new Request(kit.options.origin, { headers: { cookie: headers.get('cookie') ?? '' } })
      const session = await kit.endsession.session(request)
      return session ? kit.endsession.accessToken(session) : { ok: false, why: 'signed_out' }
    },
    logout: async (request, wish) => get().logout(request, wish),
    devices: async (session) => get().devices(session),
    endDevice: async (session, which) => get().endDevice(session, which),
    end: async (who, reason) => get().end(who, reason),
    onEnded: (session, ended) => get().onEnded(session, ended),
    open: async (provider, tokens, how) => get().open(provider, tokens, how),
    adopt: async (provider, login) => get().adopt(provider, login),
    resume: async (handle) => get().resume(handle),
    get urls() {
      return get().urls
    },
    ready: async () => get().ready(),
    close: async () => get().close(),
  }
}
