/** What every part works with, whatever the version of Auth.js: its configuration as it stands, and the one EndSession of the process. */
import type { App } from '../../app.ts'
import type { Made } from '../../create.ts'
import { EndSessionError } from '../../errors.ts'
import type { EndSession, Host, Options, ProviderOptions } from '../../index.ts'
import type { Resolved } from '../../resolve-options.ts'
import { within } from '../../runtime.ts'
import type { Bound } from './arrival.ts'
import { openHostCookie } from './codec.ts'
import { authCookie, type CookieNames, expireAuthCookies, readCookies, readSessionToken } from './cookies.ts'
import type { Claims, Secret } from './library.ts'
import { isOwnRow, isRowToken, openRow, type Rows, rowHandle } from './rows.ts'
import { shareEndSession } from './shared.ts'
import { readEarlier, withoutTokens } from './tokens.ts'
import { type Opened, unlessLogin } from './visit.ts'

/** What Auth.js does not know of a provider. */
export type ProviderExtras = Pick<ProviderOptions, 'profile' | 'serverUrl'>

/**
 * Options beside Auth.js's own: `secret` and the providers are read from its configuration, environment included. Called at
 * the first request.
 */
export interface AttachedOptions extends Omit<Options, 'providers' | 'host' | 'secret' | 'basePath'> {
  /** @default Auth.js's own */
  secret?: Options['secret']
  /** By Auth.js's id of the provider: what it does not know of it. */
  providers?: Readonly<Record<string, ProviderExtras>>
}

/** What the versions of Auth.js have each in their own way. */
export interface Library {
  readonly providers: Readonly<Record<string, ProviderOptions>>
  readonly names: CookieNames
  /** Of Auth.js's routes; ours are below it. */
  readonly authPath: string
  /** The app's own page for the choice of a provider. */
  readonly signInPage?: string | undefined
  readonly secret: Secret
  /** The app may have switched it off. */
  readonly checksCsrf: boolean
  /** Its script asks, which takes no page: it is told where one is. */
  wantsAddress(request: Request, body: string): boolean
  /** Sessions in Auth.js's own database; nothing where they are in the cookie. */
  readonly rows?: Rows | undefined
  /** It has a database of people, and its own ids for them, wherever the sessions are. */
  readonly ownIds: boolean
  /** A session cookie of Auth.js's own making; throws, or nothing, for what is none. */
  decode(token: string, cookieName: string): Claims | null | Promise<Claims | null>
}

export interface Kit extends Library {
  readonly endsession: EndSession
  readonly options: Resolved
  /** Nothing where authentication is disabled. */
  readonly awake: Made['awake']
  readonly host: Host
  /** For a logout: it ends what Auth.js takes for over as well, and what its own database cannot tell. */
  readonly leaving: Host
  /** Of the session cookie. */
  readonly cookieName: string
  /** What Auth.js itself answers to this request, once it knows this of it. */
  ask(request: Request, bound: Bound): Promise<Response>
  /** What a session cookie holds; one from before is taken over. Throws ERR_STORE. */
  open(token: string): Promise<Opened | undefined>
}

/** Throws ERR_OPTIONS. */
export function makeKit(library: Library, attached: Omit<AttachedOptions, 'providers'>): Omit<Kit, 'ask'> {
  const { providers, names, authPath, rows } = library
  const { name: cookieName } = authCookie(names, 'sessionToken')
  const tokenOf = (request: Request) => readSessionToken(readCookies(request.headers.get('cookie')), cookieName)
  const host: Host = {
    handle: async (request) => {
      const token = tokenOf(request)
      const opened = token === '' ? undefined : await open(token)
      return opened?.isOver ? undefined : opened?.handle
    },
    expire: (request) => expireAuthCookies(names, request.headers.get('cookie')),
    login: ({ interactive, returnTo }) => loginUrl(library, interactive, returnTo),
    callback: (provider) => `${made.options.origin}${authPath}/callback/${provider}`,
  }
  const leaving: Host = {
    ...host,
    async handle(request) {
      if (!rows) return host.handle(request)
      const token = tokenOf(request)
      if (!isRowToken(token)) return undefined
      const handle = rowHandle(token)
      const { adoptUntil = 0, deadlineSeconds, runtime } = made.options
      if (adoptUntil <= runtime.now() || isOwnRow(token)) return handle
      // A row from before gets its record first, if it can have one: without it nothing ends, and a copy would get it later.
      const isKnown = await within(open(token), deadlineSeconds).then(
        () => true,
        async () => (await made.endsession.resume(handle)) !== undefined,
      )
      if (!isKnown) throw new EndSessionError('ERR_STORE', "Auth.js's own database failed.")
      return handle
    },
  }
  const secret = attached.secret ?? (library.secret as Options['secret'])
  const made = shareEndSession({ ...attached, secret, providers, host, basePath: `${authPath}/endsession` })

  async function open(token: string): Promise<Opened | undefined> {
    const app = (made.awake as () => App)()
    if (rows) return openRow(app, rows, providers, token)
    const { sealer, options } = app
    return openHostCookie(sealer, options.runtime, cookieName, token) ?? takeOver(token)
  }

  /** A login from before: the cookie is Auth.js's own, and its tokens go into the record. */
  async function takeOver(token: string): Promise<Opened | undefined> {
    if (made.options.adoptUntil === undefined || made.options.adoptUntil <= made.options.runtime.now()) return undefined
    const decoding = (async () => library.decode(token, cookieName))()
    const claims = await decoding.catch(() => null)
    const earlier = claims && readEarlier(claims, providers, library.ownIds)
    if (!claims || !earlier) return undefined
    const { provider, ...login } = earlier
    const handle = await made.endsession.adopt(provider, login).catch(unlessLogin)
    return handle === undefined
      ? undefined
      : { handle, claims: login.tokens ? withoutTokens(claims, login.tokens, () => {}) : claims }
  }

  const { endsession, options, awake } = made
  return { ...library, endsession, options, awake, host, leaving, cookieName, open }
}

/** Where Auth.js's login starts; straight at the only provider's login screen where that has to be met. */
function loginUrl({ providers, authPath, signInPage }: Library, interactive: boolean, returnTo: string): string {
  const [provider = '', ...more] = Object.keys(providers)
  if (interactive && more.length === 0) return againUrl(authPath, provider, returnTo)
  return `${signInPage ?? `${authPath}/signin`}?${new URLSearchParams({ callbackUrl: returnTo })}`
}

/** Our route that sends the browser to this provider's login screen. */
export function againUrl(authPath: string, provider: string, returnTo: string): string {
  return `${authPath}/endsession/again?${new URLSearchParams({ provider, returnTo })}`
}
