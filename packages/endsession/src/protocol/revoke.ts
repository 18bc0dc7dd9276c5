import * as oauth from 'oauth4webapi'
import { endToken } from './own-revocation.ts'
import type { Provider } from './provider.ts'
import { orAborted } from './shared-fetch.ts'

export interface Revocation {
  /**
   * - `revoked`: the provider said 200; it says so for tokens that it does not know, too (RFC 7009, section 2.2).
   * - `unsupported`: it can't revoke, or not this kind of token. Trying again is in vain.
   * - `failed`: the token may still be alive.
   */
  readonly outcome: 'revoked' | 'unsupported' | 'failed'
  /** The HTTP status, if there was an answer. */
  readonly status?: number
}

/**
 * Asks the provider to revoke a token (RFC 7009), or to end it by a call of its own, where it has one. Never throws; has answered
 * once the signal fires.
 */
export async function revokeToken(
  provider: Provider,
  token: string,
  hint: 'refresh_token' | 'access_token',
  signal: AbortSignal,
): Promise<Revocation> {
  const { revocation } = provider.config.profile
  if (revocation === 'none') return { outcome: 'unsupported' }
  const ask = revocation === 'own' ? endToken : requestRevocation
  try {
    return await orAborted(() => ask(provider, token, hint, signal), signal)
  } catch {
    return { outcome: 'failed' }
  }
}

async function requestRevocation(
  provider: Provider,
  token: string,
  hint: string,
  signal: AbortSignal,
): Promise<Revocation> {
  const metadata = await provider.metadata()
  if (metadata.revocation_endpoint === undefined) return { outcome: 'unsupported' }
  const response = await oauth.revocationRequest(metadata, provider.client(), provider.clientAuth, token, {
    ...provider.options(signal),
    additionalParameters: { token_type_hint: hint },
  })
  return { outcome: await outcomeOf(response), status: response.status }
}

async function outcomeOf(response: Response): Promise<Revocation['outcome']> {
  if (response.status === 400)
    return (await errorCode(response)) === 'unsupported_token_type' ? 'unsupported' : 'failed'
  await response.body?.cancel()
  return response.ok ? 'revoked' : 'failed'
}

/** RFC 6749, section 5.2. */
async function errorCode(response: Response): Promise<unknown> {
  const body: unknown = await response.json().catch(() => undefined)
  return typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
}
