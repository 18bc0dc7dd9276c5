import * as oauth from 'oauth4webapi'
import { deadline, sha256 } from '../runtime.ts'
import { loginFailed, providerFailed, withoutTokens } from './failures.ts'
import type { Provider, ProviderConfig } from './provider.ts'
import { orAborted } from './shared-fetch.ts'

export { exchangeCode, type Login } from './exchange.ts'

export interface AuthorizationRequest {
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  /** The person must meet the login screen. */
  readonly interactive: boolean
  /** The probe: answers at once, whether somebody is signed in there or not. */
  readonly prompt?: 'none'
}

/** What the provider sent the browser back with. An error is an answer, not a fault. */
export type Callback =
  | { readonly params: URLSearchParams; readonly error?: undefined }
  /** The provider's error code (RFC 6749, section 4.1.2.1), safe to show; `unrecognized` when it is none. */
  | { readonly error: string; readonly params?: undefined }

/** Ten years: makes the provider say `auth_time` (Core 1.0, section 2), and nobody log in again. */
const lenientMaxAge = '315360000'
const essentialAuthTime = JSON.stringify({ id_token: { auth_time: { essential: true } } })
const pushSeconds = 5
/** RFC 6749, section 4.1.2.1, and short enough for a page or a log. */
const errorCodePattern = /^[\x20-\x21\x23-\x5B\x5D-\x7E]{1,64}$/

/**
 * Where the browser goes to log in: code flow with PKCE (S256), `state`, `nonce`, `auth_time` asked for as the profile
 * says; pushed first where the provider offers that (RFC 9126). Without OpenID no `nonce`, and PKCE unless the provider refuses
 * it. Throws ERR_PROVIDER.
 */
export async function authorizationUrl(provider: Provider, request: AuthorizationRequest): Promise<URL> {
  const metadata = await provider.metadata()
  if (metadata.authorization_endpoint === undefined) throw providerFailed(new Error('no authorization_endpoint'))
  const parameters = authorizationParameters(provider.config, request)
  const offersPar = metadata.pushed_authorization_request_endpoint !== undefined
  const sent = offersPar ? await pushParameters(provider, metadata, parameters) : parameters
  const url = new URL(metadata.authorization_endpoint)
  for (const [name, value] of Object.entries(sent)) url.searchParams.set(name, value)
  return url
}

function authorizationParameters(
  { clientId, scope, profile, withoutOpenid }: ProviderConfig,
  request: AuthorizationRequest,
): Record<string, string> {
  return {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: request.redirectUri,
    ...(scope !== '' && { scope }),
    state: request.state,
    // It comes back in the ID token, or not at all.
    ...(!withoutOpenid && { nonce: request.nonce }),
    ...(withoutOpenid?.pkce !== false && {
      code_challenge: sha256(request.codeVerifier),
      code_challenge_method: 'S256',
    }),
    // Of a probe only the bare answer counts: with a `max_age`, `login_required` might mean "too long ago".
    ...(request.prompt ? { prompt: request.prompt } : authTimeParameters(profile, request.interactive)),
  }
}

/** What makes the provider say `auth_time`; `interactive`: and show its login screen. */
export function authTimeParameters(profile: ProviderConfig['profile'], interactive: boolean): Record<string, string> {
  return { ...askForAuthTime(profile.authTime), ...(interactive && profile.interactive) }
}

function askForAuthTime(how: ProviderConfig['profile']['authTime']): Record<string, string> {
  if (how === 'max_age') return { max_age: lenientMaxAge }
  return how === 'claims' ? { claims: essentialAuthTime } : {}
}

async function pushParameters(
  provider: Provider,
  metadata: oauth.AuthorizationServer,
  parameters: Record<string, string>,
): Promise<Record<string, string>> {
  const [client, auth] = [provider.client(), provider.clientAuth]
  const push = async (signal: AbortSignal): Promise<oauth.PushedAuthorizationResponse> => {
    const options = provider.options(signal)
    const response = await oauth.pushedAuthorizationRequest(metadata, client, auth, parameters, options)
    return oauth.processPushedAuthorizationResponse(metadata, client, response)
  }
  try {
    const { request_uri } = await orAborted(push, deadline(pushSeconds))
    return { client_id: provider.config.clientId, request_uri }
  } catch (cause) {
    throw providerFailed(cause)
  }
}

/**
 * Reads what the provider sent back to the redirect URI: `state`, `iss` (RFC 9207), then error or code.
 * Does NOT know whether the code is good. Throws ERR_LOGIN when the answer is not one to this login, or ERR_PROVIDER.
 */
export async function readCallback(provider: Provider, url: URL, expectedState: string): Promise<Callback> {
  const metadata = await provider.metadata()
  try {
    const params = oauth.validateAuthResponse(metadata, provider.client(), url, expectedState)
    checkCode(params)
    return { params }
  } catch (cause) {
    if (cause instanceof oauth.AuthorizationResponseError) return { error: safeErrorCode(cause.error) }
    throw loginFailed(withoutTokens(cause))
  }
}

function checkCode(params: URLSearchParams): void {
  const codes = params.getAll('code')
  if (codes.length !== 1 || codes[0] === '') throw new Error('neither one code nor an error')
}

function safeErrorCode(code: string): string {
  return errorCodePattern.test(code) ? code : 'unrecognized'
}
