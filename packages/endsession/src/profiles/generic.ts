import type { Profile } from './profile.ts'

/**
 * A provider that nothing is known of. Where a field decides what a report claims, it is the value that claims less;
 * where it decides what a logout does, it is the value that the specifications ask for.
 */
export const generic: Profile = Object.freeze({
  name: 'generic',
  // RP-Initiated Logout 1.0, section 2: RECOMMENDED, and an expired one SHOULD still be taken.
  idTokenHint: 'recommended',
  expiredHint: 'unknown',
  // Lets a provider know the client where it does not take the hint (section 2: it MUST agree with the hint).
  sendClientId: true,
  redirectParameter: 'post_logout_redirect_uri',
  extraParameters: Object.freeze({}),
  echoesState: true,
  // nginx, its most common front, refuses request lines of over 8 KiB.
  urlLimitBytes: 8000,
  // A cross-site POST withholds cookies that are `SameSite=Lax`: the provider would "succeed" with nothing ended.
  acceptsPost: false,
  revocation: 'standard',
  // RFC 7009, section 2.1: revoking a refresh token SHOULD take the whole grant along.
  revocationReach: 'grant',
  // The same sentence, but only where the provider can revoke access tokens at all.
  revocationCoversAccessToken: false,
  // Too early costs a confirmation page at worst; too late leaves a refresh token alive if nobody comes back.
  revokeBeforeLeaving: true,
  // Back-Channel Logout 1.0, section 2.4: REQUIRED since errata set 1.
  logoutTokenHasExp: true,
  logoutTokenProves: 'nothing',
  probeProves: false,
  sidUnguessable: false,
  sidReused: false,
  // OpenID Connect Core 1.0, section 2: `auth_time` is REQUIRED in the answer to a `max_age`.
  authTime: 'max_age',
  interactive: Object.freeze({ prompt: 'login', max_age: '0' }),
  upstream: 'unknown',
})
