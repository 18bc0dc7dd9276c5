import { documentation, type KnownProvider } from './known-provider.ts'

const discovery = 'its discovery document, as public code holds it'

export const slack: KnownProvider = {
  name: 'slack',
  title: 'Slack (Sign in with Slack)',
  issuers: ['slack.com/'],
  facts: {},
  offers: {
    endSession: documentation(false, discovery),
    revocation: documentation(false, discovery),
    backchannel: documentation(false, discovery),
    frontchannel: documentation(false, discovery),
  },
  toDo: [],
  unconfirmed: [
    'Whether it says auth_time, which a login after a logout has to hold: if not, set authTime: "never".',
    'An API call of its own (auth.revoke) is said to revoke tokens; it is not used.',
  ],
}
