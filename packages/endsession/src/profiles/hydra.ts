import { documentation, type KnownProvider, source } from './known-provider.ts'

const logout = 'Ory Hydra, the code of its logout'

export const hydra: KnownProvider = {
  name: 'hydra',
  title: 'Ory Hydra',
  issuers: ['*.projects.oryapis.com/'],
  facts: {
    idTokenHint: source('required', `${logout}: the way back and state are errors without it`),
    redirectParameter: source('post_logout_redirect_uri', logout),
    echoesState: source(true, logout),
    logoutTokenHasExp: source(false, `${logout} tokens; Ory Hydra, issue 4035`),
  },
  offers: {
    endSession: documentation(true, 'Ory docs, OIDC logout'),
    backchannel: documentation(true, 'Ory docs, OIDC logout'),
    frontchannel: documentation(true, 'Ory docs, OIDC logout'),
  },
  toDo: [
    source(
      'Sessions that were not "remembered" at login are not ended: the browser just comes back, and nobody is told.',
      logout,
    ),
    source('The logout page is yours: it decides whether the logout goes through.', logout),
  ],
  unconfirmed: [
    'An expired id_token_hint is probably accepted.',
    'Tokens are said to outlive a logout: they are revoked from here.',
  ],
}
