import { documentation, type KnownProvider, source } from './known-provider.ts'

const docs = 'Discord Developer Portal, OAuth2'
const authjs = 'Auth.js, @auth/core 0.41.3, providers/discord'

export const discord: KnownProvider = {
  name: 'discord',
  title: 'Discord',
  issuers: ['discord.com/'],
  facts: {
    revocation: documentation('standard', docs),
    // One token revoked takes along every token of the authorization, which people have once for an app.
    revocationReach: documentation('person', `${docs}: every token of that authorization`),
    revocationCoversAccessToken: documentation(true, `${docs}: every token of that authorization`),
    authTime: documentation('never', `${docs}: no such parameter`),
    interactive: documentation({ prompt: 'consent' }, `${docs}: the consent is asked for again, no more`),
    userId: source('id', authjs),
  },
  withoutOpenid: {
    issuer: 'https://discord.com',
    endpoints: {
      authorization_endpoint: documentation('https://discord.com/api/oauth2/authorize', docs),
      token_endpoint: documentation('https://discord.com/api/oauth2/token', docs),
      userinfo_endpoint: documentation('https://discord.com/api/users/@me', docs),
      revocation_endpoint: documentation('https://discord.com/api/oauth2/token/revoke', docs),
    },
    scope: documentation('identify', docs),
    sendsIss: documentation(false, `${docs}: code and state`),
    pkce: source(true, authjs),
    claims: {
      name: 'global_name',
      preferred_username: 'username',
      email: 'email',
      email_verified: 'verified',
    },
  },
  offers: {
    endSession: documentation(false, docs),
    revocation: documentation(true, docs),
    backchannel: documentation(false, docs),
    frontchannel: documentation(false, docs),
  },
  toDo: [
    documentation(
      'Nothing makes people type a password again there: after a logout they consent once more, no more.',
      docs,
    ),
  ],
  unconfirmed: ['That it checks PKCE: the parameters are sent, and it takes them.'],
}
