import { documentation, type KnownProvider } from './known-provider.ts'

const signOff = 'PingOne API docs, signoff'

export const pingone: KnownProvider = {
  name: 'pingone',
  title: 'PingOne',
  issuers: ['auth.pingone.com/*', 'auth.pingone.eu/*', 'auth.pingone.ca/*', 'auth.pingone.asia/*'],
  facts: {
    expiredHint: documentation('refused', 'pingone-sample-dotnet, issue 8: the person is left on an error page'),
    redirectParameter: documentation('post_logout_redirect_uri', signOff),
    echoesState: documentation(true, signOff),
  },
  offers: { endSession: documentation(true, signOff) },
  toDo: [documentation('An address for the way back that is not registered to the letter is an error page.', signOff)],
  unconfirmed: [
    'Its docs say both that the hint is required and that it is optional.',
    'It is said to have revocation, and neither back-channel nor front-channel logout.',
  ],
}
