import * as oauth from 'oauth4webapi'
import { deadline } from '../runtime.ts'
import { signingAlgorithms } from './algorithms.ts'
import { loginFailed, providerFailed } from './failures.ts'
import { verifySignature } from './keys.ts'
import type { Provider } from './provider.ts'
import { orAborted } from './shared-fetch.ts'

/** What a refresh brought. Times are epoch seconds. */
export interface Refreshed {
  readonly accessToken: string
  readonly accessTokenExpiresAt?: number
  /** Absent: the old one goes on. */
  readonly refreshToken?: string
  /** Absent: the old one stays the logout's hint. */
  readonly idToken?: string
}

const refreshSeconds = 5

/**
 * Trades the refresh token for new tokens (RFC 6749, section 6), within 5 s. `refused`: the provider says that the grant
 * is over (`invalid_grant`). A new ID token has to be of the same person (OpenID Connect Core 1.0, section 12.2).
 * Throws ERR_PROVIDER when there is no answer, or one that does not hold: the old tokens stay.
 */
export async function refreshTokens(provider: Provider, refreshToken: string, sub: string): Promise<Refreshed | 'refused'> {
  const metadata = await provider.metadata()
  try {
    const tokens = await orAborted((signal) => redeem(provider, metadata, refreshToken, signal), deadline(refreshSeconds))
    if (tokens === 'refused') return tokens
    if (tokens.id_token !== undefined) await checkIdToken(provider, metadata, tokens, sub)
    return refreshedOf(tokens, provider.runtime.now())
  } catch (cause) {
    throw providerFailed(cause)
  }
}

async function redeem(
  provider: Provider,
  metadata: oauth.AuthorizationServer,
  refreshToken: string,
  signal: AbortSignal,
): Promise<oauth.TokenEndpointResponse | 'refused'> {
  const [client, auth, options] = [provider.client(), provider.clientAuth, provider.options(signal)]
  const response = await oauth.refreshTokenGrantRequest(metadata, client, auth, refreshToken, options)
  try {
    return await oauth.processRefreshTokenResponse(metadata, client, response)
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant') return 'refused'
    throw error
  }
}

async function checkIdToken(
  provider: Provider,
  metadata: oauth.AuthorizationServer,
  tokens: oauth.TokenEndpointResponse,
  sub: string,
): Promise<void> {
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  if (claims?.sub !== sub) throw loginFailed(new Error('the refresh answered with the ID token of somebody else'))
  await verifySignature(tokens.id_token as string, provider.keys, signingAlgorithms(metadata))
}

function refreshedOf(tokens: oauth.TokenEndpointResponse, now: number): Refreshed {
  return {
    accessToken: tokens.access_token,
    ...(tokens.expires_in !== undefined && { accessTokenExpiresAt: now + tokens.expires_in }),
    ...(tokens.refresh_token !== undefined && { refreshToken: tokens.refresh_token }),
    ...(tokens.id_token !== undefined && { idToken: tokens.id_token }),
  }
}
