import { documentation, type KnownProvider } from './known-provider.ts'

const slo = 'Salesforce help, Single logout with OpenID Connect, Salesforce as provider'

export const salesforce: KnownProvider = {
  name: 'salesforce',
  title: 'Salesforce',
  issuers: ['login.salesforce.com/', 'test.salesforce.com/', '*.my.salesforce.com/*'],
  facts: {
    idTokenHint: documentation('ignored', slo),
    redirectParameter: documentation('none', `${slo}: the way back is a setting`),
    echoesState: documentation(false, slo),
  },
  offers: {
    endSession: documentation(true, slo),
    backchannel: documentation(false, slo),
    frontchannel: documentation(true, `${slo}: https only, the same browser`),
  },
  toDo: [
    documentation('Its logout URL (of the app, or of the organization): {loggedOut}', slo),
    documentation(
      '"Single Logout URL" of the app: {frontchannelLogout}, and frontchannel: true here, if its own logout is to end sessions here.',
      slo,
    ),
  ],
  unconfirmed: ['Revocation is said to be in its discovery document.'],
}
