import '../localhost-lookup.ts'
import type { ClientMetadata, Provider } from 'oidc-provider'
import { renderAskBeforeLogout, renderConfirmedLogout, renderSignedOut } from '../pages/login-pages.ts'
import type { Plan } from '../plan.ts'
import { makeBroker } from './broker.ts'
import { makeFetch } from './filmed-fetch.ts'
import { showInteraction } from './interaction.ts'
import { answerForStore, isHintGood, makeProvider } from './openid-provider.ts'
import { type Server, serve } from './serve.ts'
import { listenWithTrouble, makeSwitches, rememberLogoutToken } from './trouble.ts'
import { makeUpstream } from './upstream.ts'

/** Example ID: the provider that Mail and Calendar share. It keeps a session of its own and signs people in through Acme. */
async function prepareProvider(plan: Plan): Promise<Server> {
  const { provider, acme, mail, calendar, api, next } = plan.urls
  const formTargets = [acme, mail, calendar, next]
  const site = { place: 'provider', name: 'Example ID', issuer: provider, formTargets } as const
  const { switches, setSwitch } = makeSwitches(plan)
  const logoutTokens = rememberLogoutToken(makeFetch(plan, 'provider'), `${calendar}/auth/backchannel-logout`)
  const upstream = makeUpstream({
    issuer: acme,
    clientId: 'example-id',
    clientSecret: plan.secrets.provider,
    callback: `${provider}/acme/callback`,
    loggedOut: `${provider}/acme/logged-out`,
    fetch: makeFetch(plan, 'provider'),
  })
  const broker = makeBroker(upstream, provider, () => !switches.upstreamStays)
  const clients = [
    describeApp(plan, 'mail', 'Mail', '/auth', '/auth/callback'),
    describeApp(plan, 'calendar', 'Calendar', '/auth', '/auth/callback'),
    // Auth.js's own callback, and beside it the routes of ours.
    ...(plan.next === undefined
      ? []
      : [describeApp(plan, 'next', 'Jobs', '/api/auth/endsession', '/api/auth/callback/keycloak')]),
  ]

  const openid: Provider = await makeProvider(
    site,
    {
      clients,
      scopes: ['openid', 'profile', 'email'],
      // Its guard refuses to call loopback addresses: right on the internet, and here everything is loopback.
      fetch: (url, { dispatcher: _guard, ...init }: RequestInit = {}) => logoutTokens.fetch(url, init),
      issueRefreshToken: async () => true,
      // As with offline access: only a revocation ends these tokens, so that it is seen whether there was one.
      expiresWithSession: async () => false,
      features: {
        backchannelLogout: { enabled: true },
        revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
        resourceIndicators: {
          enabled: true,
          defaultResource: async () => api,
          useGrantedResource: async () => true,
          getResourceServerInfo: async () => ({
            scope: 'openid profile email',
            audience: api,
            accessTokenFormat: 'jwt',
            accessTokenTTL: 3600,
          }),
        },
        rpInitiatedLogout: {
          enabled: true,
          logoutSource: async (ctx, form) => {
            const confirmed = !switches.asks && isHintGood(ctx)
            ctx.body = await (confirmed ? renderConfirmedLogout(form) : renderAskBeforeLogout(form))
          },
          postLogoutSuccessSource: async (ctx) => {
            ctx.body = await renderSignedOut()
          },
        },
      },
    },
    (ctx, next) => broker.passOn(ctx, () => showInteraction(openid, broker, provider, ctx, next)),
  )
  return {
    listener: listenWithTrouble(openid.callback(), switches),
    answers: { ...answerForStore(openid), setSwitch, repeatLogoutToken: logoutTokens.repeat },
  }
}

function describeApp(
  plan: Plan,
  name: 'mail' | 'calendar' | 'next',
  title: string,
  basePath: string,
  callback: string,
): ClientMetadata {
  const routes = `${plan.urls[name]}${basePath}`
  return {
    client_id: name,
    client_name: title,
    client_secret: plan.secrets[name],
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${plan.urls[name]}${callback}`],
    post_logout_redirect_uris: [`${routes}/logged-out`],
    backchannel_logout_uri: `${routes}/backchannel-logout`,
    backchannel_logout_session_required: true,
  }
}

serve('provider', prepareProvider)
