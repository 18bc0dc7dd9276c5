import type { App } from './app.ts'
import { EndSessionError } from './errors.ts'
import type { Login } from './protocol/login.ts'
import type { Provider } from './protocol/provider.ts'
import { knownToken } from './protocol/token-hash.ts'
import { type Description, sealContents, type Tokens } from './session/contents.ts'
import type { NewSession } from './session/store.ts'

/** What a login is, whoever did it. */
export type SignedIn = Omit<Login, 'accessToken'> & { readonly accessToken?: string }

/** Of what a login, or a refresh, brought. */
type Lifetime = Pick<SignedIn, 'accessTokenExpiresAt'>

/** Without an ID token nobody says when it was issued: the store's clock does, which is one for all nodes. Throws ERR_STORE. */
export async function dated<Of extends SignedIn>(app: App, { config }: Provider, login: Of): Promise<Of> {
  return config.withoutOpenid ? { ...login, signedInAt: Math.floor(await app.store.now()) } : login
}

/**
 * The record of a login, to be created in the store. `since`: from when on the provider's ceiling is to count, in its
 * clock. Throws ERR_LOGIN when the login is over before it begins.
 */
export function newSession(
  app: App,
  { config }: Provider,
  id: string,
  login: SignedIn,
  about: Omit<Description, 'claims'>,
  since: number = login.signedInAt,
): NewSession {
  const { idToken, accessToken, refreshToken, claims, signedInAt, authTime, sid } = login
  const accessTokenExpiresAt = expiryOf(app, login, config)
  const tokens: Tokens = {
    ...(idToken !== undefined && { idToken }),
    ...(accessToken !== undefined && { accessToken, ...(!isEndless(login, config) && { accessTokenExpiresAt }) }),
    ...(refreshToken !== undefined && { refreshToken }),
  }
  return {
    id,
    iss: config.issuer,
    client: config.clientId,
    sub: claims.sub,
    ...(sid !== undefined && { sid }),
    signedInAt,
    ...(since !== signedInAt && { toldAt: Math.floor(since) }),
    ...(authTime !== undefined && { authTime }),
    sealed: sealContents(app.sealer, id, { ...about, claims }, tokens),
    tokens: accessToken === undefined ? [] : [knownToken(accessToken, accessTokenExpiresAt)],
    ...lifeOf(app, login, since),
  }
}

/**
 * `now + expires_in` is no number where the provider leaves `expires_in` out: a mark would then last no time at all. Services
 * have a limit of their own for such tokens; where it does not count, the mark is kept as long as there is a record of the token.
 */
export function expiryOf(app: App, login: Lifetime, config: Provider['config']): number {
  const { accessTokenExpiresAt: given = Number.NaN } = login
  const { runtime, limits } = app.options
  if (Number.isFinite(given)) return given
  const { accessTokenSeconds, absoluteSeconds } = limits
  return runtime.now() + (isEndless(login, config) ? Math.max(accessTokenSeconds, absoluteSeconds) : accessTokenSeconds)
}

/** GitHub's access tokens live until somebody ends them: the provider itself takes them, not services with a limit. */
export function isEndless(
  { accessTokenExpiresAt = Number.NaN }: Lifetime,
  { withoutOpenid }: Provider['config'],
): boolean {
  return withoutOpenid !== undefined && !Number.isFinite(accessTokenExpiresAt)
}

/** The provider may set a ceiling of its own (`session_expiry`), told in its clock as `iat` is. */
function lifeOf(app: App, { sessionExpiry }: SignedIn, since: number): Pick<NewSession, 'liveSeconds' | 'endsBy'> {
  const { absoluteSeconds } = app.options.limits
  const ceiling = sessionExpiry === undefined ? absoluteSeconds : sessionExpiry - since
  if (ceiling <= 0) throw new EndSessionError('ERR_LOGIN', 'The provider answered with a session that is over already.')
  return ceiling < absoluteSeconds
    ? { liveSeconds: ceiling, endsBy: 'session_expiry' }
    : { liveSeconds: absoluteSeconds, endsBy: 'absolute' }
}
