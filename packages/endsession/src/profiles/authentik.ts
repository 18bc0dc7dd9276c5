import { documentation, type KnownProvider } from './known-provider.ts'

const docs = 'authentik docs, single logout'

export const authentik: KnownProvider = {
  name: 'authentik',
  title: 'authentik',
  issuers: [],
  path: '/application/o/',
  facts: {
    idTokenHint: documentation('recommended', docs),
    logoutTokenHasExp: documentation(false, `${docs}: not in its list of claims`),
  },
  offers: {
    backchannel: documentation(true, `${docs}: since 2025.8, in preview; this or the front-channel`),
    frontchannel: documentation(true, `${docs}: this or the back-channel`),
  },
  toDo: [
    documentation(
      'Add the stage "User Logout" to default-provider-invalidation-flow: by default a logout ends this app\'s session there, and leaves its own.',
      docs,
    ),
    documentation('Choose back-channel logout for the provider of this app: it is that or front-channel.', docs),
  ],
  unconfirmed: ['Whether state comes back, and what an expired id_token_hint does, depends on the flow.'],
}
