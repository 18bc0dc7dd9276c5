import '../localhost-lookup.ts'
import type { RequestListener } from 'node:http'
import type { Provider } from 'oidc-provider'
import { renderAcmeLogin } from '../pages/login-pages.ts'
import type { Plan } from '../plan.ts'
import { makeProvider, readForm } from './openid-provider.ts'
import { people } from './people.ts'
import { serve } from './serve.ts'

/** Acme: the company behind Example ID. It alone knows passwords. */
async function prepareAcme(plan: Plan): Promise<RequestListener> {
  const { acme, provider, mail, calendar } = plan.urls
  const site = { place: 'acme', name: 'Acme', issuer: acme, formTargets: [provider, mail, calendar] } as const
  const clients = [
    {
      client_id: 'example-id',
      client_name: 'Example ID',
      client_secret: plan.secrets.provider,
      redirect_uris: [`${provider}/acme/callback`],
    },
  ]
  const openid: Provider = await makeProvider(site, { clients }, async (ctx, next) => {
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
  return openid.callback()
}

serve('acme', prepareAcme)
