import type { RequestListener } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { type Event, memoryStore, type Store } from 'endsession'
import { type AttachedOptions, type NextAuthHandler, withEndSession } from 'endsession/next-auth-4'
import { type FakeProvider, type FakeProviderBehaviours, fakeProvider } from 'endsession/testing'
import { vi } from 'vitest'
import { listen } from '../browser/next-neighbours.ts'
import { type Answer, type HttpBrowser, makeHttpBrowser } from '../next/browser.ts'
import { type AuthOptions, Keycloak, NextAuth } from './next-auth.ts'
import { type Router, routers } from './routers.ts'

export const secret = 'a secret of thirty-two bytes or more'

/** An app with version 4 of Auth.js, called as Next.js calls it. Its providers are servers: version 4 knows no other way. */
export interface Setting {
  readonly origin: string
  readonly provider: FakeProvider
  readonly another: FakeProvider
  readonly events: readonly Event[]
  readonly authOptions: ReturnType<typeof withEndSession<AuthOptions, AuthOptions>>['authOptions']
  readonly handler: NextAuthHandler
  readonly endsession: ReturnType<typeof withEndSession>['endsession']
  browser(name?: string): Browser
  ask(request: Request): Promise<Response>
  /** What was written by Auth.js's logger. */
  readonly log: readonly unknown[]
  settled(): Promise<void>
  close(): Promise<void>
}

export interface SettingOptions {
  readonly router?: Router
  readonly behaviours?: FakeProviderBehaviours
  /** A second provider, `another`. */
  readonly another?: boolean
  readonly config?: Partial<AuthOptions>
  /** In place of Keycloak. */
  readonly providers?: (fake: FakeProvider) => AuthOptions['providers']
  readonly options?: Partial<AttachedOptions>
  readonly profile?: NonNullable<AttachedOptions['providers']>[string]['profile']
  readonly store?: (store: Store) => Store
  /** NEXTAUTH_URL says something else. */
  readonly address?: string
}

export interface Browser extends HttpBrowser {
  /** Auth.js's own logout, as its script does it. */
  signOut(): Promise<Answer>
}

let ports = 5000

export async function makeSetting(given: SettingOptions = {}): Promise<Setting> {
  const origin = `http://localhost:${ports++}`
  vi.stubEnv('NEXTAUTH_URL', given.address ?? origin)
  vi.stubEnv('NEXTAUTH_SECRET', secret)
  const [first, second] = [await serve(given.behaviours), await serve({ clients: { other: 'other-secret' } })]
  const [provider, another] = [first.fake, second.fake]
  const events: Event[] = []
  const log: unknown[] = []
  const works: Promise<unknown>[] = []
  const reach = ({ issuer, clientId, clientSecret = '' }: FakeProvider) => ({
    issuer,
    clientId,
    clientSecret,
    client: { id_token_signed_response_alg: 'ES256' },
  })
  const store = memoryStore()
  const config: AuthOptions = {
    logger: { error: (...error) => void log.push(error), warn: () => {} },
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
    ...(!given.providers && { providers: { keycloak: { profile: { revocationReach: 'token', ...given.profile } } } }),
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
  const ask = (request: Request) => routers[given.router ?? 'app'](app.handler, request)
  return {
    ...app,
    origin,
    provider,
    another,
    events,
    log,
    ask,
    browser: (name = 'browser') => makeBrowser(makeHttpBrowser(name, origin, ask, [provider, another])),
    async settled() {
      while (works.length > 0) await works.shift()
    },
    async close() {
      await app.endsession.close()
      await Promise.all([first.close(), second.close()])
    },
  }
}

function makeBrowser(http: HttpBrowser): Browser {
  return {
    ...http,
    async signOut() {
      const { csrfToken } = JSON.parse((await http.get('/api/auth/csrf', { 'content-type': 'application/json' })).text)
      const script = { 'sec-fetch-mode': 'cors', accept: '*/*' }
      return http.post('/api/auth/signout', { csrfToken, callbackUrl: '/bye', json: 'true' }, script)
    },
  }
}

async function serve(behaviours?: FakeProviderBehaviours) {
  const server = await listen((request, response) => void answer(request, response))
  const issuer = `http://127.0.0.1:${server.port}`
  const metadata = { userinfo_endpoint: `${issuer}/userinfo` }
  const fake = fakeProvider({ issuer, metadata, ...behaviours })
  const answer: (...args: Parameters<RequestListener>) => Promise<void> = async (request, response) => {
    const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)])
    const body = request.method === 'POST' ? { body: new Uint8Array(await buffer(request)) } : {}
    const told = await fake.fetch(issuer + request.url, { method: request.method ?? 'GET', headers, ...body })
    response.writeHead(told.status, Object.fromEntries(told.headers)).end(await told.text())
  }
  return { fake, close: server.close }
}
