import type { App } from '../app.ts'
import { type Describe, findSession, type Session } from '../current.ts'
import type { StoredSession } from '../session/store.ts'
import { redirect } from '../web/redirect.ts'
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
  if (!stored) return signedOut(app, request)
  const response = await page(describe(stored))
  noteVisit(app, stored)
  return privately(response)
}

export function signedOut(app: App, request: Request): Response {
  if (!isNavigation(request))
    return Response.json({ error: 'signed_out' }, { status: 401, headers: { 'cache-control': 'no-store' } })
  // The path only: behind a proxy the request's own origin is not the app's.
  const { pathname, search } = new URL(request.url)
  return redirect(`${app.route('login')}?${new URLSearchParams({ returnTo: pathname + search })}`)
}

/** After the response, and at most once per tenth of the idle time: a lost note shortens the session, never lengthens it. */
export function noteVisit(app: App, stored: StoredSession): void {
  const { runtime, limits } = app.options
  if (stored.seenAt + limits.idleSeconds / 10 <= runtime.now()) runtime.waitUntil(app.store.touch(stored.id).catch(() => {}))
}

/** No cache keeps what only this person may see. */
function privately(response: Response): Response {
  const copy = new Response(response.body, response)
  copy.headers.set('cache-control', 'no-store')
  return copy
}
