import { documentation, type KnownProvider } from './known-provider.ts'

const thread = 'Kanidm, issue 1997'

export const kanidm: KnownProvider = {
  name: 'kanidm',
  title: 'Kanidm',
  issuers: [],
  facts: { revocation: documentation('standard', 'Kanidm docs, OAuth2') },
  offers: {
    endSession: documentation(false, thread),
    revocation: documentation(true, 'Kanidm docs, OAuth2'),
    backchannel: documentation(false, thread),
    frontchannel: documentation(false, thread),
  },
  toDo: [],
  unconfirmed: ['What revoking one refresh token takes along was not tried.'],
}
