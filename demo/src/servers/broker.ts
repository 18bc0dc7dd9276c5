import { randomBytes } from 'node:crypto'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Upstream, UpstreamLogin } from './upstream.ts'

type Middleware = Parameters<Provider['use']>[0]
type Context = Parameters<Middleware>[0]

/** What makes Example ID a good broker: whoever is signed out here is signed out at Acme, too. */
export interface Broker {
  readonly upstream: Upstream
  /** Remembers with which login at Acme this browser came. */
  keepLogin(ctx: Context, login: UpstreamLogin): void
  /** After a confirmed logout: the browser makes a detour to Acme before it goes back to the app. */
  passOn: Middleware
}

const cookieName = 'acme_login'
/** More than that many, and the oldest is forgotten: Acme then asks before it signs anybody out. */
const loginsAtMost = 1000

/** `tells`: whether Acme is told at all. */
export function makeBroker(upstream: Upstream, origin: string, tells: () => boolean): Broker {
  const logins = new Map<string, UpstreamLogin>()

  return {
    upstream,
    keepLogin(ctx, login) {
      const key = randomBytes(16).toString('base64url')
      const oldest = logins.keys().next().value
      if (logins.size >= loginsAtMost && oldest !== undefined) logins.delete(oldest)
      logins.set(key, login)
      ctx.cookies.set(cookieName, key, { httpOnly: true, sameSite: 'lax', path: '/', overwrite: true, signed: false })
    },
    async passOn(ctx, next) {
      const here = new URL(ctx.url, origin)
      if (here.pathname === '/acme/logged-out') {
        ctx.redirect(upstream.afterLeaving(here) ?? '/session/end/success')
        return
      }
      await next()
      if (here.pathname !== '/session/end/confirm' || !hasEnded(ctx as KoaContextWithOIDC)) return
      const key = ctx.cookies.get(cookieName, { signed: false }) ?? ''
      const login = logins.get(key)
      if (!login || !tells()) return
      logins.delete(key)
      ctx.cookies.set(cookieName, null, { path: '/', overwrite: true, signed: false })
      const then = new URL(ctx.response.get('location'), origin).href
      // Without Acme the logout goes on: what can be ended here has ended.
      ctx.redirect(await upstream.leave(login.idToken, then).catch(() => then))
    },
  }
}

/** "No, stay signed in" is a redirect as well. */
function hasEnded({ status, oidc }: KoaContextWithOIDC): boolean {
  return status === 303 && oidc?.params?.['logout'] !== undefined
}
