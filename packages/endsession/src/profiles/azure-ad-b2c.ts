import { documentation, type KnownProvider } from './known-provider.ts'

const signOut = 'Azure AD B2C docs, OpenID Connect: send a sign-out request'

export const azureAdB2c: KnownProvider = {
  name: 'azure-ad-b2c',
  title: 'Azure AD B2C',
  issuers: ['*.b2clogin.com/*'],
  facts: {
    idTokenHint: documentation('recommended', signOut),
    sendClientId: documentation(true, `${signOut}: needed where sessions are kept per application`),
    redirectParameter: documentation('post_logout_redirect_uri', signOut),
    echoesState: documentation(true, signOut),
  },
  offers: { endSession: documentation(true, `${signOut}: one per policy`) },
  toDo: [
    documentation(
      'Token compatibility settings: choose the issuer that holds the policy (…/tfp/…), and use that one here. The default issuer has no discovery document.',
      'Azure AD B2C docs, Token compatibility settings',
    ),
    documentation(
      'Turn on "Require ID Token in logout requests": without it anybody can have people sent anywhere after a logout.',
      signOut,
    ),
  ],
  unconfirmed: [
    'An expired id_token_hint is said to be an error where the ID token is required.',
    'Social logins behind it are said to live on.',
    'It is said to have no revocation and no back-channel logout.',
  ],
}
