import { type App, providerLabel } from '../app.ts'
import { cookieSession, findSession } from '../current.ts'
import { EndSessionError } from '../errors.ts'
import { expireFresh, readFresh } from '../fresh.ts'
import { dated, newSession } from '../new-session.ts'
import { exchangeCode, type Login, readCallback } from '../protocol/login.ts'
import type { Provider } from '../protocol/provider.ts'
import { newCookieId, sessionIdOf } from '../session/ids.ts'
import type { NewSession } from '../session/store.ts'
import { dropTokens, finishReplaced } from '../settle.ts'
import { beginTransaction, type Opened } from '../transactions.ts'
import { browserLabel } from '../web/browser-label.ts'
import { redirect } from '../web/redirect.ts'

/** The way back from the provider's login: the one GET that opens a session, and ends the one it takes the place of. */
export async function finishLogin(app: App, request: Request, opened: Opened): Promise<Response> {
  const { transaction, state, nonce, codeVerifier } = opened
  const provider = app.providers.get(transaction.provider)
  if (!provider) throw new EndSessionError('ERR_LOGIN', 'The provider of this login is not configured any more.')
  // Asked before the provider is: a logout that comes meanwhile is meant for this login as well.
  const current = await findSession(app, request)
  const callback = await readCallback(provider, new URL(request.url), state)
  if (callback.error !== undefined) return declined(app, provider, opened)
  const redirectUri = app.callbackOf(transaction.provider)
  const brought = await exchangeCode(provider, callback.params, { redirectUri, codeVerifier, nonce })
  const login = await dated(app, provider, brought)

  const cookieId = newCookieId(app.options.runtime)
  const about = { provider: transaction.provider, browser: browserLabel(request.headers.get('user-agent')) }
  const session = newSession(app, provider, sessionIdOf(cookieId) as string, login, about)
  const replaces = await cookieSession(app, request)
  const refused =
    lacksFresh(app, request, provider, opened, login) ||
    (await isRefused(app, provider, session, opened, replaces, current?.id))
  if (refused) {
    app.options.runtime.waitUntil(dropTokens(app, session))
    return askAgain(app, request, provider, opened, login)
  }

  app.options.emit({ type: 'session.created', session: session.id })
  if (replaces !== undefined) app.options.runtime.waitUntil(finishReplaced(app, replaces))
  return redirect(transaction.returnTo, [
    // A day longer than the session: what is left of it is the hint for a late logout.
    app.cookies.write(app.cookies.names.session, cookieId, session.liveSeconds + dayInSeconds),
    expireFresh(app, provider),
    app.cookies.expire(app.cookies.names.logout),
    opened.expire,
  ])
}

const dayInSeconds = 86_400

/** This browser has logged out at this provider, and the person has not met the login screen since. */
function lacksFresh(
  app: App,
  request: Request,
  provider: Provider,
  { transaction }: Opened,
  { authTime }: Login,
): boolean {
  const authBefore = readFresh(app, request, provider)
  if (!authBefore) return false
  return authTime === undefined ? !acceptsUndated(provider, transaction.interactive) : authTime <= authBefore
}

async function isRefused(
  app: App,
  provider: Provider,
  session: NewSession,
  { transaction: { startedWith: before, interactive } }: Opened,
  replaces: string | undefined,
  current: string | undefined,
): Promise<boolean> {
  const startedWith = [before, current].filter((id) => id !== undefined)
  const answer = await app.store.create(session, {
    ...(replaces !== undefined && { replaces }),
    ...(startedWith.length > 0 && { startedWith }),
    ...(acceptsUndated(provider, interactive) && { interactive: true }),
  })
  return answer !== 'created'
}

/** Without `auth_time` nobody knows whether the person was asked: that is accepted only of a provider that never says it. */
function acceptsUndated(provider: Provider, interactive: boolean): boolean {
  return interactive && provider.config.profile.authTime === 'never'
}

/** Once more, interactively; the second time it is a page with a button. Never a loop. */
async function askAgain(
  app: App,
  request: Request,
  provider: Provider,
  opened: Opened,
  login: Login,
): Promise<Response> {
  const { transaction, expire } = opened
  if (transaction.second) {
    if (login.authTime === undefined && provider.config.profile.authTime !== 'never')
      throw new EndSessionError(
        'ERR_LOGIN',
        'The provider did not say when the person signed in (auth_time). If it never does, its profile has to say so.',
      )
    const action = {
      kind: 'link',
      text: 'signInButton',
      href: loginUrl(app, transaction.provider, transaction.returnTo),
    } as const
    return app.page({ title: 'freshTitle', sentence: 'freshSentence', ...providerLabel(provider), action }, 403, [
      expire,
    ])
  }
  const current = await findSession(app, request)
  const { url, setCookies } = await beginTransaction(app, request, provider, {
    kind: 'login',
    provider: transaction.provider,
    returnTo: transaction.returnTo,
    ...(current && { startedWith: current.id }),
    interactive: true,
    second: true,
  })
  return redirect(url.href, [expire, ...setCookies])
}

function declined(app: App, provider: Provider, { transaction, expire }: Opened): Response {
  const action = {
    kind: 'link',
    text: 'retryButton',
    href: loginUrl(app, transaction.provider, transaction.returnTo),
  } as const
  return app.page(
    { title: 'loginFailedTitle', sentence: 'loginDeclinedSentence', ...providerLabel(provider), action },
    400,
    [expire],
  )
}

function loginUrl(app: App, provider: string, returnTo: string): string {
  return `${app.route('login')}?${new URLSearchParams({ provider, returnTo })}`
}
