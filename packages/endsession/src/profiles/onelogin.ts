import { documentation, type KnownProvider } from './known-provider.ts'

const logout = 'OneLogin Developers, OpenID Connect, Logout'
const config = 'OneLogin Developers, OpenID Connect, Provider Configuration'

export const onelogin: KnownProvider = {
  name: 'onelogin',
  title: 'OneLogin',
  issuers: ['*.onelogin.com/oidc/2'],
  facts: {
    idTokenHint: documentation('required', `${logout}: with a way back`),
    redirectParameter: documentation('post_logout_redirect_uri', logout),
    echoesState: documentation(true, logout),
    endSessionUrl: documentation('/oidc/2/logout', logout),
    revocation: documentation('standard', `${config}: revocation_endpoint`),
  },
  offers: { endSession: documentation(true, logout), revocation: documentation(true, config) },
  toDo: [
    documentation('"Post Logout Redirect URIs" of the app, to the letter: {loggedOut}', logout),
    documentation(
      'Its logout also revokes the tokens of every other app of the same session there; those apps are not told.',
      logout,
    ),
  ],
  unconfirmed: [
    'An expired id_token_hint was not tried.',
    'What revoking one refresh token takes along was not tried.',
  ],
}
