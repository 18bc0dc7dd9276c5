import { documentation, type KnownProvider } from './known-provider.ts'

const logout = 'Amazon Cognito Developer Guide, the logout endpoint'
const revoke = 'Amazon Cognito Developer Guide, the token revocation endpoint'

export const cognito: KnownProvider = {
  name: 'cognito',
  title: 'Amazon Cognito',
  issuers: ['cognito-idp.*.amazonaws.com/*'],
  facts: {
    idTokenHint: documentation('ignored', `${logout}: no such parameter`),
    sendClientId: documentation(true, `${logout}: required`),
    redirectParameter: documentation('logout_uri', logout),
    echoesState: documentation(false, `${logout}: only on the way to another login`),
    acceptsPost: documentation(false, `${logout}: GET only`),
    revocation: documentation('standard', revoke),
    revocationReach: documentation('token', `${revoke}: the refresh token, and what was issued from it`),
    revocationCoversAccessToken: documentation(true, revoke),
  },
  offers: {
    revocation: documentation(true, revoke),
    backchannel: documentation(false, 'Amazon Cognito Developer Guide, federation endpoints'),
    frontchannel: documentation(false, 'Amazon Cognito Developer Guide, federation endpoints'),
  },
  toDo: [
    documentation(
      'Set endSessionUrl to /logout at the domain of your user pool: what discovery names has been seen to be wrong.',
      logout,
    ),
    documentation('"Allowed sign-out URLs" of the app client: {loggedOut}', logout),
    documentation('Token revocation has to be on for the app client.', revoke),
    documentation('OpenID Connect and social logins behind it live on; SAML ones can follow.', logout),
  ],
  unconfirmed: [],
}
