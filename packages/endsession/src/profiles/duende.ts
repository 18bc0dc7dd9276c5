import { documentation, type KnownProvider } from './known-provider.ts'

const endpoint = 'Duende IdentityServer docs, End Session Endpoint'

export const duende: KnownProvider = {
  name: 'duende',
  title: 'Duende IdentityServer',
  issuers: [],
  facts: {
    idTokenHint: documentation('recommended', `${endpoint}: needed for the way back`),
    expiredHint: documentation('accepted', 'a statement of its maintainers'),
    redirectParameter: documentation('post_logout_redirect_uri', endpoint),
    echoesState: documentation(true, endpoint),
  },
  offers: {
    endSession: documentation(true, endpoint),
    backchannel: documentation(true, 'Duende IdentityServer docs, logout notification'),
    frontchannel: documentation(true, 'Duende IdentityServer docs, logout notification'),
  },
  toDo: [
    documentation('Signing out of a login behind it is for your own logout page there.', endpoint),
    documentation('PostLogoutRedirectUris of the client: {loggedOut}', endpoint),
  ],
  unconfirmed: ['Refresh tokens are said to outlive a logout unless it is told otherwise: they are revoked from here.'],
}
