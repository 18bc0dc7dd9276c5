import { type Event, memoryStore, type Store } from 'endsession'
import { type AttachedOptions, withEndSession } from 'endsession/next-auth'
import { type FakeProvider, type FakeProviderBehaviours, fakeProvider } from 'endsession/testing'
import NextAuth, { customFetch, type NextAuthConfig } from 'next-auth'
import Keycloak from 'next-auth/providers/keycloak'
import { type Answer, type HttpBrowser, makeHttpBrowser, navigation } from './browser.ts'
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
  /** In place of the usual ones: with this fake provider behind them. */
  readonly providers?: (provider: FakeProvider) => NextAuthConfig['providers']
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
    providers: given.providers?.(provider) ?? [
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
    browser: (name = 'browser') => makeBrowser(name, origin, app, given.another ? [provider, another] : [provider]),
    async settled() {
      while (works.length > 0) await works.shift()
    },
    close: () => app.endsession.close(),
  }
}

export interface Browser extends HttpBrowser {
  /** Auth.js's own logout, as its script does it. */
  signOut(): Promise<Answer>
  /** As a server component sees it. */
  auth(): Promise<Awaited<ReturnType<Setting['app']['auth']>>>
  /** Runs as a server component, action or handler of this browser's request; cookies that are set arrive. */
  within<T>(work: () => Promise<T>): Promise<T>
}

function makeBrowser(
  name: string,
  origin: string,
  { handlers, auth }: Setting['app'],
  providers: readonly FakeProvider[],
): Browser {
  const ask = (request: Request) => handlers[request.method as 'GET' | 'POST'](request as never)
  const http = makeHttpBrowser(name, origin, ask, providers)
  const { cookies } = http
  const browser: Browser = {
    ...http,
    async signOut() {
      const { csrfToken } = JSON.parse((await http.get('/api/auth/csrf')).text)
      const script = { 'x-auth-return-redirect': '1', 'sec-fetch-mode': 'cors', accept: '*/*' }
      return http.post('/api/auth/signout', { csrfToken, callbackUrl: '/bye' }, script)
    },
    auth: () => browser.within(() => auth()),
    async within(work) {
      next.headers = new Headers({ ...navigation, origin, host: new URL(origin).host, cookie: http.cookieHeader() })
      next.cookies = cookies
      return work()
    },
  }
  return browser
}
