import { EndSessionError } from './errors.ts'
import { type Emit, emitTo } from './events.ts'
import type { Host } from './host.ts'
import { checkKeys, isSecure, oneOf, type Tell } from './option-checks.ts'
import type { Env, Options } from './options.ts'
import { type ProviderConfig, toleranceSeconds } from './protocol/provider.ts'
import { checkProviders } from './resolve-providers.ts'
import { type Runtime, systemRuntime } from './runtime.ts'
import type { Limits, Store } from './session/store.ts'
import { safeReturnTo } from './web/return-to.ts'
import { defaultTexts, type Texts } from './web/texts.ts'
import type { Scope } from './words.ts'

/** Options after their check: complete, frozen, and never changed by a request. */
export interface Resolved {
  /** Origin, no slash behind it. */
  readonly origin: string
  /** Leading slash, none behind it. */
  readonly basePath: string
  readonly secrets: readonly string[]
  readonly store: Store
  readonly providers: ReadonlyMap<string, ProviderConfig>
  readonly limits: Limits
  readonly scope: Scope
  /** Absolute. */
  readonly landing?: string
  readonly clear: readonly string[]
  readonly deadlineSeconds: number
  readonly probe: boolean
  readonly trustedOrigins: readonly string[]
  /** Guard name → key. */
  readonly feedKeys: ReadonlyMap<string, string>
  readonly auth: 'enabled' | 'disabled'
  readonly frontchannel: boolean
  readonly host?: Host
  /** Epoch seconds. */
  readonly adoptUntil?: number
  readonly texts: Texts
  readonly unsafeLossyStore: boolean
  readonly emit: Emit
  readonly runtime: Runtime
}

const knownKeys = {
  '': [
    'baseUrl',
    'basePath',
    'secret',
    'store',
    'providers',
    'session',
    'logout',
    'trustedOrigins',
    'feed',
    'frontchannel',
    'host',
    'adoptUntil',
    'auth',
    'texts',
    'unsafeLossyStore',
    'onEvent',
    'runtime',
  ],
  session: ['absoluteSeconds', 'idleSeconds', 'accessTokenSeconds'],
  logout: ['scope', 'landing', 'clear', 'deadlineSeconds', 'reauthSeconds', 'endedSeconds', 'probe'],
  runtime: ['now', 'monotonic', 'randomBytes', 'fetch', 'waitUntil'],
} as const

const dayInSeconds = 86_400
const yearInSeconds = 366 * dayInSeconds

/** Checks everything and lists every problem at once, each with its path and what to do. Throws ERR_OPTIONS. */
export function resolveOptions(options: Options): Resolved {
  const problems: string[] = []
  const report = (path: string, whatToDo: string) => void problems.push(`${path}: ${whatToDo}`)

  checkKeys('', options, knownKeys[''], report)
  checkKeys('session', options.session, knownKeys.session, report)
  checkKeys('logout', options.logout, knownKeys.logout, report)
  checkKeys('runtime', options.runtime, knownKeys.runtime, report)

  const number = (path: string, value: number | undefined, fallback: number, most = yearInSeconds) => {
    if (value === undefined) return fallback
    if (!(Number.isFinite(value) && value > 0 && value <= most))
      report(path, `must be a number of seconds between 0 and ${most}`)
    return value
  }
  const { session = {}, logout = {} } = options
  const origin = checkOrigin(options.baseUrl, report)
  const list = <T>(path: string, given: readonly T[] = []): readonly T[] => {
    if (!Array.isArray(given)) report(path, 'must be a list')
    return Array.isArray(given) ? given : []
  }
  const trustedOrigins = list('trustedOrigins', options.trustedOrigins).map((value, place) =>
    checkTrusted(value, `trustedOrigins[${place}]`, report),
  )
  const resolved: Resolved = {
    origin,
    basePath: checkBasePath(options.basePath ?? '/auth', report),
    secrets: options.auth === 'disabled' ? [] : checkSecrets(options.secret, report),
    store: checkStore(options.store, report),
    providers: options.auth === 'disabled' ? new Map() : checkProviders(options.providers, report),
    limits: Object.freeze({
      absoluteSeconds: number('session.absoluteSeconds', session.absoluteSeconds, 7 * dayInSeconds),
      idleSeconds: number('session.idleSeconds', session.idleSeconds, dayInSeconds),
      accessTokenSeconds: number('session.accessTokenSeconds', session.accessTokenSeconds, dayInSeconds),
      endedSeconds: number('logout.endedSeconds', logout.endedSeconds, 600, dayInSeconds),
      reauthSeconds: number('logout.reauthSeconds', logout.reauthSeconds, 30 * dayInSeconds),
      // Nodes' clocks differ: what ended is remembered for longer than any of them adopts.
      ...(options.adoptUntil !== undefined && { marksUntil: options.adoptUntil + toleranceSeconds }),
    }),
    scope: oneOf('logout.scope', logout.scope ?? 'provider', ['app', 'provider', 'everywhere'], report),
    ...(logout.landing !== undefined && { landing: checkLanding(logout.landing, origin, trustedOrigins, report) }),
    clear: list('logout.clear', logout.clear).map((type, place) =>
      oneOf(`logout.clear[${place}]`, type, ['cache', 'storage'], report),
    ),
    deadlineSeconds: number('logout.deadlineSeconds', logout.deadlineSeconds, 3, 30),
    probe: oneOf('logout.probe', logout.probe ?? 'never', ['never', 'where_it_proves'], report) === 'where_it_proves',
    trustedOrigins,
    feedKeys: checkFeedKeys(options.feed, report),
    auth: oneOf('auth', options.auth ?? 'enabled', ['enabled', 'disabled'], report),
    frontchannel: options.frontchannel ?? false,
    ...(options.host && { host: checkHost(options.host, report) }),
    ...(options.adoptUntil !== undefined && { adoptUntil: checkMoment('adoptUntil', options.adoptUntil, report) }),
    texts: checkTexts(options.texts, report),
    unsafeLossyStore: oneOf('unsafeLossyStore', options.unsafeLossyStore ?? false, [true, false], report),
    emit: emitTo(checkFunction('onEvent', options.onEvent, report)),
    runtime: checkRuntime(options.runtime, report),
  }
  if (problems.length > 0)
    throw new EndSessionError(
      'ERR_OPTIONS',
      `The options do not work yet:\n${problems.map((line) => `- ${line}`).join('\n')}`,
    )
  return Object.freeze(resolved)
}

/** The origin, or an empty string. */
export function checkOrigin(value: Env, report: Tell): string {
  const url = value !== undefined && URL.canParse(value) ? new URL(value) : undefined
  const bare = url && (url.href === `${url.origin}/` || url.href === url.origin)
  if (!url || !bare) report('baseUrl', 'must be the origin where browsers find the app, like https://mail.example.com')
  else if (!isSecure(url))
    report('baseUrl', 'must be https; http works for localhost, *.localhost and loopback addresses only')
  return url?.origin ?? ''
}

function checkTrusted(value: string, path: string, report: Tell): string {
  const origin = URL.canParse(value) ? new URL(value).origin : 'null'
  if (origin === 'null' || origin !== value) report(path, 'must be an origin, like https://www.example.com')
  return value
}

export function checkBasePath(value: string, report: Tell): string {
  if (!/^(\/[\w.~-]+)+$/.test(value)) report('basePath', 'must begin with a slash and not end with one, like /auth')
  return value
}

function checkSecrets(value: Options['secret'], report: Tell): readonly string[] {
  const given = Array.isArray(value) ? (value as readonly Env[]) : [value as Env]
  const secrets = given.filter((secret) => secret !== undefined)
  if (
    given.length === 0 ||
    secrets.length < given.length ||
    secrets.some((secret) => new TextEncoder().encode(secret).length < 32)
  )
    report('secret', 'must have at least 32 bytes; make one with: openssl rand -base64 32')
  return secrets
}

function checkStore(store: Store | undefined, report: Tell): Store {
  if (typeof store?.end !== 'function')
    report('store', 'must be a store, like sqliteStore(new DatabaseSync("sessions.db")) of endsession/sqlite')
  return store as Store
}

function checkFeedKeys(feed: Options['feed'], report: Tell): ReadonlyMap<string, string> {
  checkKeys('feed', feed, ['keys'], report)
  const keys = new Map<string, string>()
  for (const [name, key = ''] of Object.entries(feed?.keys ?? {})) {
    if (!/^[\w-]{1,64}$/.test(name)) report(`feed.keys.${name}`, 'a name is made of letters, digits, _ and -')
    if (new TextEncoder().encode(key).length < 32)
      report(`feed.keys.${name}`, 'must have at least 32 bytes; make one with: openssl rand -base64 32')
    keys.set(name, key)
  }
  if (new Set(keys.values()).size < keys.size) report('feed.keys', 'each guard needs a key of its own')
  return keys
}

function checkHost(host: Host, report: Tell): Host {
  for (const name of ['handle', 'expire', 'login'] as const)
    if (typeof host[name] !== 'function') report(`host.${name}`, 'must be a function')
  return host
}

function checkMoment(path: string, value: number, report: Tell): number {
  if (!Number.isFinite(value) || value > 1e11)
    report(path, 'must be epoch seconds, like Math.floor(Date.UTC(2027, 0) / 1000)')
  return value
}

function checkLanding(value: string, origin: string, trusted: readonly string[], report: Tell): string {
  const url = origin ? safeReturnTo(String(value), origin, trusted) : value
  if (url === undefined) report('logout.landing', 'must be a path of this app, or a URL on one of trustedOrigins')
  return url ?? ''
}

function checkTexts(given: Options['texts'], report: Tell): Texts {
  checkKeys('texts', given, Object.keys(defaultTexts), report)
  const texts = Object.entries(given ?? {}).filter(([, text]) => text !== undefined)
  for (const [key, text] of texts) if (typeof text !== 'string') report(`texts.${key}`, 'must be text')
  return Object.freeze({ ...defaultTexts, ...Object.fromEntries(texts) })
}

/** Work after the response has nobody to tell of its failure: it never becomes an unhandled rejection. */
function checkRuntime(given: Options['runtime'], report: Tell): Runtime {
  const parts = Object.entries(given ?? {}).filter(([name, part]) => checkFunction(`runtime.${name}`, part, report))
  const runtime: Runtime = { ...systemRuntime(), ...Object.fromEntries(parts) }
  return { ...runtime, waitUntil: (work) => runtime.waitUntil(work.catch(() => {})) }
}

function checkFunction<T>(path: string, value: T, report: Tell): T {
  if (value !== undefined && typeof value !== 'function') report(path, 'must be a function')
  return value
}
