import { documentation, type KnownProvider, observed, source } from './known-provider.ts'

/** What test/keycloak runs, and asserts. */
const seen = 'Keycloak 26.7.3'
const guide = 'Server Administration Guide'

export const keycloak: KnownProvider = {
  name: 'keycloak',
  title: 'Keycloak',
  issuers: [],
  path: '/realms/',
  facts: {
    idTokenHint: observed('recommended', `${seen}: without it, it asks the person`),
    expiredHint: observed('accepted', `${seen}; one signed by a key that the realm has no more is an error page`),
    sendClientId: observed(true, seen),
    redirectParameter: observed('post_logout_redirect_uri', seen),
    echoesState: observed(true, seen),
    revocation: observed('standard', seen),
    // This client's tokens of one login, and with its last client the login itself, of which nobody is told.
    revocationReach: observed('session', `${seen}: other clients' tokens and other browsers stay`),
    revocationCoversAccessToken: observed(true, `${seen}: its introspection calls it inactive`),
    // A session that has gone by then is not logged out of, so that the login behind it would stay.
    revokeBeforeLeaving: observed(
      false,
      `${seen}: after the last client's revocation, no logout reaches the realm behind`,
    ),
    logoutTokenHasExp: observed(true, `${seen}: 120 s`),
    // One comes as well when somebody takes back what the client was granted.
    logoutTokenProves: observed('nothing', `${seen}: sent for a withdrawn consent, while its session lives on`),
    probeProves: observed(
      true,
      `${seen}: a code after a logout that was not confirmed, login_required after one that was`,
    ),
    sidReused: observed(true, `${seen}: after a withdrawn consent the next login has the same sid`),
    authTime: observed('max_age', seen),
    interactive: observed({ prompt: 'login', max_age: '0' }, seen),
    upstream: observed('broker', `${seen}: as the identity provider's "Logout URL" says`),
  },
  offers: {
    endSession: observed(true, seen),
    revocation: observed(true, seen),
    backchannel: observed(true, seen),
    frontchannel: observed(true, `${seen}: it says so; not tried`),
  },
  toDo: [
    observed('"Valid post logout redirect URIs" of the client: {loggedOut}', `${seen}: without it, an error page`),
    observed(
      '"Front channel logout" of the client: off, "Backchannel logout URL": {backchannelLogout}, "Backchannel logout session required": on.',
      `${seen}: with front-channel logout on, it sends no logout token`,
    ),
    observed(
      'It tells nobody when a session has been idle for too long, a person is disabled, or "Sign out all active sessions" ends the whole realm: the app learns that with its next refresh, so keep "Access Token Lifespan" short.',
      seen,
    ),
    observed(
      'Ending the login behind a realm is the "Logout URL" of its identity provider there, with "Backchannel logout" off; do not register a back-channel logout of this realm behind it as well.',
      `${seen}: with both, the person is left on an error page`,
    ),
    source(
      'That logout needs the ID token of the login behind, which Keycloak keeps: it stops working once that has expired.',
      'Keycloak, issues 10164 and 15945',
    ),
    documentation(
      'Offline sessions outlive a logout: leave offline_access out of the scopes, or rely on the revocation here.',
      `${guide}, offline access`,
    ),
  ],
  unconfirmed: ['Its sid has 24 random characters: that nobody can guess one is not known from its code.'],
}
