import { documentation, type KnownProvider, source } from './known-provider.ts'

const flow = 'Meta for Developers, Manually Build a Login Flow'
const again = 'Meta for Developers, Re-Authentication'
const permissions = 'Meta for Developers, Graph API, User permissions; public code that deletes me/permissions'
const authjs = 'Auth.js, @auth/core 0.41.3, providers/facebook'

export const facebook: KnownProvider = {
  name: 'facebook',
  title: 'Facebook',
  issuers: ['www.facebook.com/'],
  facts: {
    revocation: source('own', permissions),
    // It takes away all that the person has granted the app, on every device.
    revocationReach: source('person', permissions),
    authTime: documentation('never', `${flow}: no such parameter`),
    interactive: documentation({ auth_type: 'reauthenticate' }, `${again}: asks for the password`),
    userId: source('id', authjs),
  },
  withoutOpenid: {
    issuer: 'https://www.facebook.com',
    endpoints: {
      authorization_endpoint: source('https://www.facebook.com/v19.0/dialog/oauth', authjs),
      token_endpoint: source('https://graph.facebook.com/oauth/access_token', authjs),
      userinfo_endpoint: source('https://graph.facebook.com/me?fields=id,name,email', authjs),
      revocation_endpoint: source('https://graph.facebook.com/me/permissions', permissions),
    },
    scope: documentation('', `${flow}: the public profile`),
    sendsIss: documentation(false, flow),
    pkce: source(true, authjs),
    claims: { name: 'name', email: 'email' },
    ends: source('as_person', permissions),
  },
  offers: {
    endSession: documentation(false, flow),
    revocation: documentation(false, flow),
    backchannel: documentation(false, flow),
    frontchannel: documentation(false, flow),
  },
  toDo: [documentation('App Dashboard, settings of Facebook Login: set the redirect URI there, to the letter.', flow)],
  unconfirmed: [
    'Where the app wants a proof of its secret with each call (appsecret_proof), the user endpoint is said to refuse ours: turn that off.',
    'It is said to speak OpenID Connect, too: its ID tokens are not used.',
    'Its versions of the login dialog end: set authorization_endpoint in endpoints for a newer one.',
  ],
}
