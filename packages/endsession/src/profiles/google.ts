import { documentation, type KnownProvider } from './known-provider.ts'

const discovery = 'its discovery document, as public code holds it'
const combined = 'Google, Using OAuth 2.0 for Web Server Applications: revoking a combined authorization'

export const google: KnownProvider = {
  name: 'google',
  title: 'Google',
  issuers: ['accounts.google.com/'],
  facts: {
    // One token revoked takes away all that the person has granted this project, on every device.
    revocationReach: documentation('person', combined),
    revocationCoversAccessToken: documentation(true, combined),
    authTime: documentation('never', `${discovery}: not among the claims`),
    interactive: documentation(
      { prompt: 'select_account' },
      'Google Workspace Developers, Google OIDC and Prompt Login: there is no prompt=login',
    ),
  },
  offers: {
    endSession: documentation(false, discovery),
    revocation: documentation(true, discovery),
    backchannel: documentation(false, discovery),
    frontchannel: documentation(false, discovery),
  },
  toDo: [
    documentation(
      'Nothing makes people type a password again there: after a logout they choose their account, no more.',
      'Google Workspace Developers, Google OIDC and Prompt Login',
    ),
  ],
  unconfirmed: ['Security events (Cross-Account Protection) are said to tell apps of ended sessions.'],
}
