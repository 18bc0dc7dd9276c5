import { createHash, randomBytes } from 'node:crypto'
import { type EndSession, type Host, memoryStore, type Store, type Tokens } from 'endsession'
import type { FakeProvider, TestClock } from 'endsession/testing'
import { type FaultyStore, fails, faultyStore } from './faulty-store.ts'
import {
  type Answer,
  type Browser,
  makeSetting,
  origin,
  type Send,
  type Setting,
  type SettingOptions,
} from './setting.ts'

/** What the host keeps of a browser: a login of its own, in its own memory. */
interface HostSession {
  state?: string
  verifier?: string
  returnTo?: string
  interactive?: boolean
  sub?: string
  tokens?: Tokens
  /** The one value of ours. */
  handle?: string | undefined
}

export interface TinyHostOptions extends SettingOptions {
  /** Where the host is named: with each call, or in the options. */
  readonly by?: 'how.host' | 'options.host'
  /** The host's login takes whoever has a login in its own session for signed in, as many do. */
  readonly remembers?: boolean
  /** The host never asks for `auth_time`. */
  readonly asksNoAuthTime?: boolean
  /** The host says of its logins whether they were interactive. */
  readonly vouches?: boolean
  /** The host says which handle this browser had until now. */
  readonly replaces?: boolean
  /** The host takes logins without a handle over. */
  readonly adopts?: boolean
  /** Its login, in place of `/login`. */
  readonly loginPath?: string
}

export interface Hosted extends Setting {
  readonly host: Host
  /** By the value of its cookie `tiny.sid`. */
  readonly sessions: Map<string, HostSession>
  /** What `host.login` was asked for, in order. */
  readonly asked: { readonly interactive: boolean; readonly returnTo: string }[]
  /** Access tokens that the host got. */
  readonly issued: string[]
}

const cookieOf = (request: Request): string =>
  /(?:^|; )tiny\.sid=([^;]*)/.exec(request.headers.get('cookie') ?? '')?.[1] ?? ''

/** Both cookies of the host, as it sets and removes them. */
export const expireLines = [
  'tiny.sid=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0',
  'tiny.theme=; Path=/; Domain=localhost; Max-Age=0',
]

/** An app whose own login works, and stays: its own cookie, its own sessions, its own code flow. */
export async function makeHosted(given: TinyHostOptions = {}): Promise<Hosted> {
  const sessions = new Map<string, HostSession>()
  const asked: { readonly interactive: boolean; readonly returnTo: string }[] = []
  const issued: string[] = []
  const host: Host = {
    // A host whose sessions are elsewhere answers later.
    handle: async (request) => sessions.get(cookieOf(request))?.handle,
    expire: () => expireLines,
    login(how) {
      asked.push(how)
      return `${given.loginPath ?? '/login'}?${new URLSearchParams({ returnTo: how.returnTo, ...(how.interactive && { prompt: 'login' }) })}`
    },
  }
  const setting = await makeSetting({
    ...given,
    options: { ...given.options, ...(given.by === 'options.host' && { host }) },
    app: (endsession, provider) => hostApp(endsession, provider, host, sessions, issued, given),
  })
  return Object.assign(setting, { host, sessions, asked, issued })
}

function hostApp(
  endsession: EndSession,
  provider: FakeProvider,
  host: Host,
  sessions: Map<string, HostSession>,
  issued: string[],
  given: TinyHostOptions,
): Send {
  const how = given.by === 'options.host' ? undefined : { host }

  function startLogin(request: Request, query: URLSearchParams): Response {
    const returnTo = query.get('returnTo') ?? '/'
    const session = sessions.get(cookieOf(request))
    if (given.remembers && session?.sub) return redirect(returnTo)
    const [state, verifier] = [randomBytes(16).toString('hex'), randomBytes(32).toString('base64url')]
    const interactive = query.get('prompt') === 'login'
    const id = randomBytes(8).toString('hex')
    sessions.set(id, { ...session, state, verifier, returnTo, interactive })
    const url = new URL(`${provider.issuer}/authorize`)
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: provider.clientId,
      redirect_uri: `${origin}/auth/callback`,
      scope: 'openid',
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...(interactive && { prompt: 'login' }),
      ...(!given.asksNoAuthTime && { max_age: interactive ? '0' : '315360000' }),
    }).toString()
    return redirect(url.href, id)
  }

  async function finishLogin(request: Request, query: URLSearchParams): Promise<Response> {
    const { state, verifier = '', returnTo = '/', interactive = false } = sessions.get(cookieOf(request)) ?? {}
    if (state === undefined || query.get('state') !== state) return new Response('state', { status: 400 })
    const tokens = await redeem(provider, query.get('code') ?? '', verifier)
    issued.push(tokens.accessToken ?? '')
    // The one new line in the login.
    const replaces = given.replaces ? sessions.get(cookieOf(request))?.handle : undefined
    const handle = await endsession.open('example', tokens, {
      ...(given.vouches && { interactive }),
      ...(replaces && { replaces }),
    })
    const id = randomBytes(8).toString('hex')
    sessions.delete(cookieOf(request))
    sessions.set(id, { sub: 'somebody', handle })
    return redirect(returnTo, id)
  }

  return async (path, init) => {
    const request = new Request(origin + path, init)
    const session = sessions.get(cookieOf(request))
    if (given.adopts && session?.sub && session.handle === undefined)
      session.handle = await endsession.adopt('example', {
        sub: session.sub,
        ...(session.tokens && { tokens: session.tokens }),
      })
    const answer = await endsession.handle(request, how)
    if (answer) return answer
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/login') return startLogin(request, searchParams)
    if (pathname === '/auth/callback') return finishLogin(request, searchParams)
    if (pathname === '/whoami') return Response.json((await endsession.session(request, how)) ?? null)
    if (pathname === '/leave') return (await endsession.logout(request, { scope: 'app', ...how })).response
    return endsession.protect(request, ({ sub }) => new Response(`Hello ${sub}`), how)
  }
}

function redirect(to: string, id?: string): Response {
  const headers = new Headers({ location: to })
  if (id !== undefined) headers.append('set-cookie', `tiny.sid=${id}; Path=/; HttpOnly; SameSite=Lax`)
  return new Response(null, { status: 302, headers })
}

/** The host's own code exchange. */
async function redeem(provider: FakeProvider, code: string, verifier: string): Promise<Tokens> {
  const response = await provider.fetch(`${provider.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${provider.clientId}:${provider.clientSecret}`)}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: `${origin}/auth/callback`,
      code_verifier: verifier,
    }),
  })
  const { id_token, access_token, refresh_token, expires_in } = (await response.json()) as Record<string, string>
  return {
    idToken: id_token ?? '',
    accessToken: access_token ?? '',
    // As many write it; without `expires_in` it is no number.
    accessTokenExpiresAt: Math.floor((provider.behaviours.now ?? (() => 0))()) + Number(expires_in),
    ...(refresh_token && { refreshToken: refresh_token }),
  }
}

/** A memory store in the setting's clock, whose methods fail while they are told to. */
export function breakable() {
  let faulty: FaultyStore | undefined
  return {
    store(clock: TestClock): Store {
      faulty = faultyStore(memoryStore({ now: clock.now }))
      return faulty.store
    },
    fail: (name: keyof Store) => void Object.assign(faulty?.before ?? {}, { [name]: fails }),
    mend: (name: keyof Store) => void delete faulty?.before[name],
  }
}

export interface Journey {
  readonly answer: Answer
  /** Where the browser was, in order: paths of the app, and `provider` or `provider login`. */
  readonly hops: readonly string[]
}

/** Follows an address as a browser does, through the provider too, until a page comes. A loop shows as 20 hops. */
export async function journey(
  setting: Setting,
  browser: Browser,
  path: string,
  how: Record<string, unknown> & { readonly ignoresPrompt?: boolean } = {},
): Promise<Journey> {
  const { ignoresPrompt = false, ...login } = how
  const hops: string[] = []
  let answer = await browser.get(path)
  hops.push(path.split('?', 1)[0] as string)
  for (;;) {
    const location = answer.headers.get('location')
    if (location === null || hops.length >= 20) return { answer, hops }
    let url = new URL(location, origin)
    if (url.origin === setting.provider.issuer) {
      hops.push(url.searchParams.get('prompt') === 'login' ? 'provider login' : 'provider')
      if (ignoresPrompt) {
        url.searchParams.delete('prompt')
        url.searchParams.set('max_age', '315360000')
      }
      url = setting.provider.authorize(url, { browser: browser.name, ...login })
    }
    hops.push(url.pathname)
    answer = await browser.get(url.pathname + url.search)
  }
}
