/**
 * The marker cookie, one per provider: this browser has logged out there, so that its next login there has to be interactive. A
 * provider that gives no lasting `sid` leaves nothing else to remember this by. It can only ask for more: losing it, or
 * sending an old one, never signs anybody in.
 */
import type { App } from './app.ts'
import type { Provider } from './protocol/provider.ts'
import { sha256 } from './runtime.ts'
import { readCookie } from './web/cookies.ts'

interface Fresh {
  readonly iss: string
  readonly client: string
  /** The next login needs an `auth_time` after this: the provider's clock. 0: the login screen is asked for, no more. */
  readonly authBefore: number
}

/** `Set-Cookie` line. */
export function writeFresh(app: App, fresh: Fresh): string {
  const seconds = app.options.limits.reauthSeconds
  return app.cookies.write(
    cookieName(app, fresh.iss, fresh.client),
    app.sealer.sealFor(seconds, 'fresh', fresh),
    seconds,
  )
}

/** Since when this provider has to ask this browser's person again, if it has to. */
export function readFresh(app: App, request: Request, provider: Provider): number | undefined {
  const { issuer, clientId } = provider.config
  const cookie = readCookie(request, cookieName(app, issuer, clientId))
  const fresh = app.sealer.openCookie('fresh', cookie) as Fresh | undefined
  return fresh?.iss === issuer && fresh.client === clientId ? fresh.authBefore : undefined
}

/** The providers that have to ask this browser's person again. */
export function freshProviders(app: App, request: Request): readonly Provider[] {
  return [...app.providers.values()].filter((provider) => readFresh(app, request, provider) !== undefined)
}

/** `Set-Cookie` line: the person has met this provider's login screen. What other providers have to ask for stays. */
export function expireFresh(app: App, { config }: Provider): string {
  return app.cookies.expire(cookieName(app, config.issuer, config.clientId))
}

function cookieName(app: App, iss: string, client: string): string {
  return `${app.cookies.names.fresh}-${sha256(JSON.stringify([iss, client])).slice(0, 8)}`
}
