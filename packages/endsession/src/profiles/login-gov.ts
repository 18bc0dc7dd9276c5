import { documentation, type KnownProvider } from './known-provider.ts'

const logout = 'Login.gov developer docs, OpenID Connect, Logout'

export const loginGov: KnownProvider = {
  name: 'login-gov',
  title: 'Login.gov',
  issuers: ['secure.login.gov/', 'idp.int.identitysandbox.gov/'],
  facts: {
    idTokenHint: documentation('forbidden', 'Keycloak, issue 27281: Login.gov refuses it'),
    sendClientId: documentation(true, `${logout}: required`),
    redirectParameter: documentation('post_logout_redirect_uri', logout),
    echoesState: documentation(true, logout),
  },
  offers: {
    endSession: documentation(true, logout),
    backchannel: documentation(false, `${logout}: no single logout`),
    frontchannel: documentation(false, `${logout}: no single logout`),
  },
  toDo: [
    documentation(
      'It asks the person each time; who does not press its button stays signed in there, and does not come back.',
      logout,
    ),
  ],
  unconfirmed: ['It is said to have no revocation endpoint.'],
}
