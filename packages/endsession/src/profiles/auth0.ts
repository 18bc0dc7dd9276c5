import { documentation, type KnownProvider } from './known-provider.ts'

const logout = 'Auth0 docs, OIDC Logout (/oidc/logout)'
const revoke = 'Auth0 docs, Revoke Refresh Tokens'

export const auth0: KnownProvider = {
  name: 'auth0',
  title: 'Auth0',
  issuers: ['*.auth0.com/'],
  facts: {
    idTokenHint: documentation('recommended', logout),
    sendClientId: documentation(true, `${logout}: without it the list of the tenant counts, not the application's`),
    redirectParameter: documentation('post_logout_redirect_uri', logout),
    echoesState: documentation(true, logout),
    revocation: documentation('standard', revoke),
    // Tenants from before 13 January 2021 revoke the grant, on every device; newer ones the token alone.
    revocationReach: documentation('person', `${revoke}: "Refresh Token Revocation Deletes Grant"`),
    logoutTokenHasExp: documentation(true, 'Auth0 docs, OIDC Back-Channel Logout: 120 s'),
    upstream: documentation('parameter', 'Auth0 docs, Log Users Out of Identity Providers: federated'),
  },
  offers: {
    revocation: documentation(true, revoke),
    frontchannel: documentation(false, 'Auth0 docs, Logout'),
  },
  toDo: [
    documentation(
      'Tenant settings: turn the end session endpoint on in discovery (it is, in tenants made since 14 November 2023). Where it must stay off, choose the profile auth0-v2-logout.',
      'Auth0 docs, Log Users Out of Auth0 with OIDC Endpoint',
    ),
    documentation('"Allowed Logout URLs" of the application: {loggedOut}', logout),
    documentation(
      'Where "Refresh Token Revocation Deletes Grant" is off (it is, in tenants made since 13 January 2021), set revocationReach: "token"; until then only a logout everywhere revokes.',
      revoke,
    ),
    documentation(
      'Back-channel logout needs an Enterprise plan, and an https address.',
      'Auth0 docs, Back-Channel Logout',
    ),
    documentation(
      'To end the login behind it too, set extraParameters: { federated: "true" }. Not every login behind it follows.',
      'Auth0 docs, Log Users Out of Identity Providers',
    ),
  ],
  unconfirmed: ['An expired id_token_hint is said to be accepted.'],
}

/** The older endpoint, for tenants whose discovery names no `end_session_endpoint`. Chosen by name only. */
export const auth0V2Logout: KnownProvider = {
  ...auth0,
  name: 'auth0-v2-logout',
  title: 'Auth0, with its older /v2/logout',
  issuers: [],
  facts: {
    ...auth0.facts,
    idTokenHint: documentation('ignored', 'Auth0 docs, /v2/logout: no such parameter'),
    redirectParameter: documentation('returnTo', 'Auth0 docs, /v2/logout'),
    echoesState: documentation(false, 'Auth0 docs, /v2/logout'),
    endSessionUrl: documentation('/v2/logout', 'Auth0 docs, /v2/logout'),
  },
  toDo: auth0.toDo.slice(1),
  unconfirmed: [],
}
