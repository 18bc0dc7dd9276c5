/**
 * The marker cookie: this browser has logged out at a provider, so that its next login there has to be interactive. A
 * provider that gives no lasting `sid` leaves nothing else to remember this by. It can only ask for more: losing it, or
 * sending an old one, never signs anybody in.
 */
import type { App } from './app.ts'
import type { Provider } from './protocol/provider.ts'
import { readCookie } from './web/cookies.ts'

interface Fresh {
  readonly iss: string
  readonly client: string
  /** The next login needs an `auth_time` after this: the provider's clock. */
  readonly authBefore: number
}

/** `Set-Cookie` line. */
export function writeFresh(app: App, fresh: Fresh): string {
  const seconds = app.options.limits.reauthSeconds
  return app.cookies.write(app.cookies.names.fresh, app.sealer.sealFor(seconds, 'fresh', fresh), seconds)
}

/** Since when this provider has to ask this browser's person again, if it has to. */
export function readFresh(app: App, request: Request, provider: Provider): number | undefined {
  const cookie = readCookie(request, app.cookies.names.fresh)
  const fresh = app.sealer.openCookie('fresh', cookie) as Fresh | undefined
  const { issuer, clientId } = provider.config
  return fresh?.iss === issuer && fresh.client === clientId ? fresh.authBefore : undefined
}
