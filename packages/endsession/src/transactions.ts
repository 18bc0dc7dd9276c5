import type { App } from './app.ts'
import { EndSessionError } from './errors.ts'
import { authorizationUrl } from './protocol/login.ts'
import type { Provider } from './protocol/provider.ts'
import { equalSecrets, fromBase64url, hmacSha256, sha256, toBase64url } from './runtime.ts'
import { cookieNames, readCookie } from './web/cookies.ts'
import { single } from './web/request.ts'

/** A visit to the provider's authorization endpoint, from the way there until the way back. */
export interface Transaction {
  readonly kind: 'login' | 'probe'
  /** The provider's name in the options. */
  readonly provider: string
  /** Absolute, checked. */
  readonly returnTo: string
  /** The session that this browser had when the login began. */
  readonly startedWith?: string
  /** The person was asked for at the login screen. */
  readonly interactive: boolean
  /** A mark has refused this login once: the next refusal is a page. */
  readonly second?: true
}

/** Sealed in its own cookie, so that several tabs can log in at once. `state`, `nonce` and verifier come from the seed. */
interface Sealed extends Transaction {
  readonly seed: string
}

export interface Opened {
  readonly transaction: Transaction
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  /** `Set-Cookie` line that removes it. */
  readonly expire: string
}

/** How long a person may take at the provider's login screen. */
const transactionSeconds = 600
const mostAtOnce = 5

/** Starts a visit: where the browser has to go, and the cookies that it takes along. Throws ERR_PROVIDER. */
export async function beginTransaction(
  app: App,
  request: Request,
  provider: Provider,
  transaction: Transaction,
): Promise<{ readonly url: URL; readonly setCookies: readonly string[] }> {
  const { runtime } = app.options
  const seed = toBase64url(runtime.randomBytes(32))
  const { state, nonce, codeVerifier } = secretsOf(seed, Math.floor(runtime.now()).toString(36).padStart(7, '0'))
  const url = await authorizationUrl(provider, {
    redirectUri: app.host?.callback?.(transaction.provider) ?? app.callbackOf(transaction.provider),
    state,
    nonce,
    codeVerifier,
    interactive: transaction.interactive,
    ...(transaction.kind === 'probe' && { prompt: 'none' }),
  })
  const value = app.sealer.sealFor(transactionSeconds, 'login', { ...transaction, seed } satisfies Sealed)
  const cookie = app.cookies.write(cookieName(app, state), value, transactionSeconds)
  return { url, setCookies: [...dropOldest(app, request), cookie] }
}

/**
 * The visit that this answer of the provider belongs to; once, whoever asks. Throws ERR_LOGIN for an unknown, forged,
 * used or old one.
 */
export async function takeTransaction(app: App, request: Request): Promise<Opened> {
  const state = single(new URL(request.url).searchParams, 'state') ?? ''
  const name = cookieName(app, state)
  const sealed = app.sealer.openCookie('login', readCookie(request, name)) as Sealed | undefined
  if (!sealed) throw new EndSessionError('ERR_LOGIN', 'This login is unknown here, or was used before.')
  const { seed, ...transaction } = sealed
  const secrets = secretsOf(seed, state.split('.')[0] ?? '')
  if (!equalSecrets(secrets.state, state) || !isCallbackOf(app, request, transaction))
    throw new EndSessionError('ERR_LOGIN', 'This login is unknown here, or was used before.')
  if (!(await app.store.claim(`login ${sha256(state)}`, 2 * transactionSeconds)))
    throw new EndSessionError('ERR_LOGIN', 'This login is unknown here, or was used before.')
  return { transaction, ...secrets, expire: app.cookies.expire(name) }
}

/** What comes to another provider's redirect URI is another provider's answer (RFC 9700, section 4.4). A host has its own. */
function isCallbackOf(app: App, request: Request, { provider }: Transaction): boolean {
  return app.host !== undefined || new URL(app.callbackOf(provider)).pathname === new URL(request.url).pathname
}

/** Attached, the host gets the provider's answers first: whose is this one, to a probe of ours? Takes nothing. */
export function probedProvider(app: App, request: Request): string | undefined {
  const [state = '', ...more] = new URL(request.url).searchParams.getAll('state')
  const sealed = app.sealer.openCookie('login', readCookie(request, cookieName(app, state))) as Sealed | undefined
  return more.length === 0 && sealed?.kind === 'probe' ? sealed.provider : undefined
}

/** `Set-Cookie` lines that remove every login in progress, a bounded number of them. */
export function expireTransactions(app: App, request: Request): readonly string[] {
  return namesInProgress(app, request)
    .slice(0, 2 * mostAtOnce)
    .map(app.cookies.expire)
}

/** Names begin with the time, so that the oldest sort first. */
function dropOldest(app: App, request: Request): readonly string[] {
  const names = namesInProgress(app, request).toSorted()
  return names
    .slice(0, Math.max(0, names.length - mostAtOnce + 1))
    .slice(0, 2 * mostAtOnce)
    .map(app.cookies.expire)
}

/** Only names that we could have given: longer ones would fill our headers. */
function namesInProgress(app: App, request: Request): readonly string[] {
  const { loginPrefix } = app.cookies.names
  return cookieNames(request, loginPrefix).filter((name) =>
    /^[0-9a-z]{1,9}-[\w-]{8}$/.test(name.slice(loginPrefix.length)),
  )
}

function cookieName(app: App, state: string): string {
  const time = /^[0-9a-z]{1,9}\./.exec(state)?.[0].slice(0, -1) ?? ''
  return `${app.cookies.names.loginPrefix}${time}-${sha256(state).slice(0, 8)}`
}

function secretsOf(seed: string, time: string): { state: string; nonce: string; codeVerifier: string } {
  const key = fromBase64url(seed) ?? new Uint8Array(0)
  const derive = (purpose: string) => hmacSha256(key, purpose)
  return { state: `${time}.${derive('state')}`, nonce: derive('nonce'), codeVerifier: derive('code_verifier') }
}
