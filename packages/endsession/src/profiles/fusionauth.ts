import { documentation, type KnownProvider } from './known-provider.ts'

const logout = 'FusionAuth docs, logout and session management'

export const fusionauth: KnownProvider = {
  name: 'fusionauth',
  title: 'FusionAuth',
  issuers: [],
  facts: {
    idTokenHint: documentation('recommended', 'FusionAuth, issue 3251'),
    expiredHint: documentation('refused', 'FusionAuth, issue 3251: version 1.60; accepted from 1.37 on until then'),
    sendClientId: documentation(true, 'FusionAuth, issue 3251: works in place of the hint'),
  },
  offers: {
    backchannel: documentation(false, `${logout}: it has webhooks`),
    frontchannel: documentation(true, `${logout}: iframes of each application's logout URL`),
  },
  toDo: [
    documentation(
      'Front-channel logout is its way to tell other apps: {frontchannelLogout} as the logout URL, and frontchannel: true here.',
      logout,
    ),
  ],
  unconfirmed: [
    'It is said to revoke refresh tokens by an API of its own only.',
    'Its sid is the id of the refresh token.',
    'state is said to come back.',
  ],
}
