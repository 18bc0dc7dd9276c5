/** Attached: the way to the host's own login, interactive where something has ended that a silent one would bring back. */
import type { App } from './app.ts'
import { findSession } from './current.ts'
import { EndSessionError } from './errors.ts'
import { expireFresh, freshProviders } from './fresh.ts'
import { type Host, readHandle, refusedHandle } from './host.ts'
import { loginReturnTo } from './login-return.ts'
import type { StoredSession } from './session/store.ts'
import { readCookie } from './web/cookies.ts'
import { redirect, signedOutAnswer } from './web/redirect.ts'
import { isNavigation, isPrefetch } from './web/request.ts'

/** How long a person may take at the host's login. */
const askedSeconds = 600
/** Nobody comes back from a login without one so often, in so little time: the host lets them through, and we do not. */
const mostReturns = 5
const returnSeconds = 10

/** `GET login`: on to the host's. */
export async function startHostLogin(
  app: App,
  host: Host,
  request: Request,
  wanted: string | undefined,
): Promise<Response> {
  if (isPrefetch(request)) return nothingYet()
  const { there, tried } = await wayToHost(app, host, request, wanted)
  const isOver = tried !== undefined && !(await findSession(app, request))
  return redirect(there, isOver ? host.expire(request) : [])
}

/**
 * Nobody is signed in: on to the host's login. Where the host has a login that is not good enough, that is done once; where
 * it was refused, once interactively; where it has none that we know of, a few times in a row. If what comes back is no
 * better, there is a page with a button. Never a loop.
 */
export async function sendToHost(app: App, host: Host, request: Request): Promise<Response> {
  if (!isNavigation(request)) return signedOutAnswer()
  if (isPrefetch(request)) return nothingYet()
  // The path only: behind a proxy the request's own origin is not the app's.
  const { pathname, search } = new URL(request.url)
  const { there, tried } = await wayToHost(app, host, request, pathname + search)
  const { asked } = app.cookies.names
  const note = noteOf(tried, readCookie(request, asked))
  // A host that has a login would take the person for signed in, and send them back here at once: it has to forget it.
  if (note)
    return redirect(there, [...(tried ? host.expire(request) : []), app.cookies.write(asked, note.value, note.seconds)])
  const words =
    tried === 'interactive'
      ? (['freshTitle', 'freshSentence'] as const)
      : (['notSignedInTitle', 'notSignedInSentence'] as const)
  const action = { kind: 'link', text: 'signInButton', href: there } as const
  return app.page({ title: words[0], sentence: words[1], action }, 403, [
    ...host.expire(request),
    app.cookies.expire(asked),
  ])
}

/** What this browser is asked to remember of going to the login now; nothing when it has been there for this already. */
function noteOf(tried: WayToHost['tried'], before: string | undefined): { value: string; seconds: number } | undefined {
  if (tried) return tried === before ? undefined : { value: tried, seconds: askedSeconds }
  const returns = /^\d$/.test(before ?? '') ? Number(before) : 0
  return returns < mostReturns ? { value: String(returns + 1), seconds: returnSeconds } : undefined
}

/**
 * `Set-Cookie` lines once somebody is signed in: the login screen has been asked for, and the logout before is history.
 * Other providers' markers stay.
 */
export function expireAsked(app: App, request: Request, stored: StoredSession): readonly string[] {
  const provider = app.providerOf(stored)
  const fresh = freshProviders(app, request).filter((one) => one === provider)
  const { asked, logout } = app.cookies.names
  const done = [asked, logout].filter((name) => readCookie(request, name) !== undefined)
  return [...fresh.map((one) => expireFresh(app, one)), ...done.map(app.cookies.expire)]
}

/** `Set-Cookie` line: the login that begins now has been asked to show the login screen. */
export function writeAsked({ cookies }: App): string {
  return cookies.write(cookies.names.asked, 'interactive', askedSeconds)
}

interface WayToHost {
  readonly there: string
  /** The host has a login: what is asked of it where that opens nothing. */
  readonly tried?: 'login' | 'interactive'
}

async function wayToHost(app: App, host: Host, request: Request, wanted: string | undefined): Promise<WayToHost> {
  const handle = await readHandle(host, request)
  const interactive = handle === refusedHandle || freshProviders(app, request).length > 0
  const there = host.login({ interactive, returnTo: loginReturnTo(app, wanted) })
  if (isOwnLogin(app, there))
    throw new EndSessionError(
      'ERR_OPTIONS',
      'host.login leads to our own route, which leads to host.login: set another basePath.',
    )
  return { there, ...(handle !== undefined && { tried: interactive ? 'interactive' : 'login' }) }
}

function isOwnLogin(app: App, there: string): boolean {
  const own = app.route('login')
  const url = URL.canParse(there, own) ? new URL(there, own) : undefined
  return url !== undefined && url.origin + url.pathname === own
}

/** Nobody has asked for this page yet. */
function nothingYet(): Response {
  return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
}
