import { decodeJwt } from 'jose'
import * as oauth from 'oauth4webapi'
import type { EndSessionError } from '../errors.ts'
import { deadline } from '../runtime.ts'
import { signingAlgorithms } from './algorithms.ts'
import { loginFailed, providerFailed, withoutTokens } from './failures.ts'
import { verifySignature } from './keys.ts'
import { type Provider, toleranceSeconds } from './provider.ts'
import { orAborted } from './shared-fetch.ts'
import { askUser } from './user.ts'
import { type PlainOauth, plainAnswer } from './without-openid.ts'

/** What a login brought. Times are epoch seconds. */
export interface Login {
  /** None without OpenID. */
  readonly idToken?: string
  /** The ID token's, signature checked; without OpenID what the user endpoint says. */
  readonly claims: Readonly<Record<string, unknown>> & { readonly sub: string }
  /** `iat` of the ID token: the provider's clock. Without OpenID ours. */
  readonly signedInAt: number
  readonly authTime?: number
  readonly sid?: string
  /** `session_expiry`: the latest end of the session that the provider asks for. May be past already. */
  readonly sessionExpiry?: number
  readonly accessToken: string
  /** Our clock; absent when nobody knows. */
  readonly accessTokenExpiresAt?: number
  readonly refreshToken?: string
}

/** What `login.ts` sent along with the authorization request. */
export interface ExpectedLogin {
  readonly redirectUri: string
  readonly codeVerifier: string
  readonly nonce: string
}

const tokenSeconds = 5

/**
 * Redeems the code, within 5 s, and validates the ID token (OpenID Connect Core 1.0, section 3.1.3.7), its signature
 * included; without OpenID it asks the user endpoint who this is, within 5 s more. Does NOT judge `auth_time`, or whether a
 * session may be opened.
 * Throws ERR_LOGIN when the answer does not hold, ERR_PROVIDER when there is none.
 */
export async function exchangeCode(
  provider: Provider,
  params: URLSearchParams,
  expected: ExpectedLogin,
): Promise<Login> {
  const metadata = await provider.metadata()
  const redeem = (signal: AbortSignal): Promise<oauth.TokenEndpointResponse> =>
    redeemCode(provider, metadata, params, expected, signal)
  try {
    const tokens = await orAborted(redeem, deadline(tokenSeconds))
    if (provider.config.withoutOpenid) return await loginOfUser(tokens, provider, provider.config.withoutOpenid)
    const login = loginOf(tokens, provider)
    await verifySignature(login.idToken, provider.keys, signingAlgorithms(metadata))
    return login
  } catch (cause) {
    throw failureOf(cause)
  }
}

async function redeemCode(
  provider: Provider,
  metadata: oauth.AuthorizationServer,
  params: URLSearchParams,
  { redirectUri, codeVerifier, nonce }: ExpectedLogin,
  signal: AbortSignal,
): Promise<oauth.TokenEndpointResponse> {
  const [client, auth, options] = [provider.client(), provider.clientAuth, provider.options(signal)]
  const { withoutOpenid } = provider.config
  const verifier = withoutOpenid?.pkce === false ? oauth.nopkce : codeVerifier
  const response = await oauth
    .authorizationCodeGrantRequest(metadata, client, auth, params, redirectUri, verifier, options)
    .catch((cause) => Promise.reject(providerFailed(cause)))
  if (response.status >= 500 || response.status === 429) {
    await response.body?.cancel()
    throw providerFailed(new Error(`the token endpoint: HTTP ${response.status}`))
  }
  if (withoutOpenid) return oauth.processAuthorizationCodeResponse(metadata, client, await plainAnswer(response))
  return oauth.processAuthorizationCodeResponse(metadata, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  })
}

function loginOf(tokens: oauth.TokenEndpointResponse, provider: Provider): Login & { readonly idToken: string } {
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  if (tokens.id_token === undefined || claims === undefined) throw new Error('no ID token')
  const now = provider.runtime.now()
  return { idToken: tokens.id_token, ...readLogin(claims, now), ...otherTokens(tokens, now) }
}

/** Only a token that came straight from the token endpoint, for our own code and secret: any app's would open the user endpoint. */
async function loginOfUser(tokens: oauth.TokenEndpointResponse, provider: Provider, plain: PlainOauth): Promise<Login> {
  const claims = await askUser(provider, plain, tokens.access_token)
  const now = provider.runtime.now()
  return { claims, signedInAt: Math.floor(now), ...otherTokens(tokens, now) }
}

function otherTokens(
  tokens: oauth.TokenEndpointResponse,
  now: number,
): Pick<Login, 'accessToken' | 'accessTokenExpiresAt' | 'refreshToken'> {
  const accessTokenExpiresAt = accessTokenEnd(tokens, now)
  return {
    accessToken: tokens.access_token,
    ...(accessTokenExpiresAt !== undefined && { accessTokenExpiresAt }),
    ...(tokens.refresh_token !== undefined && { refreshToken: tokens.refresh_token }),
  }
}

/** What a session is made from, of an ID token whose claims OpenID Connect Core has been asked about. Throws. */
export function readLogin(claims: oauth.IDToken, now: number): Omit<Login, 'idToken' | 'accessToken'> {
  checkSubject(claims)
  checkIssuedAt(claims, now)
  const sessionExpiry = sessionExpiryOf(claims)
  return {
    claims,
    signedInAt: claims.iat,
    // From the future it says nothing: it would satisfy every wish for fresh authentication.
    ...(claims.auth_time !== undefined && claims.auth_time <= now + toleranceSeconds && { authTime: claims.auth_time }),
    ...(typeof claims['sid'] === 'string' && claims['sid'] !== '' && { sid: claims['sid'] }),
    ...(sessionExpiry !== undefined && { sessionExpiry }),
  }
}

function checkSubject({ sub }: oauth.IDToken): void {
  if (sub === '') throw new Error('the ID token names nobody')
}

/** Sessions count from `iat`: one from the future would outlive every mark. */
function checkIssuedAt({ iat }: oauth.IDToken, now: number): void {
  if (!Number.isFinite(iat) || iat > now + toleranceSeconds) throw new Error('the ID token is from the future')
}

/** OpenID Connect Enterprise Extensions 1.0: a NumericDate, or the token is not good. */
export function sessionExpiryOf(claims: oauth.IDToken): number | undefined {
  const expiry = claims['session_expiry']
  if (expiry === undefined) return undefined
  if (typeof expiry !== 'number' || !Number.isFinite(expiry)) throw new Error('session_expiry is not a number')
  return expiry
}

/** `expires_in` counts from now; else what a JWT says of itself. */
export function accessTokenEnd(tokens: oauth.TokenEndpointResponse, now: number): number | undefined {
  if (tokens.expires_in !== undefined) return now + tokens.expires_in
  try {
    const { exp } = decodeJwt(tokens.access_token)
    return Number.isFinite(exp) ? exp : undefined
  } catch {
    return undefined
  }
}

/** A deadline is the provider's failure; whatever else is wrong is wrong with the answer. */
function failureOf(cause: unknown): EndSessionError {
  return cause instanceof DOMException ? providerFailed(cause) : loginFailed(withoutTokens(cause))
}
