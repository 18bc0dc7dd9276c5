import type { Fact } from './known-provider.ts'

/** The addresses that a provider without OpenID needs in place of discovery. */
type PlainEndpoint =
  | 'authorization_endpoint'
  | 'token_endpoint'
  | 'userinfo_endpoint'
  /** `{client_id}` stands for the client's. */
  | 'revocation_endpoint'

/** What a provider that speaks OAuth 2.0 alone has in place of discovery and ID tokens. */
export interface WithoutOpenid {
  /** What it calls itself (RFC 9207), or else what its sessions and marks are kept by here. Fixed: it never changes. */
  readonly issuer?: string
  readonly endpoints: { readonly [Name in PlainEndpoint]?: Fact<string> }
  /** The least that its user endpoint asks for. Empty: none is sent. */
  readonly scope: Fact<string>
  /** Whether it sends `iss` with its answers (RFC 9207). */
  readonly sendsIss: Fact<boolean>
  /** `false`: it refuses logins with PKCE. */
  readonly pkce: Fact<boolean>
  /** Claims that pages know, by the member of the user endpoint's answer that holds each. */
  readonly claims: Readonly<Record<string, string>>
  /**
   * How its own call ends an access token, where `revocation` is `own`: DELETE with the client's name and secret and the token
   * as JSON, or DELETE with the token itself.
   */
  readonly ends?: Fact<'as_client' | 'as_person'>
}
