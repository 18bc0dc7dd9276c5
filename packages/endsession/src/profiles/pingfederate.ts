import { documentation, type KnownProvider } from './known-provider.ts'

const logout = 'PingFederate docs, OpenID Connect RP-initiated logout endpoint'

export const pingfederate: KnownProvider = {
  name: 'pingfederate',
  title: 'PingFederate',
  issuers: [],
  facts: {
    idTokenHint: documentation('recommended', `${logout}: without it the person is asked`),
    sendClientId: documentation(true, logout),
    redirectParameter: documentation('post_logout_redirect_uri', `${logout}: an unknown one is ignored`),
    echoesState: documentation(true, logout),
  },
  offers: {
    endSession: documentation(true, logout),
    backchannel: documentation(true, 'PingFederate docs: a setting of each client'),
    frontchannel: documentation(true, 'PingFederate docs: a setting of each client'),
  },
  toDo: [
    documentation('Choose back-channel logout for the client.', 'PingFederate docs, client settings'),
    documentation('Set up the PingFederate cookie, or people are asked each time (13.0 and later).', logout),
  ],
  unconfirmed: ['What it does with an expired id_token_hint.'],
}
