import type { App } from './app.ts'
import { readFresh } from './fresh.ts'
import { readHandle } from './host.ts'
import { type Description, openDescription, wrongRow } from './session/contents.ts'
import { sessionIdOf } from './session/ids.ts'
import type { StoredSession } from './session/store.ts'
import { readCookie } from './web/cookies.ts'

/** A login of one browser at this app, as pages and routes see it. Holds no token. */
export interface Session {
  /** Safe to log and to key your own data and sockets by; opens nothing. */
  readonly id: string
  /** The provider's name in the options. */
  readonly provider: string
  readonly iss: string
  readonly client: string
  readonly sub: string
  /** Of the ID token; without OpenID of the provider's user endpoint. An e-mail address is a claim, never a name for somebody. */
  readonly claims: Readonly<Record<string, unknown>> & { readonly name?: string; readonly email?: string }
  /** Epoch seconds, the provider's clock; without OpenID the store's. */
  readonly signedInAt: number
  /** Epoch seconds: the latest end; without visits it comes earlier. */
  readonly expiresAt: number
}

/** The id of the session that the browser's cookie names, alive or not: our own cookie, or the host's. */
export async function cookieSession(app: App, request: Request): Promise<string | undefined> {
  return sessionIdOf(app.host ? await readHandle(app.host, request) : readCookie(request, app.cookies.names.session))
}

/** Whether a host library did one of these logins. */
export function isHosted(app: App, records: readonly StoredSession[]): boolean {
  return records.some(({ id, sealed }) => {
    try {
      return openDescription(app.sealer, id, sealed).hosted === true
    } catch {
      return false
    }
  })
}

/** `Set-Cookie` lines that remove the session's cookie: our own, or the host's. */
export function expireSession(app: App, request: Request): readonly string[] {
  return app.host ? app.host.expire(request) : [app.cookies.expire(app.cookies.names.session)]
}

/** The live session of this browser, asked of the store each time. Throws ERR_STORE when that cannot be known. */
export async function findSession(app: App, request: Request): Promise<StoredSession | undefined> {
  // Without a host there is nothing to wait for: this is the way of every page.
  const id = app.host ? await cookieSession(app, request) : sessionIdOf(readCookie(request, app.cookies.names.session))
  const stored = id === undefined ? undefined : await app.store.get(id)
  return stored && !isBehind(app, request, stored) ? stored : undefined
}

/**
 * This browser has logged out since the person last authenticated. A login of ours is checked when it is made; a host's
 * has no browser then, so it is checked here. Only an `auth_time` that is there can tell.
 */
function isBehind(app: App, request: Request, stored: StoredSession): boolean {
  const provider = app.host && app.providerOf(stored)
  const authBefore = provider && readFresh(app, request, provider)
  return authBefore !== undefined && stored.authTime !== undefined && stored.authTime <= authBefore
}

/** Opens what pages may know of a session. */
export type Describe = (stored: StoredSession) => Session

/**
 * Opening is the dearest part of a check, and what was sealed under an id and a revision never changes: so each is opened
 * once and remembered. Whether the session is alive is never remembered.
 */
export function createDescribe(app: App, most = 10_000): Describe {
  const known = new Map<string, { readonly revision: number; readonly description: Description }>()

  function descriptionOf({ id, revision, sealed }: StoredSession): Description {
    const found = known.get(id)
    if (found?.revision === revision) return found.description
    const description = openDescription(app.sealer, id, sealed)
    if (known.size >= most) known.delete(known.keys().next().value as string)
    known.set(id, { revision, description })
    return description
  }

  return (stored) => {
    const { id, iss, client, sub, signedInAt, expiresAt } = stored
    const { provider, claims } = descriptionOf(stored)
    // Sealed, the person cannot be changed by whoever can write to the store.
    if (claims['sub'] !== sub) throw wrongRow()
    return { id, provider, iss, client, sub, claims, signedInAt, expiresAt }
  }
}
