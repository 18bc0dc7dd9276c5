import { documentation, type KnownProvider, source } from './known-provider.ts'

const flow = 'GitHub docs, Authorizing OAuth apps'
const api = 'GitHub docs, REST API endpoints for OAuth authorizations'
const authjs = 'Auth.js, @auth/core 0.41.3, providers/github'
const iss = 'oauth4webapi issue 226 and OpenIddict pull request 2529: sent since 2026'

export const github: KnownProvider = {
  name: 'github',
  title: 'GitHub',
  issuers: ['github.com/*', 'api.github.com/*'],
  facts: {
    revocation: documentation('own', `${api}: delete an app token`),
    revocationReach: documentation('token', `${api}: a single token`),
    authTime: documentation('never', `${flow}: no such parameter`),
    interactive: documentation({ prompt: 'select_account' }, `${flow}: the account picker, no more`),
    userId: source('id', authjs),
  },
  withoutOpenid: {
    issuer: 'https://github.com/login/oauth',
    endpoints: {
      authorization_endpoint: documentation('https://github.com/login/oauth/authorize', flow),
      token_endpoint: documentation('https://github.com/login/oauth/access_token', flow),
      userinfo_endpoint: documentation('https://api.github.com/user', flow),
      revocation_endpoint: documentation('https://api.github.com/applications/{client_id}/token', api),
    },
    scope: documentation('', `${flow}: without one, what is public`),
    sendsIss: source(true, iss),
    pkce: source(true, authjs),
    claims: { name: 'name', preferred_username: 'login', picture: 'avatar_url', email: 'email' },
    ends: documentation('as_client', api),
  },
  offers: {
    endSession: documentation(false, flow),
    revocation: documentation(false, `${api}: a call of its own`),
    backchannel: documentation(false, flow),
    frontchannel: documentation(false, flow),
  },
  toDo: [
    documentation(
      'Nothing makes people type a password again there: after a logout they choose their account, no more.',
      flow,
    ),
    source(
      'GitHub Enterprise Server: name the profile, set issuer to its address with /login/oauth, and the endpoints: those of the login are under /login/oauth, userinfo_endpoint is /api/v3/user.',
      authjs,
    ),
  ],
  unconfirmed: [
    'That the refresh token of a GitHub App ends with its access token: only the access token is revoked.',
    'That it checks PKCE: the parameters are sent, and it takes them.',
  ],
}
