import { documentation, type KnownProvider } from './known-provider.ts'

const guide = 'Okta developer docs, Single Logout and the /logout endpoint'

export const okta: KnownProvider = {
  name: 'okta',
  title: 'Okta',
  issuers: ['*.okta.com/*', '*.oktapreview.com/*', '*.okta-emea.com/*'],
  facts: {
    idTokenHint: documentation('required', guide),
    redirectParameter: documentation('post_logout_redirect_uri', guide),
    echoesState: documentation(true, guide),
  },
  offers: {
    endSession: documentation(true, guide),
    backchannel: documentation(false, 'Okta developer docs, Universal Logout: it has that instead'),
    frontchannel: documentation(true, `${guide}: early access`),
  },
  toDo: [documentation('A sid comes only where single logout is set up for the application.', guide)],
  unconfirmed: [
    'An expired id_token_hint is said to be accepted.',
    'Revocation is said to be in its discovery document.',
  ],
}
