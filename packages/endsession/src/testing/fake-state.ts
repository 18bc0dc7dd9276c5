import type { FakeProviderBehaviours } from './fake-provider.ts'

/** Who sits in front of the browser, and what they do at the login screen. */
export interface FakeLogin {
  /** @default 'alice' */
  sub?: string
  /** Browsers keep their sessions apart. @default 'browser' */
  browser?: string
  /** Of a new session. @default 'sid-1', 'sid-2', … */
  sid?: string
  /** Added to the ID token. */
  claims?: Record<string, unknown>
  /** `auth_time` of a new authentication. @default now */
  authTime?: number
  /** `iat` of the ID token. @default when the code is redeemed */
  signInAt?: number
  /** The person, or the provider, says no: an error code. */
  error?: string
}

/** What a code, and then a refresh token, stands for. */
export interface FakeGrant {
  readonly clientId: string
  readonly redirectUri: string
  readonly challenge: string
  readonly nonce: string | undefined
  readonly sub: string
  readonly sid: string
  readonly authTime: number | undefined
  readonly claims: Record<string, unknown>
  readonly signInAt: number | undefined
  readonly tokens: string[]
}

export interface FakeState {
  authorize(url: URL, login?: FakeLogin): URL
  /** Remembers a pushed request; answers its `request_uri`. */
  push(parameters: URLSearchParams): string
  /** Once. */
  redeem(code: string): FakeGrant | undefined
  grantOf(token: string): FakeGrant | undefined
  /** `kind-1`, `kind-2`, … */
  name(kind: string): string
  /** A new token of this grant. */
  issue(kind: 'access' | 'refresh', grant: FakeGrant, token?: string): string
  /** With all that belongs to it; `alone`: this one. */
  revoke(token: string, alone?: boolean): void
  readonly revoked: string[]
  alive(token: string): boolean
  signedIn(browser: string): boolean
  endBrowser(browser: string): boolean
}

interface ProviderSession {
  readonly sub: string
  readonly sid: string
  readonly authTime: number
}

export function createFakeState(issuer: string, behaviours: FakeProviderBehaviours, now: () => number): FakeState {
  const sessions = new Map<string, ProviderSession>()
  const pushed = new Map<string, URLSearchParams>()
  const codes = new Map<string, FakeGrant>()
  const grants = new Map<string, FakeGrant>()
  const revoked: string[] = []
  let numbers = 0
  const name = (kind: string): string => `${kind}-${++numbers}`

  const signIn = (login: FakeLogin, before: ProviderSession | undefined): ProviderSession => {
    const sub = login.sub ?? before?.sub ?? 'alice'
    const sid = login.sid ?? (before?.sub === sub ? before.sid : name('sid'))
    return { sub, sid, authTime: login.authTime ?? now() }
  }

  const sessionFor = (parameters: URLSearchParams, login: FakeLogin): ProviderSession | undefined => {
    const browser = login.browser ?? 'browser'
    const before = sessions.get(browser)
    if (behaviours.neverSilent && parameters.get('prompt') === 'none') return undefined
    if (before !== undefined && !asksForLogin(parameters, before, now()) && (login.sub ?? before.sub) === before.sub) {
      return before
    }
    if (parameters.get('prompt') === 'none') return undefined
    const session = signIn(login, before)
    sessions.set(browser, session)
    return session
  }

  return {
    revoked,
    name,
    authorize(url, login = {}) {
      const parameters = pushed.get(url.searchParams.get('request_uri') ?? '') ?? url.searchParams
      const back = new URL(parameters.get('redirect_uri') ?? '')
      const put = (key: string, value: string | null): void => {
        if (value !== null) back.searchParams.set(key, value)
      }
      put('state', parameters.get('state'))
      if (behaviours.responseIss !== false) put('iss', issuer)
      const session = login.error === undefined ? sessionFor(parameters, login) : undefined
      if (session === undefined) {
        put('error', login.error ?? 'login_required')
        return back
      }
      const code = name('code')
      codes.set(code, grantFor(parameters, session, login))
      put('code', code)
      return back
    },
    push(parameters) {
      const uri = `urn:ietf:params:oauth:request_uri:${name('request')}`
      pushed.set(uri, parameters)
      return uri
    },
    redeem(code) {
      const grant = codes.get(code)
      codes.delete(code)
      return grant
    },
    grantOf: (token) => grants.get(token),
    issue(kind, grant, token = name(kind)) {
      grants.set(token, grant)
      grant.tokens.push(token)
      return token
    },
    revoke(token, alone = false) {
      revoked.push(token)
      for (const other of alone ? [token] : (grants.get(token)?.tokens ?? [])) grants.delete(other)
    },
    alive: (token) => grants.has(token),
    signedIn: (browser) => sessions.has(browser),
    endBrowser: (browser) => sessions.delete(browser),
  }
}

function asksForLogin(parameters: URLSearchParams, session: ProviderSession, now: number): boolean {
  const maxAge = parameters.get('max_age')
  const tooOld = maxAge !== null && (maxAge === '0' || now - session.authTime > Number(maxAge))
  return parameters.get('prompt') === 'login' || tooOld
}

/** Core 1.0, section 2: `auth_time` when `max_age` or `claims` asked for it; and after `prompt=login`, as many do. */
function grantFor(parameters: URLSearchParams, session: ProviderSession, login: FakeLogin): FakeGrant {
  const asked = ['max_age', 'claims'].some((name) => parameters.has(name)) || parameters.get('prompt') === 'login'
  return {
    clientId: parameters.get('client_id') ?? '',
    redirectUri: parameters.get('redirect_uri') ?? '',
    challenge: parameters.get('code_challenge') ?? '',
    nonce: parameters.get('nonce') ?? undefined,
    sub: session.sub,
    sid: session.sid,
    authTime: asked ? session.authTime : undefined,
    claims: login.claims ?? {},
    signInAt: login.signInAt,
    tokens: [],
  }
}
