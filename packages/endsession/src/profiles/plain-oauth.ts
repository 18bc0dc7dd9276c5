import { documentation, type KnownProvider } from './known-provider.ts'

const rfc = 'RFC 6749: nothing of the kind'

/** Any other provider without OpenID: its addresses are set with `endpoints`. */
export const plainOauth: KnownProvider = {
  name: 'oauth',
  title: 'Any other provider without OpenID',
  issuers: [],
  facts: { authTime: documentation('never', rfc) },
  withoutOpenid: {
    endpoints: {},
    scope: documentation('', 'RFC 6749, section 3.3: OPTIONAL'),
    sendsIss: documentation(false, rfc),
    pkce: documentation(true, 'RFC 6749, section 3.1: parameters that it does not know are ignored'),
    claims: {
      name: 'name',
      preferred_username: 'preferred_username',
      email: 'email',
      email_verified: 'email_verified',
    },
  },
  offers: {
    endSession: documentation(false, rfc),
    backchannel: documentation(false, rfc),
    frontchannel: documentation(false, rfc),
  },
  toDo: [
    documentation(
      'Set issuer to an address of its own that never changes, the endpoints, and userId to the member of the answer of the user endpoint that names the person for ever. Never an e-mail address, never a login name.',
      'RFC 6749: it names nobody',
    ),
  ],
  unconfirmed: ['What makes people meet its login screen: prompt=login and max_age=0 are sent, and may be ignored.'],
}
