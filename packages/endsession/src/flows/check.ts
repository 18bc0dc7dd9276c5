import type { App } from '../app.ts'
import { type Describe, findSession, type Session } from '../current.ts'
import { expireAsked, sendToHost } from '../hosted-login.ts'
import type { StoredSession } from '../session/store.ts'
import { redirect, signedOutAnswer } from '../web/redirect.ts'
import { isNavigation } from '../web/request.ts'

/** Who is signed in in this browser, or nobody. Writes nothing. Throws ERR_STORE when that cannot be known. */
export async function check(app: App, describe: Describe, request: Request): Promise<Session | undefined> {
  const stored = await findSession(app, request)
  return stored && describe(stored)
}

/** The page for who is signed in; for others the way to the login, or 401 where a script asks. */
export async function protect(
  app: App,
  describe: Describe,
  request: Request,
  page: (session: Session) => Response | Promise<Response>,
): Promise<Response> {
  const stored = await findSession(app, request)
  if (!stored) return app.host ? sendToHost(app, app.host, request) : signedOut(app, request)
  const response = await page(describe(stored))
  noteVisit(app, stored)
  return privately(response, app.host ? expireAsked(app, request, stored) : [])
}

/** A longer way back would not fit into our headers; the login then leads home. */
const mostReturnTo = 1024

function signedOut(app: App, request: Request): Response {
  if (!isNavigation(request)) return signedOutAnswer()
  // The path only: behind a proxy the request's own origin is not the app's.
  const { pathname, search } = new URL(request.url)
  const returnTo = new URLSearchParams({ returnTo: pathname + search }).toString()
  return redirect(returnTo.length > mostReturnTo ? app.route('login') : `${app.route('login')}?${returnTo}`)
}

/** After the response, and at most once per tenth of the idle time: a lost note shortens the session, never lengthens it. */
export function noteVisit(app: App, stored: StoredSession): void {
  const { runtime, limits } = app.options
  if (stored.seenAt + limits.idleSeconds / 10 <= runtime.now())
    runtime.waitUntil(app.store.touch(stored.id).catch(() => {}))
}

/** No cache keeps what only this person may see. */
function privately(response: Response, setCookies: readonly string[]): Response {
  const copy = new Response(response.body, response)
  copy.headers.set('cache-control', 'no-store')
  for (const line of setCookies) copy.headers.append('set-cookie', line)
  return copy
}
