import { EndSessionError } from './errors.ts'
import { type Emit, emitTo } from './events.ts'
import type { Env, Options, ProviderOptions } from './options.ts'
import { profileFor, profileNames } from './profiles/index.ts'
import type { ProviderConfig } from './protocol/provider.ts'
import { type Runtime, systemRuntime } from './runtime.ts'
import type { Limits, Store } from './session/store.ts'
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
  readonly texts: Texts
  readonly unsafeLossyStore: boolean
  readonly emit: Emit
  readonly runtime: Runtime
}

const knownKeys = {
  '': [
    'baseUrl', 'basePath', 'secret', 'store', 'providers', 'session', 'logout', 'trustedOrigins', 'texts',
    'unsafeLossyStore', 'onEvent', 'runtime',
  ],
  session: ['absoluteSeconds', 'idleSeconds', 'accessTokenSeconds'],
  logout: ['scope', 'landing', 'clear', 'deadlineSeconds', 'reauthSeconds', 'endedSeconds', 'probe'],
  provider: ['issuer', 'clientId', 'clientSecret', 'scope', 'profile', 'serverUrl'],
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
    if (!(Number.isFinite(value) && value > 0 && value <= most)) report(path, `must be a number of seconds between 0 and ${most}`)
    return value
  }
  const { session = {}, logout = {} } = options
  const origin = checkOrigin(options.baseUrl, report)
  const trustedOrigins = (options.trustedOrigins ?? []).map((value, place) => checkTrusted(value, `trustedOrigins[${place}]`, report))
  const resolved: Resolved = {
    origin,
    basePath: checkBasePath(options.basePath ?? '/auth', report),
    secrets: checkSecrets(options.secret, report),
    store: checkStore(options.store, report),
    providers: checkProviders(options.providers, report),
    limits: Object.freeze({
      absoluteSeconds: number('session.absoluteSeconds', session.absoluteSeconds, 7 * dayInSeconds),
      idleSeconds: number('session.idleSeconds', session.idleSeconds, dayInSeconds),
      accessTokenSeconds: number('session.accessTokenSeconds', session.accessTokenSeconds, dayInSeconds),
      endedSeconds: number('logout.endedSeconds', logout.endedSeconds, 600, dayInSeconds),
      reauthSeconds: number('logout.reauthSeconds', logout.reauthSeconds, 30 * dayInSeconds),
    }),
    scope: oneOf('logout.scope', logout.scope ?? 'provider', ['app', 'provider', 'everywhere'], report),
    ...(logout.landing !== undefined && { landing: checkLanding(logout.landing, origin, trustedOrigins, report) }),
    clear: (logout.clear ?? []).map((type, place) => oneOf(`logout.clear[${place}]`, type, ['cache', 'storage'], report)),
    deadlineSeconds: number('logout.deadlineSeconds', logout.deadlineSeconds, 3, 30),
    probe: oneOf('logout.probe', logout.probe ?? 'never', ['never', 'where_it_proves'], report) === 'where_it_proves',
    trustedOrigins,
    texts: checkTexts(options.texts, report),
    unsafeLossyStore: options.unsafeLossyStore ?? false,
    emit: emitTo(options.onEvent),
    runtime: { ...systemRuntime(), ...options.runtime },
  }
  if (problems.length > 0)
    throw new EndSessionError('ERR_OPTIONS', `The options do not work yet:\n${problems.map((line) => `- ${line}`).join('\n')}`)
  return Object.freeze(resolved)
}

type Tell = (path: string, whatToDo: string) => void

function checkKeys(path: string, value: object | undefined, known: readonly string[], report: Tell): void {
  for (const key of Object.keys(value ?? {})) {
    if (known.includes(key)) continue
    const nearest = known.toSorted((a, b) => distance(a, key) - distance(b, key))[0] as string
    const hint = distance(nearest, key) <= 3 ? `; did you mean ${nearest}?` : `; known are ${known.join(', ')}`
    report(path ? `${path}.${key}` : key, `there is no such option${hint}`)
  }
}

function checkOrigin(value: Env, report: Tell): string {
  const url = value !== undefined && URL.canParse(value) ? new URL(value) : undefined
  const bare = url && (url.href === `${url.origin}/` || url.href === url.origin)
  if (!url || !bare) report('baseUrl', 'must be the origin where browsers find the app, like https://mail.example.com')
  else if (!isSecure(url)) report('baseUrl', 'must be https; http works for localhost, *.localhost and loopback addresses only')
  return url?.origin ?? ''
}

function checkTrusted(value: string, path: string, report: Tell): string {
  const origin = URL.canParse(value) ? new URL(value).origin : 'null'
  if (origin === 'null' || origin !== value) report(path, 'must be an origin, like https://www.example.com')
  return value
}

function checkBasePath(value: string, report: Tell): string {
  if (!/^(\/[\w.~-]+)+$/.test(value)) report('basePath', 'must begin with a slash and not end with one, like /auth')
  return value
}

function checkSecrets(value: Options['secret'], report: Tell): readonly string[] {
  const given = Array.isArray(value) ? (value as readonly Env[]) : [value as Env]
  const secrets = given.filter((secret) => secret !== undefined)
  if (given.length === 0 || secrets.length < given.length || secrets.some((secret) => new TextEncoder().encode(secret).length < 32))
    report('secret', 'must have at least 32 bytes; make one with: openssl rand -base64 32')
  return secrets
}

function checkStore(store: Store | undefined, report: Tell): Store {
  if (typeof store?.end !== 'function')
    report('store', 'must be a store, like sqliteStore(new DatabaseSync("sessions.db")) of endsession/sqlite')
  return store as Store
}

function checkProviders(given: Options['providers'] | undefined, report: Tell): ReadonlyMap<string, ProviderConfig> {
  const providers = new Map<string, ProviderConfig>()
  for (const [name, provider] of Object.entries(given ?? {})) {
    const path = `providers.${name}`
    if (!/^[\w-]{1,64}$/.test(name)) report(path, 'a name is made of letters, digits, _ and -')
    checkKeys(path, provider, knownKeys.provider, report)
    providers.set(name, checkProvider(provider, path, report))
  }
  if (providers.size === 0) report('providers', 'must name at least one provider')
  const seen = [...providers.values()].map(({ issuer, clientId }) => `${issuer} ${clientId}`)
  if (new Set(seen).size < seen.length) report('providers', 'must differ in issuer or clientId')
  return providers
}

function checkProvider(provider: ProviderOptions, path: string, report: Tell): ProviderConfig {
  const { issuer = '', clientId = '', clientSecret, scope = 'openid profile email', profile, serverUrl } = provider
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  if (!url) report(`${path}.issuer`, 'must be the issuer URL of the provider, exactly as in its tokens')
  else if (!isSecure(url)) report(`${path}.issuer`, 'must be https; http works for loopback names only')
  else if (url.search || url.hash) report(`${path}.issuer`, 'must have no query and no fragment')
  if (clientId === '') report(`${path}.clientId`, 'is missing')
  if (clientSecret === '') report(`${path}.clientSecret`, 'is empty; leave it out for a public client')
  if (!scope.split(' ').includes('openid')) report(`${path}.scope`, 'must contain openid')
  if (serverUrl !== undefined && !URL.canParse(serverUrl)) report(`${path}.serverUrl`, 'must be a URL')
  if (profile?.name !== undefined && !profileNames.includes(profile.name))
    report(`${path}.profile.name`, `there is no such profile; known are ${profileNames.join(', ')}`)
  return {
    issuer,
    clientId,
    ...(clientSecret !== undefined && { clientSecret }),
    scope,
    ...(serverUrl !== undefined && { serverUrl }),
    profile: profileFor(issuer, profile),
  }
}

function checkLanding(value: string, origin: string, trusted: readonly string[], report: Tell): string {
  const url = URL.canParse(value, origin || 'http://localhost') ? new URL(value, origin || 'http://localhost') : undefined
  if (!url || (origin && url.origin !== origin && !trusted.includes(url.origin)))
    report('logout.landing', 'must be a path of this app, or a URL on one of trustedOrigins')
  return url?.href ?? ''
}

function checkTexts(given: Options['texts'], report: Tell): Texts {
  checkKeys('texts', given, Object.keys(defaultTexts), report)
  return Object.freeze({ ...defaultTexts, ...given })
}

function oneOf<T extends string>(path: string, value: T, known: readonly T[], report: Tell): T {
  if (!known.includes(value)) report(path, `must be one of ${known.join(', ')}`)
  return value
}

/** https, or a name that never leaves this machine (RFC 6761, section 6.3). */
function isSecure(url: URL): boolean {
  if (url.protocol === 'https:') return true
  const loopback = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/
  return url.protocol === 'http:' && loopback.test(url.hostname)
}

/** Levenshtein: how many letters apart. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, place) => place)
  for (const [i, letter] of [...a.toLowerCase()].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b.toLowerCase()].entries())
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)))
    row = next
  }
  return row[b.length] ?? 0
}
