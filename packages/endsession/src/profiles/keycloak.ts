import { documentation, type KnownProvider, source } from './known-provider.ts'

const endpoint = 'Keycloak, the code of its logout endpoint'

export const keycloak: KnownProvider = {
  name: 'keycloak',
  title: 'Keycloak',
  issuers: [],
  path: '/realms/',
  facts: {
    idTokenHint: source('recommended', endpoint),
    expiredHint: source('accepted', `${endpoint}: signature and kind of token count, not its age`),
    sendClientId: source(true, `${endpoint}: taken beside the hint, since version 19`),
    redirectParameter: source('post_logout_redirect_uri', `${endpoint}; version 18 dropped redirect_uri`),
    echoesState: source(true, endpoint),
    logoutTokenHasExp: source(true, 'Keycloak: since 22.0.8 and 23.0.4'),
    upstream: documentation('broker', 'Server Administration Guide: logout settings of an identity provider'),
  },
  offers: { endSession: documentation(true, 'Server Administration Guide, OIDC logout') },
  toDo: [
    documentation('"Valid post logout redirect URIs" of the client: {loggedOut}', 'Server Administration Guide'),
    source(
      'Ending the login behind a realm is a setting of its identity provider there ("Logout URL", "Backchannel logout").',
      'Keycloak, issues 10164 and 15945: it stops working once the token of the login behind has expired',
    ),
    documentation(
      'Offline sessions outlive a logout: leave offline_access out of the scopes, or rely on the revocation here.',
      'Server Administration Guide, offline access',
    ),
  ],
  unconfirmed: ['Revocation, back-channel and front-channel logout are said to be in its discovery document.'],
}
