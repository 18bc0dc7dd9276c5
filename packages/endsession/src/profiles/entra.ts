import { documentation, type KnownProvider } from './known-provider.ts'

const signOut = 'Microsoft identity platform docs, OpenID Connect: send a sign-out request'
const claims = 'Microsoft identity platform docs, Optional claims reference'

export const entra: KnownProvider = {
  name: 'entra',
  title: 'Microsoft Entra ID',
  issuers: ['login.microsoftonline.com/*'],
  facts: {
    redirectParameter: documentation('post_logout_redirect_uri', signOut),
    logoutHintClaim: documentation('login_hint', `${signOut}: logout_hint is the value of this claim`),
    authTime: documentation('never', `${claims}: auth_time is among them`),
  },
  offers: {
    endSession: documentation(true, signOut),
    frontchannel: documentation(true, 'Microsoft identity platform docs, Single sign-out'),
  },
  toDo: [
    documentation('Register {loggedOut} as a redirect URI, too: people are sent back only to those.', signOut),
    documentation(
      'Add the optional claim login_hint to the ID token: without it, people with several accounts have to choose the one to sign out.',
      signOut,
    ),
    documentation('Add the optional claim auth_time to the ID token, and set authTime: "max_age".', claims),
  ],
  unconfirmed: [
    'It is said to have no revocation endpoint and no back-channel logout.',
    'state is said to come back, an expired id_token_hint to be ignored.',
    'A device that is joined to the company may sign the person in again without asking.',
  ],
}
