import { documentation, type KnownProvider } from './known-provider.ts'

const logout = 'Descope docs, API reference, Applications, OIDC end session'

export const descope: KnownProvider = {
  name: 'descope',
  title: 'Descope',
  issuers: ['api.descope.com/*'],
  facts: {
    idTokenHint: documentation('recommended', `${logout}: optional`),
    sendClientId: documentation(true, logout),
    redirectParameter: documentation('post_logout_redirect_uri', logout),
  },
  offers: { endSession: documentation(true, logout) },
  toDo: [],
  unconfirmed: [
    'That state comes back after its logout: if not, set echoesState: false.',
    'That its ID tokens hold our nonce: without it the login fails, and says so.',
    'An expired id_token_hint was not tried, nor what revoking one refresh token takes along.',
  ],
}
