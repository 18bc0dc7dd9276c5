import * as oauth from 'oauth4webapi'
import type { Provider } from './provider.ts'
import type { Revocation } from './revoke.ts'
import { requestUser, serverHeaders } from './user.ts'
import type { PlainOauth } from './without-openid.ts'

/**
 * Ends an access token by the provider's own call. `revoked` only when it said so, or when the user endpoint refuses the token
 * as one that is not valid: these calls answer with an error to a token that is over already.
 */
export async function endToken(
  provider: Provider,
  token: string,
  hint: string,
  signal: AbortSignal,
): Promise<Revocation> {
  const { withoutOpenid: plain } = provider.config
  const address = plain?.metadata.revocation_endpoint
  if (!plain?.ends || address === undefined || hint !== 'access_token') return { outcome: 'unsupported' }
  const response = await provider.options()[oauth.customFetch](address, { ...callOf(provider, plain, token), signal })
  const done = await saysDone(response)
  // Who refuses the client as well may refuse everybody: that says nothing of this token.
  const mayAsk = plain.ends === 'as_person' || response.status !== 401
  const isOver = done || (mayAsk && (await isRefused(provider, plain, token, signal)))
  return { outcome: isOver ? 'revoked' : 'failed', status: response.status }
}

function callOf({ config }: Provider, { ends }: PlainOauth, token: string): RequestInit {
  const call = { method: 'DELETE', redirect: 'manual' } as const
  if (ends === 'as_person') return { ...call, headers: { ...serverHeaders, authorization: `Bearer ${token}` } }
  const authorization = `Basic ${btoa(`${config.clientId}:${config.clientSecret ?? ''}`)}`
  const headers = { ...serverHeaders, authorization, 'content-type': 'application/json' }
  return { ...call, headers, body: JSON.stringify({ access_token: token }) }
}

/** 204; or 200 with `true`, as Facebook has it. A page that happens to be 200 says nothing. */
async function saysDone(response: Response): Promise<boolean> {
  const body: unknown = response.status === 200 ? await response.json().catch(() => undefined) : undefined
  if (response.status !== 200) await response.body?.cancel()
  const success = typeof body === 'object' && body !== null && 'success' in body ? body.success : body
  return response.status === 204 || success === true
}

/** RFC 6750, section 3.1. An answer, an outage or a limit is no refusal of the token, whatever its headers say. */
async function isRefused(provider: Provider, plain: PlainOauth, token: string, signal: AbortSignal): Promise<boolean> {
  const response = await requestUser(provider, plain, token, signal)
  await response?.body?.cancel()
  if (!response) return false
  const namesToken = /\binvalid_token\b/.test(response.headers.get('www-authenticate') ?? '')
  // With the token alone both calls could be refused by whatever stands in between: it has to say why.
  if (plain.ends === 'as_person') return namesToken && (response.status === 400 || response.status === 401)
  return response.status === 401
}
