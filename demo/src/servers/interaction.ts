import type { Provider } from 'oidc-provider'
import { renderProblem, renderProviderLogin } from '../pages/login-pages.ts'
import type { Broker } from './broker.ts'
import { findPerson } from './people.ts'
import type { Upstream } from './upstream.ts'

type Middleware = Parameters<Provider['use']>[0]
type Context = Parameters<Middleware>[0]

/** Example ID's login screen: it offers "Sign in with Acme", and takes Acme's answer. */
export async function showInteraction(
  openid: Provider,
  { upstream, keepLogin }: Broker,
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
  const { params } = await openid.interactionDetails(ctx.req, ctx.res)
  const client = (await openid.Client.find(String(params.client_id)))?.clientName ?? 'an app'
  ctx.type = 'html'
  if (step === '/acme') {
    // Whoever asks us for the login screen means a login screen, and not a session one house further.
    ctx.redirect(await upstream.start(uid, String(params.prompt).split(' ').includes('login')))
    return
  }
  if (step !== '/finish' || upstream.interactionOf(here) !== uid) {
    ctx.body = await renderProviderLogin(client, uid)
    return
  }
  // Redeemed as it came to the registered redirect URI: Acme compares.
  const login = await upstream.finish(new URL(`/acme/callback${here.search}`, origin)).catch(() => undefined)
  if (!login || !findPerson(login.accountId)) {
    ctx.status = 400
    ctx.body = await renderProviderLogin(client, uid, 'Acme did not sign you in. Please try again.')
    return
  }
  keepLogin(ctx, login)
  ctx.respond = false
  await openid.interactionFinished(ctx.req, ctx.res, { login: { accountId: login.accountId } })
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
