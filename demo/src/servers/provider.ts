import '../localhost-lookup.ts'
import type { RequestListener } from 'node:http'
import type { ClientMetadata, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { renderAskBeforeLogout, renderConfirmedLogout, renderSignedOut } from '../pages/login-pages.ts'
import type { Plan } from '../plan.ts'
import { showInteraction } from './interaction.ts'
import { makeProvider } from './openid-provider.ts'
import { serve } from './serve.ts'
import { makeUpstream } from './upstream.ts'

/** Example ID: the provider that Mail and Calendar share. It keeps a session of its own and signs people in through Acme. */
async function prepareProvider(plan: Plan): Promise<RequestListener> {
  const { provider, acme, mail, calendar, api } = plan.urls
  const site = { place: 'provider', name: 'Example ID', issuer: provider, formTargets: [acme, mail, calendar] } as const
  const upstream = makeUpstream(acme, 'example-id', plan.secrets.provider, `${provider}/acme/callback`)
  const clients = [describeApp(plan, 'mail', 'Mail'), describeApp(plan, 'calendar', 'Calendar')]

  const openid: Provider = await makeProvider(
    site,
    {
      clients,
      scopes: ['openid', 'profile', 'email'],
      // Its guard refuses to call loopback addresses: right on the internet, and here everything is loopback.
      fetch: (url, { dispatcher: _guard, ...init }: RequestInit = {}) => fetch(url, init),
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
            const confirmed = !plan.providerAsks && isHintGood(ctx)
            ctx.body = await (confirmed ? renderConfirmedLogout(form) : renderAskBeforeLogout(form))
          },
          postLogoutSuccessSource: async (ctx) => {
            ctx.body = await renderSignedOut()
          },
        },
      },
    },
    (ctx, next) => showInteraction(openid, upstream, provider, ctx, next),
  )
  return openid.callback()
}

function describeApp(plan: Plan, name: 'mail' | 'calendar', title: string): ClientMetadata {
  const routes = `${plan.urls[name]}/auth`
  return {
    client_id: name,
    client_name: title,
    client_secret: plan.secrets[name],
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${routes}/callback`],
    post_logout_redirect_uris: [`${routes}/logged-out`],
    backchannel_logout_uri: `${routes}/backchannel-logout`,
    backchannel_logout_session_required: true,
  }
}

/** `oidc-provider` has verified the hint's signature; that it names the person of this session is ours to see. */
function isHintGood({ oidc }: KoaContextWithOIDC): boolean {
  const { IdTokenHint: hint } = oidc.entities
  return hint !== undefined && hint.payload.sub === oidc.session?.accountId
}

serve('provider', prepareProvider)
