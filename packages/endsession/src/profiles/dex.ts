import { type KnownProvider, source } from './known-provider.ts'

const logout = 'Dex, the code of its logout, August 2026 (not in versions up to 2.45)'

export const dex: KnownProvider = {
  name: 'dex',
  title: 'Dex',
  issuers: [],
  facts: {
    idTokenHint: source('recommended', `${logout}: needed for the way back`),
    expiredHint: source('accepted', `${logout}: signature and issuer count`),
    redirectParameter: source('post_logout_redirect_uri', logout),
    echoesState: source(true, logout),
    revocation: source('none', logout),
    logoutTokenHasExp: source(true, `${logout}: 2 minutes`),
    upstream: source('broker', `${logout}: OIDC connectors are asked to log out`),
  },
  offers: {
    endSession: source(true, `${logout}: with sessions switched on`),
    revocation: source(false, logout),
    backchannel: source(true, logout),
    frontchannel: source(false, logout),
  },
  toDo: [
    source('Switch its sessions on: without them there is no logout.', logout),
    source('Who does not come back from the logout of a login behind it stays signed in everywhere.', logout),
  ],
  unconfirmed: [],
}
