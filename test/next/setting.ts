import { type Event, memoryStore, type Store } from 'endsession'
import { type AttachedOptions, withEndSession } from 'endsession/next-auth'
import { type FakeProvider, type FakeProviderBehaviours, fakeProvider } from 'endsession/testing'
import NextAuth, { customFetch, type NextAuthConfig } from 'next-auth'
import Keycloak from 'next-auth/providers/keycloak'
import { next } from './next-request.ts'

/** An app with Auth.js, called as Next.js calls it, with a fake provider behind it. No sockets. */
export interface Setting {
  readonly origin: string
  readonly provider: FakeProvider
  readonly another: FakeProvider
  readonly events: readonly Event[]
  readonly app: ReturnType<typeof withEndSession>
  browser(name?: string): Browser
  /** What was written by Auth.js's logger. */
  readonly log: readonly unknown[]
  settled(): Promise<void>
  close(): Promise<void>
}

export interface SettingOptions {
  readonly behaviours?: FakeProviderBehaviours
  /** A second provider, `another`. */
  readonly another?: boolean
  readonly config?: Partial<NextAuthConfig>
  readonly options?: Partial<AttachedOptions>
  readonly profile?: NonNullable<AttachedOptions['providers']>[string]['profile']
  readonly store?: (store: Store) => Store
  /** Environment in place of what the config would say. */
  readonly fromEnvironment?: boolean
}

let ports = 4000

export async function makeSetting(given: SettingOptions = {}): Promise<Setting> {
  const origin = `http://localhost:${ports++}`
  // Auth.js wants one in discovery, and does not ask it.
  const metadata = (issuer: string) => ({ userinfo_endpoint: `${issuer}/userinfo` })
  const provider = fakeProvider({ metadata: metadata('https://id.example'), ...given.behaviours })
  const another = fakeProvider({
    issuer: 'https://another.example',
    clients: { other: 'other-secret' },
    metadata: metadata('https://another.example'),
  })
  const events: Event[] = []
  const log: unknown[] = []
  const works: Promise<unknown>[] = []
  const reach = (fake: FakeProvider) => ({
    ...(given.fromEnvironment
      ? {}
      : { issuer: fake.issuer, clientId: fake.clientId, clientSecret: fake.clientSecret ?? '' }),
    [customFetch]: fake.fetch,
  })
  const store = memoryStore()
  const config: NextAuthConfig = {
    ...(!given.fromEnvironment && { secret: 'a secret of thirty-two bytes or more' }),
    trustHost: true,
    logger: { error: (error) => void log.push(error), warn: () => {} },
    ...given.config,
    providers: given.config?.providers ?? [
      Keycloak(reach(provider)),
      ...(given.another ? [{ ...Keycloak(reach(another)), id: 'another' }] : []),
    ],
  }
  const app = withEndSession(NextAuth, config, () => ({
    baseUrl: origin,
    store: given.store?.(store) ?? store,
    unsafeLossyStore: true,
    providers: { keycloak: { profile: { revocationReach: 'token', ...given.profile } } },
    runtime: {
      fetch: (input, init) => {
        const url = String(input instanceof Request ? input.url : input)
        return (url.startsWith(another.issuer) ? another : provider).fetch(input, init)
      },
      waitUntil: (work) => void works.push(work.catch(() => {})),
    },
    onEvent: (event) => void events.push(event),
    ...given.options,
  }))
  return {
    origin,
    provider,
    another,
    events,
    app,
    log,
    browser: (name = 'browser') => makeBrowser(name, origin, app, given.another ? { provider, another } : { provider }),
    async settled() {
      while (works.length > 0) await works.shift()
    },
    close: () => app.endsession.close(),
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface Browser {
  readonly name: string
  readonly cookies: Map<string, string>
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, form?: Record<string, string>, headers?: Record<string, string>): Promise<Answer>
  /** Auth.js's own login, from its button to the page behind it. */
  login(sub?: string, how?: LoginHow): Promise<Journey>
  /** From an answer on, through the provider, until a page comes. */
  follow(answer: Answer, how?: LoginHow): Promise<Journey>
  /** Auth.js's own logout, as its script does it. */
  signOut(): Promise<Answer>
  /** As a server component sees it. */
  auth(): Promise<Awaited<ReturnType<Setting['app']['auth']>>>
  /** Runs as a server component, action or handler of this browser's request; cookies that are set arrive. */
  within<T>(work: () => Promise<T>): Promise<T>
}

export interface LoginHow {
  readonly provider?: string
  readonly callbackUrl?: string
  /** The person takes what asks for the login screen out of the address. */
  readonly ignoresPrompt?: boolean
  readonly [key: string]: unknown
}

export interface Journey {
  readonly answer: Answer
  readonly hops: readonly string[]
}

function makeBrowser(
  name: string,
  origin: string,
  app: Setting['app'],
  providers: { provider: FakeProvider; another?: FakeProvider },
): Browser {
  const cookies = new Map<string, string>()
  const cookieHeader = () => [...cookies].map(([key, value]) => `${key}=${value}`).join('; ')

  async function request(
    method: 'GET' | 'POST',
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Answer> {
    const given = { ...(cookies.size > 0 && { cookie: cookieHeader() }), ...headers }
    const asked = new Request(origin + path, { method, headers: given, ...(body !== undefined && { body }) })
    const response = await app.handlers[method](asked as never)
    for (const line of response.headers.getSetCookie()) keep(line)
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  function keep(line: string): void {
    const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (/Max-Age=0/.test(line)) cookies.delete(key)
    else cookies.set(key, value)
  }

  const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' }
  const form = { origin, 'content-type': 'application/x-www-form-urlencoded' }
  const browser: Browser = {
    name,
    cookies,
    get: (path, headers = {}) => request('GET', path, { ...navigation, ...headers }),
    post: (path, fields = {}, headers = {}) =>
      request('POST', path, { ...navigation, ...form, ...headers }, new URLSearchParams(fields).toString()),
    async login(sub = 'alice', how = {}) {
      const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
      const start = await browser.post(`/api/auth/signin/${how.provider ?? 'keycloak'}`, {
        csrfToken,
        callbackUrl: how.callbackUrl ?? '/inbox',
      })
      return browser.follow(start, { sub, ...how })
    },
    async follow(first, { ignoresPrompt, provider: _, callbackUrl: __, ...login } = {}) {
      const hops: string[] = []
      let answer = first
      for (;;) {
        const location = answer.headers.get('location')
        if (location === null || hops.length >= 20) return { answer, hops }
        let url = new URL(location, origin)
        const at = [providers.provider, providers.another].find((one) => one?.issuer === url.origin)
        if (at) {
          hops.push(url.searchParams.get('prompt') === 'login' ? 'provider login' : 'provider')
          if (ignoresPrompt) {
            url.searchParams.delete('prompt')
            url.searchParams.set('max_age', '315360000')
          }
          url = at.authorize(url, { browser: name, ...login })
        }
        hops.push(url.pathname)
        if (!url.pathname.startsWith('/api/auth/')) return { answer, hops }
        answer = await browser.get(url.pathname + url.search)
      }
    },
    async signOut() {
      const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
      const script = { 'x-auth-return-redirect': '1', 'sec-fetch-mode': 'cors', accept: '*/*' }
      return browser.post('/api/auth/signout', { csrfToken, callbackUrl: '/bye' }, script)
    },
    auth: () => browser.within(() => app.auth()),
    async within(work) {
      next.headers = new Headers({ ...navigation, origin, host: new URL(origin).host, cookie: cookieHeader() })
      next.cookies = cookies
      return work()
    },
  }
  return browser
}
