import { type App, providerLabel } from '../app.ts'
import { findSession } from '../current.ts'
import { EndSessionError } from '../errors.ts'
import { readFresh } from '../fresh.ts'
import { loginReturnTo } from '../login-return.ts'
import type { Provider } from '../protocol/provider.ts'
import { beginTransaction } from '../transactions.ts'
import { redirect } from '../web/redirect.ts'
import { isPrefetch, single } from '../web/request.ts'

/** `GET login`: on to the provider's authorization endpoint. Changes nothing here. */
export async function login(app: App, request: Request): Promise<Response> {
  if (isPrefetch(request)) return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
  const query = new URL(request.url).searchParams
  const returnTo = loginReturnTo(app, single(query, 'returnTo'))
  const name = single(query, 'provider') ?? (app.providers.size === 1 ? [...app.providers.keys()][0] : undefined)
  if (name === undefined) return choose(app, returnTo)
  const provider = app.providers.get(name)
  if (!provider) throw new EndSessionError('ERR_REQUEST', 'There is no such provider.')

  const current = await findSession(app, request)
  const { url, setCookies } = await beginTransaction(app, request, provider, {
    kind: 'login',
    provider: name,
    returnTo,
    ...(current && { startedWith: current.id }),
    interactive: readFresh(app, request, provider) !== undefined,
  })
  return redirect(url.href, setCookies)
}

function choose(app: App, returnTo: string): Response {
  const links = [...app.providers].map(([name, provider]: [string, Provider]) => ({
    text: providerLabel(provider).provider ?? name,
    href: `${app.route('login')}?${new URLSearchParams({ provider: name, returnTo })}`,
  }))
  return app.page({ title: 'chooseTitle', sentence: 'chooseSentence', action: { kind: 'choice', links } }, 200)
}
