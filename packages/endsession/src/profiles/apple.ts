import { documentation, type KnownProvider } from './known-provider.ts'

const rest = 'Apple, Sign in with Apple REST API'

export const apple: KnownProvider = {
  name: 'apple',
  title: 'Apple',
  issuers: ['appleid.apple.com/'],
  facts: { revocation: documentation('standard', `${rest}, Revoke tokens`) },
  offers: {
    endSession: documentation(false, rest),
    revocation: documentation(true, `${rest}, Revoke tokens`),
    backchannel: documentation(false, `${rest}: it has notifications of its own instead`),
    frontchannel: documentation(false, rest),
  },
  toDo: [
    documentation(
      'Set scope: "openid". With the scopes name and email it answers by POST, which the callback here does not take.',
      `${rest}, Request an authorization: response_mode`,
    ),
    documentation('clientSecret is a JWT that you sign and renew.', `${rest}, client secret`),
  ],
  unconfirmed: ['What revoking one refresh token takes along is not known.'],
}
