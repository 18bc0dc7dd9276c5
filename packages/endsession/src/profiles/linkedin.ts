import { documentation, type KnownProvider, source } from './known-provider.ts'

const docs = 'Microsoft Learn, Sign In with LinkedIn using OpenID Connect'
const keycloak = 'Keycloak, LinkedInOIDCIdentityProviderFactory: the nonce does not come back'
const pkce = 'Auth.js, @auth/core 0.41.3, providers/linkedin: state alone; next-auth issue 8831'
const discovery = 'Logto, OAuth providers explorer: its discovery document'

/** It has ID tokens without our `nonce`: the person comes from the user endpoint, as with those that have none. */
export const linkedin: KnownProvider = {
  name: 'linkedin',
  title: 'LinkedIn',
  issuers: ['www.linkedin.com/oauth'],
  facts: {
    authTime: documentation('never', `${docs}: not among the claims`),
    userId: documentation('sub', docs),
  },
  withoutOpenid: {
    issuer: 'https://www.linkedin.com/oauth',
    endpoints: {
      authorization_endpoint: documentation('https://www.linkedin.com/oauth/v2/authorization', discovery),
      token_endpoint: documentation('https://www.linkedin.com/oauth/v2/accessToken', discovery),
      userinfo_endpoint: documentation('https://api.linkedin.com/v2/userinfo', discovery),
    },
    scope: documentation('openid profile', docs),
    sendsIss: source(false, pkce),
    pkce: source(false, pkce),
    claims: { name: 'name', picture: 'picture', email: 'email', email_verified: 'email_verified' },
  },
  offers: {
    endSession: documentation(false, discovery),
    revocation: documentation(false, discovery),
    backchannel: documentation(false, discovery),
    frontchannel: documentation(false, discovery),
  },
  toDo: [
    source(
      'It takes neither PKCE nor a nonce back: a code that leaks before it is used could be used by somebody else. Keep the redirect URI free of third-party content.',
      keycloak,
    ),
  ],
  unconfirmed: [
    'An address of its own (/oauth/v2/revoke) is said to revoke tokens; it is not used.',
    'That a login screen can be asked for: prompt=login and max_age=0 are sent, and may be ignored.',
  ],
}
