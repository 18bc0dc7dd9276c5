import { documentation, type KnownProvider } from './known-provider.ts'

const docs = 'Microsoft docs, Single log-out for OpenID Connect with AD FS'

export const adfs: KnownProvider = {
  name: 'adfs',
  title: 'AD FS',
  issuers: [],
  path: '/adfs',
  facts: {
    idTokenHint: documentation('recommended', `${docs}: needed for the way back`),
    redirectParameter: documentation('post_logout_redirect_uri', docs),
    revocation: documentation('none', docs),
  },
  offers: {
    endSession: documentation(true, docs),
    revocation: documentation(false, docs),
    backchannel: documentation(false, docs),
    frontchannel: documentation(true, `${docs}: needs the update KB4038801`),
  },
  toDo: [
    documentation('Register {loggedOut} as a redirect URI, too: people are sent back only to those.', docs),
    documentation('Refresh tokens stay good after a logout, and nothing revokes them: keep them short.', docs),
  ],
  unconfirmed: ['What it does with an expired id_token_hint.'],
}
