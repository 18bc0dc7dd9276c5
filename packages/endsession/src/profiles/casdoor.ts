import { documentation, type KnownProvider } from './known-provider.ts'

const docs = 'Casdoor docs, logout'

export const casdoor: KnownProvider = {
  name: 'casdoor',
  title: 'Casdoor',
  issuers: [],
  facts: {
    idTokenHint: documentation('recommended', docs),
    sendClientId: documentation(true, docs),
    redirectParameter: documentation('post_logout_redirect_uri', docs),
    echoesState: documentation(true, docs),
  },
  offers: { endSession: documentation(true, docs) },
  toDo: [
    documentation(
      'Use a version from September 2026 or later: before, a logout without a session there ends on a page of JSON.',
      'Casdoor, issue 5856',
    ),
  ],
  unconfirmed: ['What it does with an expired id_token_hint; revocation, back-channel and front-channel logout.'],
}
