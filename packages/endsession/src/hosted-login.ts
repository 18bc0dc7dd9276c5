/** Attached: the way to the host's own login, interactive where something has ended that a silent one would bring back. */
import type { App } from './app.ts'
import { expireFresh, freshProviders } from './fresh.ts'
import { type Host, refusedHandle } from './host.ts'
import { readCookie } from './web/cookies.ts'
import { redirect, signedOutAnswer } from './web/redirect.ts'
import { isNavigation } from './web/request.ts'

/** How long a person may take at the host's login. */
const askedSeconds = 600

/** `GET login`: on to the host's. */
export function startHostLogin(app: App, host: Host, request: Request, returnTo: string): Response {
  return redirect(host.login({ interactive: freshProviders(app, request).length > 0, returnTo }))
}

/**
 * Nobody is signed in: on to the host's login. A login that was refused goes there once more, interactively; if that one
 * is refused as well, there is a page with a button. Never a loop.
 */
export async function sendToHost(app: App, host: Host, request: Request): Promise<Response> {
  if (!isNavigation(request)) return signedOutAnswer()
  const { pathname, search } = new URL(request.url)
  const returnTo = pathname + search
  if ((await host.handle(request)) !== refusedHandle) return startHostLogin(app, host, request, returnTo)

  const again = host.login({ interactive: true, returnTo })
  const { asked } = app.cookies.names
  if (readCookie(request, asked) === undefined) return redirect(again, [app.cookies.write(asked, '1', askedSeconds)])
  const action = { kind: 'link', text: 'signInButton', href: again } as const
  return app.page({ title: 'freshTitle', sentence: 'freshSentence', action }, 403, [app.cookies.expire(asked)])
}

/** `Set-Cookie` lines once somebody is signed in: the login screen has been asked for. */
export function expireAsked(app: App, request: Request): readonly string[] {
  const fresh = freshProviders(app, request).map((provider) => expireFresh(app, provider))
  return readCookie(request, app.cookies.names.asked) === undefined ? fresh : [...fresh, app.cookies.expire(app.cookies.names.asked)]
}
