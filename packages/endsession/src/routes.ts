import type { App } from './app.ts'
import type { Describe } from './current.ts'
import { EndSessionError } from './errors.ts'
import { backchannelLogout } from './flows/backchannel-logout.ts'
import { getDevices, postDevices } from './flows/devices.ts'
import { openEvents } from './flows/events.ts'
import { feed } from './flows/feed.ts'
import { finishLogin } from './flows/finish-login.ts'
import { finishProbe } from './flows/finish-probe.ts'
import { frontchannelLogout } from './flows/frontchannel-logout.ts'
import { loggedOut } from './flows/logged-out.ts'
import { login } from './flows/login.ts'
import { confirmLogout, logout, readWish } from './flows/logout.ts'
import { tellSession } from './flows/session.ts'
import { startHostLogin } from './hosted-login.ts'
import type { Retries } from './retries.ts'
import type { TabStreams } from './tab-streams.ts'
import { takeTransaction } from './transactions.ts'
import { readForm, single } from './web/request.ts'

/** `app` comes with each request: attached, it knows the host of this one. */
export type Route = (app: App, request: Request) => Promise<Response>
export type Routes = ReadonlyMap<string, ReadonlyMap<string, Route>>

/** Every route there is. Forms cannot DELETE, so neither can we. */
export function routesOf(app: App, describe: Describe, retries: Retries, streams: TabStreams): Routes {
  const { feedKeys, frontchannel } = app.options
  /** Questions and visits at work, by guard and by issuer. */
  const waiting = new Map<string, number>()
  const visits = new Map<string, number>()
  return new Map<string, ReadonlyMap<string, Route>>([
    ['login', only(startLogin)],
    ['callback', only(comeBack)],
    ...ownCallbacks(app).map((name) => [`callback/${name}`, only(comeBack)] as const),
    [
      'logout',
      new Map<string, Route>([
        ['GET', async (app, request) => confirmLogout(app, request)],
        ['POST', logoutByForm],
      ]),
    ],
    ['logged-out', only(loggedOut)],
    [
      'devices',
      new Map<string, Route>([
        ['GET', (app, request) => getDevices(app, describe, request)],
        ['POST', async (app, request) => postDevices(app, describe, request, await readForm(request))],
      ]),
    ],
    ['session', only(tellSession)],
    ['events', only((app, request) => openEvents(app, streams, request))],
    ['backchannel-logout', new Map([['POST', (app, request) => backchannelLogout(app, retries, request)]])],
    ...(feedKeys.size > 0 ? [['feed', only((app, request) => feed(app, waiting, request))] as const] : []),
    ...(frontchannel
      ? [['frontchannel-logout', only((app, request) => frontchannelLogout(app, visits, request))] as const]
      : []),
  ])
}

/** The providers whose answers come to a redirect URI of their own. */
function ownCallbacks(app: App): readonly string[] {
  return [...app.options.providers].filter(([, config]) => config.ownCallback).map(([name]) => name)
}

function only(route: Route): ReadonlyMap<string, Route> {
  return new Map([['GET', route]])
}

async function startLogin(app: App, request: Request): Promise<Response> {
  if (!app.host) return login(app, request)
  return startHostLogin(app, app.host, request, single(new URL(request.url).searchParams, 'returnTo'))
}

async function comeBack(app: App, request: Request): Promise<Response> {
  const opened = await takeTransaction(app, request)
  if (opened.transaction.kind === 'probe') return finishProbe(app, request, opened)
  return finishLogin(app, request, opened).catch((error) => {
    // A login that this browser had begun: what strangers send for one is no event.
    if (error instanceof EndSessionError && error.code === 'ERR_LOGIN')
      app.options.emit({ type: 'login.failed', error })
    throw error
  })
}

async function logoutByForm(app: App, request: Request): Promise<Response> {
  const { response } = await logout(app, request, readWish(await readForm(request)))
  return response
}
