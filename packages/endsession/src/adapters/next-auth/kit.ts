/** What every part of the adapter works with: Auth.js's configuration, resolved, and the one EndSession of the process. */
import type { NextAuthConfig, NextAuthResult } from 'next-auth'
import type { App } from '../../app.ts'
import type { Made } from '../../create.ts'
import { EndSessionError } from '../../errors.ts'
import type { EndSession, Host, Options, ProviderOptions } from '../../index.ts'
import type { Resolved } from '../../resolve-options.ts'
import { openHostCookie } from './codec.ts'
import { authCookie, expireAuthCookies, readCookies, readSessionToken } from './cookies.ts'
import { type ProviderExtras, readProviders } from './providers.ts'
import { shareEndSession } from './shared.ts'
import { readEarlier, withoutTokens } from './tokens.ts'
import type { Opened } from './visit.ts'

export type NextAuth = (config: NextAuthConfig) => NextAuthResult

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

export interface Kit {
  readonly nextAuth: NextAuth
  /** The app's configuration as Auth.js has resolved it. */
  readonly config: NextAuthConfig
  readonly providers: Readonly<Record<string, ProviderOptions>>
  readonly endsession: EndSession
  readonly options: Resolved
  /** Nothing where authentication is disabled. */
  readonly awake: Made['awake']
  readonly host: Host
  readonly secure: boolean
  /** Of the session cookie. */
  readonly cookieName: string
  /** Of Auth.js's routes; ours are below it. */
  readonly authPath: string
  /** What a session cookie holds; one from before is taken over. Throws ERR_STORE. */
  open(token: string): Promise<Opened | undefined>
}

/** Throws ERR_OPTIONS. */
export function makeKit(nextAuth: NextAuth, given: NextAuthConfig, options: () => AttachedOptions): Kit {
  const config = { ...given }
  // Auth.js fills in what the environment says.
  nextAuth(config)
  const { providers: extras, ...attached } = options()
  checkStrategy(config)
  const disabled = attached.auth === 'disabled'
  const providers = disabled ? {} : readProviders(config, extras)
  const authPath = config.basePath ?? '/api/auth'
  const secure = config.useSecureCookies ?? attached.baseUrl?.startsWith('https:') ?? false
  const { name: cookieName } = authCookie(config, secure, 'sessionToken')

  const host: Host = {
    handle: async (request) => {
      const token = readSessionToken(readCookies(request.headers.get('cookie')), cookieName)
      return token === '' ? undefined : (await open(token))?.handle
    },
    expire: (request) => expireAuthCookies(config, secure, request.headers.get('cookie')),
    login: ({ interactive, returnTo }) => loginUrl(config, authPath, Object.keys(providers), interactive, returnTo),
    callback: (provider) => `${made.options.origin}${authPath}/callback/${provider}`,
  }
  const secret = attached.secret ?? (config.secret as Options['secret'])
  const made = shareEndSession({ ...attached, secret, providers, host, basePath: `${authPath}/endsession` })

  async function open(token: string): Promise<Opened | undefined> {
    const { sealer, options } = (made.awake as () => App)()
    return openHostCookie(sealer, options.runtime, cookieName, token) ?? takeOver(token)
  }

  /** A login from before: the cookie is Auth.js's own, and its tokens go into the record. */
  async function takeOver(token: string): Promise<Opened | undefined> {
    if (made.options.adoptUntil === undefined || made.options.adoptUntil <= made.options.runtime.now()) return undefined
    const decode = config.jwt?.decode ?? (await import('next-auth/jwt')).decode
    const claims = await Promise.resolve(decode({ token, secret: config.secret ?? [], salt: cookieName })).catch(
      () => null,
    )
    const earlier = claims && readEarlier(claims, providers)
    if (!claims || !earlier) return undefined
    const { provider, ...login } = earlier
    const handle = await made.endsession.adopt(provider, login).catch(unlessLogin)
    return handle === undefined
      ? undefined
      : { handle, claims: login.tokens ? withoutTokens(claims, login.tokens, () => {}) : claims }
  }

  const { endsession, options: resolved, awake } = made
  return { nextAuth, config, providers, endsession, options: resolved, awake, host, secure, cookieName, authPath, open }
}

/** An old cookie that does not hold is no login. */
function unlessLogin(error: unknown): undefined {
  if (error instanceof EndSessionError && error.code === 'ERR_LOGIN') return undefined
  throw error
}

function checkStrategy({ adapter, session }: NextAuthConfig): void {
  if ((session?.strategy ?? (adapter ? 'database' : 'jwt')) === 'jwt') return
  throw new EndSessionError(
    'ERR_OPTIONS',
    "The options do not work yet:\n- session.strategy: only 'jwt' works; with an adapter it has to be set",
  )
}

/** Where Auth.js's login starts; straight at the only provider's login screen where that has to be met. */
function loginUrl(
  { pages }: NextAuthConfig,
  authPath: string,
  names: readonly string[],
  interactive: boolean,
  returnTo: string,
): string {
  const [provider = '', ...more] = names
  if (interactive && more.length === 0) return againUrl(authPath, provider, returnTo)
  return `${pages?.signIn ?? `${authPath}/signin`}?${new URLSearchParams({ callbackUrl: returnTo })}`
}

/** Our route that sends the browser to this provider's login screen. */
export function againUrl(authPath: string, provider: string, returnTo: string): string {
  return `${authPath}/endsession/again?${new URLSearchParams({ provider, returnTo })}`
}
