/** Logins that another library has done: it keeps the cookie, the record here decides whether it is still good. */
import { decodeJwt } from 'jose'
import type { App } from './app.ts'
import { EndSessionError } from './errors.ts'
import { readFresh } from './fresh.ts'
import { refusedHandle } from './host.ts'
import { dated, newSession, type SignedIn } from './new-session.ts'
import { readLogin } from './protocol/exchange.ts'
import type { Provider } from './protocol/provider.ts'
import { personId } from './protocol/user.ts'
import { sha256 } from './runtime.ts'
import type { Tokens } from './session/contents.ts'
import { newCookieId, sessionIdOf } from './session/ids.ts'
import { finishReplaced } from './settle.ts'
import { browserLabel } from './web/browser-label.ts'

/** A login from before endsession was there, as its cookie holds it. */
export interface EarlierLogin {
  readonly sub: string
  readonly tokens?: Tokens
}

export interface OpenHow {
  /**
   * The person, where the provider issues no ID tokens: the id that its user endpoint names, as text. Never an e-mail address, never
   * a login name: those get other owners. With an ID token it has to be that one's.
   */
  readonly sub?: string | undefined
  /**
   * The person has just met the login screen, as `host.login` was asked to see to. It counts only with a provider that never
   * says `auth_time`; of the others, a login that needs one and has none throws ERR_LOGIN.
   */
  readonly interactive?: boolean
  /** The handle that this browser had until now: its session ends in the same step. */
  readonly replaces?: string | undefined
  /** The id of a session that was alive in this browser when the login began: its logout meanwhile is meant for this one too. */
  readonly startedWith?: string | undefined
  /**
   * The request that the host's login came back with: what this browser has asked for when it logged out counts at once,
   * and `devices` knows the browser by name.
   */
  readonly request?: Request | undefined
}

const unknownBrowser = 'Unknown browser'

/**
 * A record for a login that the host has just completed. Does NOT verify the ID token's signature: the host has. When a
 * mark refuses the login, the handle opens nothing, and `protect` asks for the login screen. `handle`: where the host's own
 * session says what it is.
 */
export async function openAttached(
  app: App,
  name: string,
  tokens: Tokens,
  { sub, interactive = false, replaces, startedWith, request }: OpenHow = {},
  handle: string = newCookieId(app.options.runtime),
): Promise<string> {
  const provider = providerNamed(app, name)
  const login = await dated(app, provider, signedInAs(provider, tokens, sub))
  const id = sessionIdOf(handle) as string
  const browser = request ? browserLabel(request.headers.get('user-agent')) : unknownBrowser
  const session = newSession(app, provider, id, login, { provider: name, browser, hosted: true })
  // Without `auth_time` nobody knows whether the person was asked: that is accepted only of a provider that never says it.
  const accepts = interactive && provider.config.profile.authTime === 'never'
  const replaced = sessionIdOf(replaces)
  const how = {
    ...(accepts && { interactive: true as const }),
    ...(replaced !== undefined && { replaces: replaced }),
    ...(startedWith !== undefined && { startedWith: [startedWith] }),
  }
  const behind = request !== undefined && lacksFresh(app, request, provider, login, accepts)
  if (!behind && (await app.store.create(session, how)) === 'created') {
    app.options.emit({ type: 'session.created', session: id })
    if (replaced !== undefined) app.options.runtime.waitUntil(finishReplaced(app, replaced))
    return handle
  }
  if (interactive && !accepts && login.authTime === undefined)
    throw new EndSessionError(
      'ERR_LOGIN',
      'The provider did not say when the person signed in (auth_time): ask with max_age=0.',
    )
  return refusedHandle
}

/** This browser has logged out at this provider, and the person has not met the login screen since. */
function lacksFresh(app: App, request: Request, provider: Provider, { authTime }: SignedIn, accepts: boolean): boolean {
  const authBefore = readFresh(app, request, provider)
  if (!authBefore) return false
  return authTime === undefined ? !accepts : authTime <= authBefore
}

/**
 * A record for a login from before. The same login always gets the same handle, in all copies of its cookie, so that an
 * ended one is not adopted again. Nothing once adoption is over, or when it has ended. `own`: the handle, where each of the
 * host's sessions says what it is.
 */
export async function adopt(app: App, name: string, earlier: EarlierLogin, own?: string): Promise<string | undefined> {
  const { runtime, adoptUntil } = app.options
  const provider = providerNamed(app, name)
  const now = runtime.now()
  if (adoptUntil === undefined || now >= adoptUntil) return undefined
  const login = await dated(app, provider, signedInBefore(provider, earlier, now))
  const handle = own ?? earlierHandle(app, provider, earlier)
  const id = sessionIdOf(handle) as string
  if (await app.store.get(id)) return handle
  if (await isOver(app, provider, login, now)) return undefined
  const since = provider.config.withoutOpenid ? login.signedInAt : now
  const session = newSession(app, provider, id, login, { provider: name, browser: unknownBrowser, hosted: true }, since)
  if ((await app.store.create(session)) !== 'created') return undefined
  if (!login.idToken)
    app.options.emit({
      type: 'adoption.limited',
      detail: 'A login without an ID token was adopted: the provider cannot end it by name.',
    })
  app.options.emit({ type: 'session.created', session: id })
  return handle
}

/** The ID token is a secret that every copy of the cookie has; without one the person alone tells logins apart. */
function earlierHandle(app: App, { config }: Provider, { sub, tokens }: EarlierLogin): string {
  if (tokens?.idToken) return `0.${sha256(`endsession adopts ${tokens.idToken}`)}`
  return `0.${app.sealer.tag('legacy', JSON.stringify([config.issuer, config.clientId, sub]))}`
}

/** What no mark of its own can tell: an ID token says when it is over, and a login without one may be as old as can be. */
async function isOver(
  app: App,
  { config }: Provider,
  { idToken, claims, sessionExpiry }: SignedIn,
  now: number,
): Promise<boolean> {
  if (idToken) return sessionExpiry !== undefined && sessionExpiry <= now
  return (await app.store.covers({ iss: config.issuer, client: config.clientId, sub: claims.sub, at: 0 })) !== undefined
}

/** Throws ERR_LOGIN where the tokens do not say who this is, or say somebody else. */
function signedInAs(provider: Provider, tokens: Tokens, sub: string | undefined): SignedIn {
  if (provider.config.withoutOpenid) {
    // Some have ID tokens that only a host takes: then that names the person, unless the host does.
    const named = sub ?? (tokens.idToken ? signedInWith(provider, tokens).claims.sub : undefined)
    return signedInWithout(provider, tokens, named)
  }
  const login = signedInWith(provider, tokens)
  if (sub !== undefined && login.claims.sub !== sub) throw notThisPerson()
  return login
}

/** The host has asked the user endpoint. No ID token is kept: there is no logout that it would be a hint for. */
function signedInWithout({ runtime }: Provider, { idToken: _, ...tokens }: Tokens, sub: string | undefined): SignedIn {
  try {
    return { ...tokens, claims: { sub: personId(sub) }, signedInAt: Math.floor(runtime.now()) }
  } catch (cause) {
    throw new EndSessionError('ERR_LOGIN', 'Nobody is named: `sub` has to be the id of the person there.', { cause })
  }
}

function notThisPerson(): EndSessionError {
  return new EndSessionError('ERR_LOGIN', 'The ID token is not of this person.')
}

/** Throws ERR_LOGIN for an ID token of another provider, client or person, or none at all. */
function signedInWith({ config, runtime }: Provider, tokens: Tokens): SignedIn {
  try {
    const { iss, aud, sub, iat, exp, auth_time, ...others } = decodeJwt(tokens.idToken ?? '')
    if (iss !== config.issuer || !aud || ![aud].flat().includes(config.clientId))
      throw new Error('it is for somebody else')
    if (typeof sub !== 'string' || typeof iat !== 'number' || typeof exp !== 'number')
      throw new Error('claims are missing')
    const authTime = typeof auth_time === 'number' ? { auth_time } : {}
    return { ...tokens, ...readLogin({ ...others, ...authTime, iss, aud, sub, iat, exp }, runtime.now()) }
  } catch (cause) {
    throw new EndSessionError('ERR_LOGIN', 'This is no ID token of this provider for this client.', { cause })
  }
}

function signedInBefore(provider: Provider, { sub, tokens }: EarlierLogin, now: number): SignedIn {
  if (provider.config.withoutOpenid) return signedInWithout(provider, tokens ?? {}, sub)
  if (typeof sub !== 'string' || sub === '') throw new EndSessionError('ERR_LOGIN', 'Nobody is named.')
  if (!tokens?.idToken) {
    const signedInAt = Math.floor(now)
    return { ...tokens, idToken: '', claims: { iss: '', aud: '', sub, iat: signedInAt, exp: signedInAt }, signedInAt }
  }
  const login = signedInWith(provider, tokens)
  if (login.claims.sub !== sub) throw notThisPerson()
  return login
}

function providerNamed(app: App, name: string): Provider {
  const provider = app.providers.get(name)
  if (!provider) throw new EndSessionError('ERR_REQUEST', 'There is no such provider.')
  return provider
}
