import '../localhost-lookup.ts'
import type { Configuration, Provider } from 'oidc-provider'
import { renderAcmeAsks, renderAcmeLogin, renderConfirmedLogout, renderSignedOut } from '../pages/login-pages.ts'
import type { Plan } from '../plan.ts'
import { readForm } from './form.ts'
import { answerForStore, isHintGood, makeProvider } from './openid-provider.ts'
import { people } from './people.ts'
import { type Server, serve } from './serve.ts'

/** Acme: the company behind Example ID. It alone knows passwords. */
async function prepareAcme(plan: Plan): Promise<Server> {
  const { acme, provider, mail, calendar, next } = plan.urls
  const site = { place: 'acme', name: 'Acme', issuer: acme, formTargets: [provider, mail, calendar, next] } as const
  const clients = [
    {
      client_id: 'example-id',
      client_name: 'Example ID',
      client_secret: plan.secrets.provider,
      redirect_uris: [`${provider}/acme/callback`],
      post_logout_redirect_uris: [`${provider}/acme/logged-out`],
    },
  ]
  const features: Configuration['features'] = {
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: async (ctx, form) => {
        ctx.body = await (isHintGood(ctx) ? renderConfirmedLogout(form, 'acme') : renderAcmeAsks(form))
      },
      postLogoutSuccessSource: async (ctx) => {
        ctx.body = await renderSignedOut('acme')
      },
    },
  }
  const openid: Provider = await makeProvider(site, { clients, features }, async (ctx, next) => {
    const uid = /^\/interaction\/([\w-]+)$/.exec(ctx.path)?.[1]
    if (!uid) return next()
    // Throws unless this browser holds the interaction's own cookie.
    await openid.interactionDetails(ctx.req, ctx.res)
    ctx.type = 'html'
    if (ctx.method !== 'POST') {
      ctx.body = await renderAcmeLogin(people, uid)
      return
    }
    const form = await readForm(ctx.req)
    const person = people.find(({ id, password }) => id === form.get('name') && password === form.get('password'))
    if (!person) {
      ctx.status = 401
      ctx.body = await renderAcmeLogin(people, uid, 'Name or password is not right.')
      return
    }
    ctx.respond = false
    await openid.interactionFinished(ctx.req, ctx.res, { login: { accountId: person.id } })
  })
  return { listener: openid.callback(), answers: answerForStore(openid) }
}

serve('acme', prepareAcme)
