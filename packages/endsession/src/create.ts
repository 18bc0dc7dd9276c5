import { type App, createApp } from './app.ts'
import { createDescribe, type Session } from './current.ts'
import { type Access, accessToken } from './flows/access-token.ts'
import { backchannelLogout } from './flows/backchannel-logout.ts'
import { check, protect } from './flows/check.ts'
import { finishLogin } from './flows/finish-login.ts'
import { finishProbe } from './flows/finish-probe.ts'
import { loggedOut } from './flows/logged-out.ts'
import { login } from './flows/login.ts'
import { confirmLogout, type LoggedOut, logout, type LogoutWish, readWish } from './flows/logout.ts'
import type { Options } from './options.ts'
import { resolveOptions } from './resolve-options.ts'
import { createRetries, type Retries } from './retries.ts'
import { every } from './runtime.ts'
import { sweep } from './settle.ts'
import { takeTransaction } from './transactions.ts'
import { errorResponse } from './web/error-response.ts'
import { readForm } from './web/request.ts'

/** Logins, sessions and logouts of one app. Made by `createEndSession`. */
export interface EndSession {
  /**
   * Answers every route of ours under `basePath`; `undefined`: not one of ours. Never throws for what a request holds;
   * answers 4xx in fixed words. Throws ERR_OPTIONS when the options, given as a function, do not work.
   */
  handle(request: Request): Promise<Response | undefined>
  /**
   * Who is signed in, asked of the store each time. Writes nothing, so it does not count as a visit for the idle time;
   * `protect` does. Never throws for "signed out"; throws ERR_STORE when it cannot know.
   */
  session(request: Request): Promise<Session | undefined>
  /** For pages: signed out → login (navigation) or 401 (fetch); signed in → your response plus `no-store`. Throws ERR_STORE. */
  protect(request: Request, page: (session: Session) => Response | Promise<Response>): Promise<Response>
  /** The session's access token. Does not refresh it. Throws ERR_STORE. */
  accessToken(session: Session): Promise<Access>
  /**
   * What `POST {basePath}/logout` does, for a route or action of your own. The response has to reach the browser: it
   * removes the cookies and moves on to the provider. Throws ERR_REQUEST when the request is not from a page of this app.
   */
  logout(request: Request, options?: Pick<LogoutWish, 'scope' | 'returnTo'>): Promise<LoggedOut>
  /** What to register at the provider, exactly. */
  readonly urls: { readonly callback: string; readonly loggedOut: string; readonly backchannelLogout: string }
  /** Checks options, store and discovery now instead of at the first request. Throws ERR_OPTIONS, ERR_STORE, ERR_PROVIDER. */
  ready(): Promise<void>
  /** Stops the work in the background and closes the store. */
  close(): Promise<void>
}

const sweepSeconds = 30

type Route = (request: Request) => Promise<Response>

/**
 * Makes the object that handles logins, sessions and logouts. Does no I/O. A function is called, and its result checked,
 * at the first request, so that a build can import the module without secrets; an object is checked at once.
 * Throws ERR_OPTIONS with every problem.
 */
export function createEndSession(options: Options | (() => Options)): EndSession {
  let made: Made | undefined
  const get = (): Made => {
    made ??= make(typeof options === 'function' ? options() : options)
    return made
  }
  if (typeof options !== 'function') get()

  return {
    handle: (request) => get().handle(request),
    session: (request) => get().started(({ app, describe }) => check(app, describe, request)),
    protect: (request, page) => get().started(({ app, describe }) => protect(app, describe, request, page)),
    accessToken: (session) => get().started(({ app }) => accessToken(app, session)),
    logout: (request, wish = {}) => get().started(({ app }) => logout(app, request, wish)),
    get urls() {
      const { app } = get()
      return { callback: app.route('callback'), loggedOut: app.route('logged-out'), backchannelLogout: app.route('backchannel-logout') }
    },
    ready: () => get().ready(),
    close: async () => made?.close(),
  }
}

interface Made {
  readonly app: App
  readonly describe: ReturnType<typeof createDescribe>
  started<T>(work: (made: Made) => Promise<T>): Promise<T>
  handle(request: Request): Promise<Response | undefined>
  ready(): Promise<void>
  close(): Promise<void>
}

function make(options: Options): Made {
  const app = createApp(resolveOptions(options))
  const { basePath, runtime, store } = app.options
  const retries = createRetries(runtime)
  const routes = routesOf(app, retries)
  let stop: (() => void) | undefined

  const made: Made = {
    app,
    describe: createDescribe(app),
    /** Nothing runs in the background of an app that nobody has asked for anything. */
    started(work) {
      stop ??= every(sweepSeconds, () => sweep(app))
      return work(made)
    },
    async handle(request) {
      const { pathname } = new URL(request.url)
      if (!pathname.startsWith(`${basePath}/`)) return undefined
      const methods = routes.get(pathname.slice(basePath.length + 1))
      if (!methods) return undefined
      const route = methods.get(request.method === 'HEAD' ? 'GET' : request.method)
      if (!route) return new Response(null, { status: 405, headers: { allow: [...methods.keys()].join(', '), 'cache-control': 'no-store' } })
      return made.started(() => route(request)).catch((error) => errorResponse(app.page, request, error))
    },
    async ready() {
      await app.store.ready()
      await Promise.all([...app.providers.values()].map((provider) => provider.metadata()))
    },
    async close() {
      stop?.()
      retries.close()
      await store.close()
    },
  }
  return made
}

type Routes = ReadonlyMap<string, ReadonlyMap<string, Route>>

/** Every route there is. Forms cannot DELETE, so neither can we. */
function routesOf(app: App, retries: Retries): Routes {
  const callback: Route = async (request) => {
    const opened = await takeTransaction(app, request)
    return opened.transaction.kind === 'probe' ? finishProbe(app, request, opened) : finishLogin(app, request, opened)
  }
  const logoutByForm: Route = async (request) => (await logout(app, request, readWish(await readForm(request)))).response
  return new Map([
    ['login', new Map([['GET', (request) => login(app, request)]])],
    ['callback', new Map([['GET', callback]])],
    ['logout', new Map([['GET', async (request) => confirmLogout(app, request)], ['POST', logoutByForm]])],
    ['logged-out', new Map([['GET', (request) => loggedOut(app, request)]])],
    ['backchannel-logout', new Map([['POST', (request) => backchannelLogout(app, retries, request)]])],
  ] satisfies readonly (readonly [string, ReadonlyMap<string, Route>])[])
}

export type { Access, LoggedOut, Session }
