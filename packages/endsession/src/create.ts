import type { EndSession } from './api.ts'
import { type App, createApp } from './app.ts'
import { adopt, openAttached } from './attached.ts'
import { createDescribe } from './current.ts'
import { createEndedListeners } from './ended-listeners.ts'
import { EndSessionError } from './errors.ts'
import { accessToken } from './flows/access-token.ts'
import { check, protect } from './flows/check.ts'
import { endDevice, endWho, listDevices } from './flows/devices.ts'
import { logout } from './flows/logout.ts'
import type { Host } from './host.ts'
import type { Options } from './options.ts'
import { type Resolved, resolveOptions } from './resolve-options.ts'
import { createRetries } from './retries.ts'
import { routesOf } from './routes.ts'
import { every } from './runtime.ts'
import { sessionIdOf } from './session/ids.ts'
import { sweep } from './settle.ts'
import { createTabStreams } from './tab-streams.ts'
import { probedProvider } from './transactions.ts'
import { createUnauthenticated } from './unauthenticated.ts'
import { errorResponse } from './web/error-response.ts'

const sweepSeconds = 30

/**
 * Makes the object that handles logins, sessions and logouts. Does no I/O. A function is called, and its result checked,
 * at the first request, so that a build can import the module without secrets; an object is checked at once.
 * Throws ERR_OPTIONS with every problem.
 */
export function createEndSession(options: Options | (() => Options)): EndSession {
  let made: EndSession | undefined
  const get = (): EndSession => {
    made ??= makeEndSession(typeof options === 'function' ? options() : options).endsession
    return made
  }
  if (typeof options !== 'function') get()
  return deferEndSession(get, async () => made?.close())
}

/** Asks for the object when it is asked itself. `close`: without making it first, where that can be. */
export function deferEndSession(
  get: () => EndSession,
  close: () => Promise<void> = async () => get().close(),
): EndSession {
  return {
    handle: async (request, how) => get().handle(request, how),
    session: async (request, how) => get().session(request, how),
    protect: async (request, page, how) => get().protect(request, page, how),
    accessToken: async (session) => get().accessToken(session),
    logout: async (request, wish) => get().logout(request, wish),
    devices: async (session) => get().devices(session),
    endDevice: async (session, which) => get().endDevice(session, which),
    end: async (who, reason) => get().end(who, reason),
    onEnded: (session, ended) => get().onEnded(session, ended),
    open: async (provider, tokens, how) => get().open(provider, tokens, how),
    adopt: async (provider, login) => get().adopt(provider, login),
    resume: async (handle) => get().resume(handle),
    get urls() {
      return get().urls
    },
    ready: async () => get().ready(),
    close,
  }
}

export interface Made {
  readonly endsession: EndSession
  readonly options: Resolved
  /** Its parts, with the work in the background going on; nothing where authentication is disabled. */
  readonly awake?: () => App
}

/** For adapters that need the parts as well. Throws ERR_OPTIONS with every problem. */
export function makeEndSession(given: Options): Made {
  const options = resolveOptions(given)
  return options.auth === 'disabled'
    ? { endsession: createUnauthenticated(options), options }
    : makeAuthenticated(options)
}

function makeAuthenticated(options: Resolved): Made {
  const app = createApp(options)
  const { basePath, runtime, emit } = options
  const retries = createRetries(runtime)
  const describe = createDescribe(app)
  const listeners = createEndedListeners(app)
  const streams = createTabStreams(listeners, runtime)
  const routes = routesOf(app, describe, retries, streams)
  let stop: (() => void) | undefined

  /** Nothing runs in the background of an app that nobody has asked for anything. */
  const awake = (): App => {
    stop ??= every(sweepSeconds, () => sweep(app))
    return app
  }
  const hosted = (host: Host | undefined): App => (host ? { ...awake(), host } : awake())

  const endsession: EndSession = {
    async handle(request, { host } = {}) {
      const { pathname } = new URL(request.url)
      if (!pathname.startsWith(`${basePath}/`)) return undefined
      const name = pathname.slice(basePath.length + 1)
      const methods = routes.get(name)
      if (!methods) return undefined
      // Attached, the way back from the login is the host's, whatever it is called; that from a probe is ours.
      if (/^callback(\/|$)/.test(name) && (host ?? options.host) && probedProvider(app, request) === undefined)
        return undefined
      const route = methods.get(request.method === 'HEAD' ? 'GET' : request.method)
      if (!route) return methodNotAllowed([...methods.keys()])
      return route(hosted(host), request).catch((error) => {
        if (error instanceof EndSessionError && error.code === 'ERR_PROVIDER') emit({ type: 'provider.failed', error })
        return errorResponse(app.page, request, error)
      })
    },
    session: (request, { host } = {}) => check(hosted(host), describe, request),
    protect: (request, page, { host } = {}) => protect(hosted(host), describe, request, page),
    accessToken: (session) => accessToken(awake(), session),
    logout: (request, { host, ...wish } = {}) => logout(hosted(host), request, wish),
    devices: (session) => listDevices(awake(), session),
    endDevice: (session, which) => endDevice(awake(), session, which),
    end: (who, reason) => endWho(awake(), who, reason),
    onEnded(session, ended) {
      // An expiry is told by the sweeper.
      awake()
      return listeners.add(session.id, ended)
    },
    open: (provider, tokens, how) => openAttached(awake(), provider, tokens, how),
    adopt: (provider, login) => adopt(awake(), provider, login),
    async resume(handle) {
      const id = sessionIdOf(handle)
      const stored = id === undefined ? undefined : await awake().store.get(id)
      return stored && describe(stored)
    },
    urls: app.urls,
    async ready() {
      await app.store.ready()
      await Promise.all([...app.providers.values()].map((provider) => provider.metadata()))
    },
    async close() {
      stop?.()
      retries.close()
      streams.close()
      listeners.close()
      await options.store.close()
    },
  }
  return { endsession, options, awake }
}

function methodNotAllowed(methods: readonly string[]): Response {
  return new Response(null, { status: 405, headers: { allow: methods.join(', '), 'cache-control': 'no-store' } })
}
