import type { App } from './app.ts'
import { EndSessionError } from './errors.ts'
import type { Login } from './protocol/login.ts'
import type { Provider } from './protocol/provider.ts'
import { knownToken } from './protocol/token-hash.ts'
import { type Description, sealContents, type Tokens } from './session/contents.ts'
import type { NewSession } from './session/store.ts'

/** What a login is, whoever did it. */
export type SignedIn = Omit<Login, 'accessToken'> & { readonly accessToken?: string }

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
  const accessTokenExpiresAt = expiryOf(app, login)
  const tokens: Tokens = {
    idToken,
    ...(accessToken !== undefined && { accessToken, accessTokenExpiresAt }),
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

/** `now + expires_in` is no number where the provider leaves `expires_in` out: a mark would then last no time at all. */
function expiryOf(app: App, { accessTokenExpiresAt: given = Number.NaN }: SignedIn): number {
  return Number.isFinite(given) ? given : app.options.runtime.now() + app.options.limits.accessTokenSeconds
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
