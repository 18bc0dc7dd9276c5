import { documentation, type KnownProvider, source } from './known-provider.ts'

const signOut = 'Logto docs, Sign-out'
const engine = 'Logto builds on oidc-provider, whose code was read'

export const logto: KnownProvider = {
  name: 'logto',
  title: 'Logto',
  issuers: ['*.logto.app/oidc'],
  facts: {
    idTokenHint: source('recommended', engine),
    expiredHint: source('accepted', `${engine}: lib/models/id_token.js, validate`),
    sendClientId: source(true, engine),
    redirectParameter: documentation('post_logout_redirect_uri', signOut),
    echoesState: source(true, engine),
  },
  offers: {
    endSession: documentation(true, signOut),
    backchannel: documentation(true, signOut),
    frontchannel: source(false, engine),
  },
  toDo: [
    documentation('Turn on "Is session required" beside the back-channel logout URI.', signOut),
    documentation(
      'Grants with offline_access live for 180 days unless they are revoked, as is done from here.',
      signOut,
    ),
  ],
  unconfirmed: ['What revoking one refresh token takes along was not tried.'],
}
