import * as oauth from 'oauth4webapi'
import { EndSessionError } from '../errors.ts'
import { deadline } from '../runtime.ts'
import { signingAlgorithms } from './algorithms.ts'
import { accessTokenEnd, sessionExpiryOf } from './exchange.ts'
import { providerFailed, withoutTokens } from './failures.ts'
import { verifySignature } from './keys.ts'
import type { Provider } from './provider.ts'
import { orAborted } from './shared-fetch.ts'
import { plainAnswer } from './without-openid.ts'

/** What a refresh brought. Times are epoch seconds. */
export interface Refreshed {
  readonly accessToken: string
  /** Our clock; absent when nobody knows. */
  readonly accessTokenExpiresAt?: number
  /** Absent: the old one goes on. */
  readonly refreshToken?: string
  /** Absent: the old one stays the logout's hint. */
  readonly idToken?: string
  /** How long the session may live from now on, by the new ID token's `session_expiry`. May be past already. */
  readonly sessionSeconds?: number
}

const refreshSeconds = 5
/** RFC 6749, section 5.2; and what GitHub has in its place. */
const refusals: readonly string[] = ['invalid_grant', 'bad_refresh_token']
/** The tokens are here by then, and the old refresh token may be used up: nobody waits long for keys. */
const keysSeconds = 2

/**
 * Trades the refresh token for new tokens (RFC 6749, section 6), within 7 s. `refused`: the provider says that the grant
 * is over (`invalid_grant`). A new ID token has to be of the same person (OpenID Connect Core 1.0, section 12.2); one that
 * nobody can verify now, for want of keys, is left out. Throws ERR_PROVIDER, with no token in its cause, when there is no
 * answer, or one that does not hold: the old tokens stay.
 */
export async function refreshTokens(
  provider: Provider,
  refreshToken: string,
  sub: string,
): Promise<Refreshed | 'refused'> {
  try {
    const tokens = await orAborted((signal) => redeem(provider, refreshToken, signal), deadline(refreshSeconds))
    if (tokens === 'refused') return tokens
    const { id_token, access_token, refresh_token } = tokens
    const now = provider.runtime.now()
    const accessTokenExpiresAt = accessTokenEnd(tokens, now)
    return {
      accessToken: access_token,
      ...(accessTokenExpiresAt !== undefined && { accessTokenExpiresAt }),
      ...(refresh_token !== undefined && { refreshToken: refresh_token }),
      ...(id_token !== undefined && (await readIdToken(provider, tokens, sub))),
    }
  } catch (cause) {
    throw providerFailed(withoutTokens(cause))
  }
}

async function redeem(
  provider: Provider,
  refreshToken: string,
  signal: AbortSignal,
): Promise<oauth.TokenEndpointResponse | 'refused'> {
  const metadata = await provider.metadata()
  const [client, auth, options] = [provider.client(), provider.clientAuth, provider.options(signal)]
  const response = await oauth.refreshTokenGrantRequest(metadata, client, auth, refreshToken, options)
  if (response.status >= 500 || response.status === 429) {
    await response.body?.cancel()
    throw new Error(`the token endpoint: HTTP ${response.status}`)
  }
  try {
    const answer = provider.config.withoutOpenid ? await plainAnswer(response) : response
    return await oauth.processRefreshTokenResponse(metadata, client, answer)
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError && refusals.includes(error.error)) return 'refused'
    throw error
  }
}

async function readIdToken(
  provider: Provider,
  tokens: oauth.TokenEndpointResponse,
  sub: string,
): Promise<Pick<Refreshed, 'idToken' | 'sessionSeconds'>> {
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  if (claims?.sub !== sub) throw new Error('the refresh answered with the ID token of somebody else')
  const sessionExpiry = sessionExpiryOf(claims)
  const idToken = tokens.id_token as string
  if (!(await isVerified(provider, idToken))) return {}
  return { idToken, ...(sessionExpiry !== undefined && { sessionSeconds: sessionExpiry - claims.iat }) }
}

/** `false`: nobody can tell, for want of keys. Throws for a signature that is not good. */
async function isVerified(provider: Provider, idToken: string): Promise<boolean> {
  const verify = async () => verifySignature(idToken, provider.keys, signingAlgorithms(await provider.metadata()))
  try {
    await orAborted(verify, deadline(keysSeconds))
    return true
  } catch (error) {
    if (error instanceof DOMException || error instanceof EndSessionError) return false
    throw error
  }
}
