import { documentation, type KnownProvider } from './known-provider.ts'

const thread = 'Authelia, issue 5057, and its roadmap'

export const authelia: KnownProvider = {
  name: 'authelia',
  title: 'Authelia',
  issuers: [],
  facts: {},
  offers: {
    endSession: documentation(false, thread),
    backchannel: documentation(false, thread),
    frontchannel: documentation(false, thread),
  },
  toDo: [],
  unconfirmed: ['Revocation is said to be in its discovery document.'],
}
