/** Logins that another library has done: it keeps the cookie, the record here decides whether it is still good. */
import { decodeJwt } from 'jose'
import type { App } from './app.ts'
import { EndSessionError } from './errors.ts'
import { refusedHandle } from './host.ts'
import { newSession, type SignedIn } from './new-session.ts'
import type { Provider } from './protocol/provider.ts'
import { sha256 } from './runtime.ts'
import type { Tokens } from './session/contents.ts'
import { newCookieId, sessionIdOf } from './session/ids.ts'
import type { NewSession } from './session/store.ts'

/** A login from before endsession was there, as its cookie holds it. */
export interface EarlierLogin {
  readonly sub: string
  readonly tokens?: Tokens
}

const unknownBrowser = 'Unknown browser'

/**
 * A record for a login that the host has just completed. Does NOT verify the ID token: the host has. When a mark refuses
 * the login, the handle opens nothing, and `protect` asks for the login screen.
 */
export async function openAttached(app: App, name: string, tokens: Tokens): Promise<string> {
  const provider = providerNamed(app, name)
  const handle = newCookieId(app.options.runtime)
  const id = sessionIdOf(handle) as string
  const session = newSession(app, provider, id, signedInWith(tokens), { provider: name, browser: unknownBrowser })
  if ((await app.store.create(session)) !== 'created') return refusedHandle
  app.options.emit({ type: 'session.created', session: id })
  return handle
}

/**
 * A record for a login from before. The same login always gets the same handle, in all copies of its cookie, so that an
 * ended one is not adopted again. Nothing once adoption is over, or when it has ended.
 */
export async function adopt(app: App, name: string, login: EarlierLogin): Promise<string | undefined> {
  const { runtime, adoptUntil } = app.options
  const provider = providerNamed(app, name)
  if (adoptUntil === undefined || runtime.now() >= adoptUntil) return undefined
  const handle = earlierHandle(app, provider, login)
  const id = sessionIdOf(handle) as string
  if (await app.store.get(id)) return handle
  const session = newSession(app, provider, id, signedInBefore(app, login), { provider: name, browser: unknownBrowser })
  if ((await app.store.create(markedUntil(session, adoptUntil))) !== 'created') return undefined
  if (!login.tokens?.idToken)
    app.options.emit({ type: 'adoption.limited', detail: 'A login without an ID token was adopted: the provider cannot end it by name.' })
  app.options.emit({ type: 'session.created', session: id })
  return handle
}

/** The ID token is a secret that every copy of the cookie has; without one the person alone tells logins apart. */
function earlierHandle(app: App, { config }: Provider, { sub, tokens }: EarlierLogin): string {
  if (tokens?.idToken) return `0.${sha256(`endsession adopts ${tokens.idToken}`)}`
  return `0.${app.sealer.tag('legacy', JSON.stringify([config.issuer, config.clientId, sub]))}`
}

/** A mark lasts as long as what it marks: this keeps the id's mark until nobody can adopt it any more. */
function markedUntil(session: NewSession, adoptUntil: number): NewSession {
  return { ...session, tokens: [...session.tokens, { hash: sha256(`adopted ${session.id}`), expiresAt: adoptUntil }] }
}

function signedInWith(tokens: Tokens): SignedIn {
  const claims = claimsOf(tokens.idToken)
  const { sid, auth_time, session_expiry } = claims
  return {
    ...tokens,
    claims,
    signedInAt: claims.iat,
    ...(typeof auth_time === 'number' && { authTime: auth_time }),
    ...(typeof sid === 'string' && sid !== '' && { sid }),
    ...(typeof session_expiry === 'number' && { sessionExpiry: session_expiry }),
  }
}

function signedInBefore(app: App, { sub, tokens }: EarlierLogin): SignedIn {
  if (tokens?.idToken) {
    const login = signedInWith(tokens)
    if (login.claims.sub !== sub) throw new EndSessionError('ERR_LOGIN', 'The ID token is not of this person.')
    return login
  }
  const now = Math.floor(app.options.runtime.now())
  const claims = { iss: '', aud: '', sub, iat: now, exp: now }
  return { ...tokens, idToken: '', claims, signedInAt: now }
}

function claimsOf(idToken: string): SignedIn['claims'] {
  try {
    const { iss, aud, sub, iat, exp, ...others } = decodeJwt(idToken)
    if (iss === undefined || aud === undefined || !sub || iat === undefined || exp === undefined) throw new Error('claims are missing')
    return { ...others, iss, aud, sub, iat, exp }
  } catch (cause) {
    throw new EndSessionError('ERR_LOGIN', 'This is no ID token.', { cause })
  }
}

function providerNamed(app: App, name: string): Provider {
  const provider = app.providers.get(name)
  if (!provider) throw new EndSessionError('ERR_REQUEST', 'There is no such provider.')
  return provider
}
