import type { AuthorizationServer } from 'oauth4webapi'
import type { WithoutOpenid } from '../profiles/without-openid.ts'

/** What a provider that issues no ID tokens has in their place. */
export interface PlainOauth {
  /** Nothing is fetched for it. */
  readonly metadata: AuthorizationServer
  readonly pkce: boolean
  /** The member of the user endpoint's answer that is the person's id. */
  readonly userId: string
  /** Claims that pages know, by the member that holds each. */
  readonly claims: Readonly<Record<string, string>>
  /** How its own call ends an access token. */
  readonly ends?: 'as_client' | 'as_person'
}

/** One that is known, or that the options describe: `endpoints` go over its own, which are for its own issuer alone. */
export function plainOauthOf(
  known: WithoutOpenid,
  issuer: string,
  clientId: string,
  endpoints: Readonly<Record<string, string>> = {},
  userId = 'id',
): PlainOauth {
  const isItself = issuer === known.issuer
  const own = isItself ? Object.entries(known.endpoints).map(([name, fact]) => [name, fact.value]) : []
  const all = Object.entries({ ...Object.fromEntries(own), ...endpoints })
  return Object.freeze({
    metadata: Object.freeze({
      issuer,
      ...Object.fromEntries(all.map(([name, address]) => [name, withClientId(String(address), clientId)])),
      // The secret in the body: RFC 6749, section 2.3.1, has it as the lesser way, and these know no other for sure.
      token_endpoint_auth_methods_supported: ['client_secret_post'],
      ...(isItself && known.sendsIss.value && { authorization_response_iss_parameter_supported: true }),
    }),
    pkce: known.pkce.value,
    userId,
    claims: known.claims,
    ...(known.ends && { ends: known.ends.value }),
  })
}

function withClientId(address: string, clientId: string): string {
  return address.replace(/\{client_id\}|%7Bclient_id%7D/i, encodeURIComponent(clientId))
}

/**
 * What of the token endpoint's answer counts here: no ID token, whoever sends one; and an error is one, though it comes as 200.
 * `expires_in: 0` is how some of them say "never".
 */
export async function plainAnswer(response: Response): Promise<Response> {
  // The parser's own error would quote what it has read.
  const body: unknown = await response.json().catch(() => undefined)
  if (typeof body !== 'object' || body === null) throw new Error('the token endpoint: not what it should answer')
  const members = Object.entries(body).filter(
    ([name, value]) => name !== 'id_token' && (name !== 'expires_in' || Number(value) > 0),
  )
  const failed = response.ok && members.some(([name]) => name === 'error')
  return Response.json(Object.fromEntries(members), { status: failed ? 400 : response.status })
}
