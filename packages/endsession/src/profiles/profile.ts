/** A provider's quirks as data. Every field has a safe generic value. */
export interface Profile {
  /** Selects a profile by name where the issuer does not. */
  readonly name: string
  /**
   * What the provider does with `id_token_hint` (RP-Initiated Logout 1.0, section 2). `required`: the way back and `state`
   * are errors without it, and are left out with it. `ignored`, `forbidden`: it is not sent.
   */
  readonly idTokenHint: 'required' | 'recommended' | 'ignored' | 'forbidden'
  /** Whether an expired ID token is still good as a hint. */
  readonly expiredHint: 'accepted' | 'refused' | 'unknown'
  readonly sendClientId: boolean
  readonly redirectParameter: 'post_logout_redirect_uri' | 'returnTo' | 'logout_uri' | 'none'
  /** Sent with every logout. */
  readonly extraParameters: Readonly<Record<string, string>>
  /** The ID token claim that becomes `logout_hint`. */
  readonly logoutHintClaim?: string
  /** Whether `state` comes back to the landing page. */
  readonly echoesState: boolean
  /** Over this many bytes of URL the hint gives way. */
  readonly urlLimitBytes: number
  /** Whether the end-session endpoint takes a cross-site POST. Only where its cookie is `SameSite=None`. */
  readonly acceptsPost: boolean
  /** Where discovery names none, or a wrong one. A path counts from the issuer's origin. */
  readonly endSessionUrl?: string
  readonly revocation: 'standard' | 'own' | 'none'
  /**
   * What revoking one refresh token ends: that token, its whole grant, the provider's session as well where no other app
   * uses it, or all of this person's grants.
   */
  readonly revocationReach: 'token' | 'grant' | 'session' | 'person'
  /** Whether revoking the refresh token also ends the access token at the provider. */
  readonly revocationCoversAccessToken: boolean
  /** `false`: revoking first would take this client out of the provider's session before the browser gets there. */
  readonly revokeBeforeLeaving: boolean
  /** `false`: logout tokens come without `exp`; they are then good for 300 s from `iat`. */
  readonly logoutTokenHasExp: boolean
  readonly logoutTokenProves: 'session' | 'nothing'
  /** Whether `prompt=none` answered `login_required` proves that the provider's session is over. */
  readonly probeProves: boolean
  /** Whether a `sid` is a secret that strangers cannot guess. */
  readonly sidUnguessable: boolean
  /** Whether a `sid` comes back for a later session. */
  readonly sidReused: boolean
  /** How `auth_time` is asked for at every login. */
  readonly authTime: 'max_age' | 'claims' | 'never'
  /** Authorization parameters that make the person meet the login screen. */
  readonly interactive: Readonly<Record<string, string>>
  /** How the login behind the provider is reached. */
  readonly upstream: 'none' | 'parameter' | 'broker' | 'unknown'
  /**
   * Without OpenID: the member of the user endpoint's answer that is the person's id, which never changes and is nobody else's
   * later. A dot goes deeper. Never an e-mail address, never a login name.
   */
  readonly userId?: string
}
