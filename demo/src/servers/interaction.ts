import type { Provider } from 'oidc-provider'
import { renderProblem, renderProviderLogin } from '../pages/login-pages.ts'
import { findPerson } from './people.ts'
import type { Upstream } from './upstream.ts'

type Middleware = Parameters<Provider['use']>[0]
type Context = Parameters<Middleware>[0]

/** Example ID's login screen: it offers "Sign in with Acme", and takes Acme's answer. */
export async function showInteraction(
  openid: Provider,
  upstream: Upstream,
  origin: string,
  ctx: Context,
  next: () => Promise<unknown>,
): Promise<void> {
  const here = new URL(ctx.url, origin)
  if (here.pathname === '/acme/callback') return takeAnswer(upstream, ctx, here)

  const [, uid, step] = /^\/interaction\/([\w-]+)(\/acme|\/finish)?$/.exec(here.pathname) ?? []
  if (!uid) {
    await next()
    return
  }
  // Throws unless this browser holds the interaction's own cookie.
  const details = await openid.interactionDetails(ctx.req, ctx.res)
  const client = (await openid.Client.find(String(details.params.client_id)))?.clientName ?? 'an app'
  ctx.type = 'html'
  if (step === '/acme') {
    ctx.redirect(await upstream.start(uid))
    return
  }
  if (step !== '/finish' || upstream.interactionOf(here) !== uid) {
    ctx.body = await renderProviderLogin(client, uid)
    return
  }
  // Redeemed as it came to the registered redirect URI: Acme compares.
  const accountId = await upstream.finish(new URL(`/acme/callback${here.search}`, origin)).catch(() => '')
  if (!findPerson(accountId)) {
    ctx.status = 400
    ctx.body = await renderProviderLogin(client, uid, 'Acme did not sign you in. Please try again.')
    return
  }
  ctx.respond = false
  await openid.interactionFinished(ctx.req, ctx.res, { login: { accountId } })
}

/** The interaction's cookie is sent below its own path only, so the answer goes on to there. */
async function takeAnswer(upstream: Upstream, ctx: Context, answer: URL): Promise<void> {
  const uid = upstream.interactionOf(answer)
  if (uid) {
    ctx.redirect(`/interaction/${uid}/finish${answer.search}`)
    return
  }
  ctx.status = 400
  ctx.type = 'html'
  ctx.body = await renderProblem('provider', 'Example ID', 'This login is not known, or it was used already.')
}
