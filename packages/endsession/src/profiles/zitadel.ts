import { documentation, type KnownProvider } from './known-provider.ts'

const docs = 'ZITADEL docs, OpenID Connect endpoints'

export const zitadel: KnownProvider = {
  name: 'zitadel',
  title: 'ZITADEL',
  issuers: ['*.zitadel.cloud/'],
  facts: {
    idTokenHint: documentation('recommended', `${docs}: this or client_id`),
    expiredHint: documentation('accepted', 'ZITADEL, issue 279, and its OIDC library, pull request 522'),
    sendClientId: documentation(true, docs),
    redirectParameter: documentation('post_logout_redirect_uri', docs),
    echoesState: documentation(true, docs),
  },
  offers: {
    endSession: documentation(true, docs),
    backchannel: documentation(true, 'ZITADEL docs, back-channel logout: since 2.65, behind a feature flag'),
    frontchannel: documentation(false, docs),
  },
  toDo: [
    documentation('Its logout ends the sessions of all people in that browser.', docs),
    documentation('Back-channel logout is a feature that has to be switched on.', 'ZITADEL docs, back-channel logout'),
  ],
  unconfirmed: ['Tokens are said to outlive a logout: they are revoked from here.'],
}
