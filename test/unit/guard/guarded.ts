import { createEndSession, type EndSession, type Event, memoryStore, type Options, type Store } from 'endsession'
import { type Checked, createGuard, type Guard, type GuardEvent, type GuardOptions } from 'endsession/guard'
import { type FakeProvider, fakeProvider, type TestClock, testClock } from 'endsession/testing'
import { expect, vi } from 'vitest'

export const key = 'the key of the guard that is called jobs'
const audience = 'https://api.example'

/** An app that serves its feed, as a `fetch`. */
export interface TestApp {
  readonly origin: string
  readonly client: string
  readonly endsession: EndSession
  readonly store: Store
  readonly events: readonly Event[]
  /** Everything that ended up to now has been confirmed by each of so many instances. */
  caughtUp(instances?: number): Promise<void>
}

/** What a test lays over the network: answers itself, or passes on. */
export type Network = (request: Request, pass: () => Promise<Response>) => Promise<Response> | Response

export interface Guarded {
  readonly guard: Guard
  readonly provider: FakeProvider
  /** The guard's clock, and the provider's. */
  readonly clock: TestClock
  readonly app: TestApp
  readonly events: readonly GuardEvent[]
  /** Questions that the feed was asked. */
  readonly questions: readonly URL[]
  network: Network
  /** A good access token of the app's client, but for what is said; a claim that is `undefined` is left out. */
  token(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
  check(token: string): Promise<Checked>
  /** The answer to an `Authorization` header. */
  send(authorization: string | undefined): Promise<Response | 'passed'>
  close(): Promise<void>
}

export interface GuardedOptions {
  readonly guard?: Partial<GuardOptions>
  readonly app?: Partial<Options>
  readonly store?: Store
  /** Other apps that the guard follows as well: origin → client id. */
  readonly others?: readonly TestApp[]
  readonly network?: Network
  readonly clock?: TestClock
}

export function testApp(
  provider: FakeProvider,
  given: { origin?: string; client?: string; store?: Store; options?: Partial<Options> } = {},
): TestApp {
  const { origin = 'https://mail.example', client = 'app', store = memoryStore() } = given
  const events: Event[] = []
  const endsession = createEndSession({
    baseUrl: origin,
    secret: 'a secret of thirty-two bytes or more',
    store,
    unsafeLossyStore: true,
    providers: { example: { issuer: provider.issuer, clientId: client } },
    feed: { keys: { jobs: key } },
    runtime: { fetch: provider.fetch },
    onEvent: (event) => void events.push(event),
    ...given.options,
  })
  return {
    origin,
    client,
    endsession,
    store,
    events,
    async caughtUp(instances = 1) {
      await vi.waitFor(async () => {
        const head = await store.head()
        const followers = await store.followers()
        expect(followers.length).toBeGreaterThanOrEqual(instances)
        for (const { position } of followers) expect(store.reached(position, head)).toBe(true)
      }, 30_000)
    },
  }
}

/** A guard, the app that it follows, and their provider; no sockets. The guard's lease is a second of its own clock. */
export async function guarded(given: GuardedOptions = {}): Promise<Guarded> {
  const clock = given.clock ?? testClock(Math.floor(Date.now() / 1000))
  const provider = fakeProvider({ now: clock.now })
  const app = testApp(provider, {
    ...(given.store && { store: given.store }),
    ...(given.app && { options: given.app }),
  })
  const apps = [app, ...(given.others ?? [])]
  for (const { endsession } of apps) await endsession.ready().catch(() => {})
  const events: GuardEvent[] = []
  const questions: URL[] = []

  async function pass(request: Request): Promise<Response> {
    const asked = apps.find(({ origin }) => request.url.startsWith(origin))
    if (!asked) return provider.fetch(request)
    return (await asked.endsession.handle(request)) ?? new Response(null, { status: 404 })
  }

  const setting = {
    provider,
    clock,
    app,
    events,
    questions,
    network: given.network ?? ((_, passOn) => passOn()),
  } as unknown as { -readonly [Name in keyof Guarded]: Guarded[Name] }
  setting.guard = createGuard({
    issuer: provider.issuer,
    audience,
    feed: apps.map(({ origin }) => ({ url: `${origin}/auth/feed`, name: 'jobs', key })),
    leaseSeconds: 1,
    onEvent: (event) => void events.push(event),
    ...given.guard,
    runtime: {
      ...clock,
      fetch: async (input, init) => {
        const request = new Request(input, init)
        if (request.url.includes('/auth/feed')) questions.push(new URL(request.url))
        return untilAborted(request.signal, async () => setting.network(request, () => pass(request)))
      },
      ...given.guard?.runtime,
    },
  })
  setting.token = (claims = {}, header = {}) => {
    const now = Math.floor(clock.now())
    const good = {
      iss: provider.issuer,
      aud: audience,
      sub: 'alice',
      client_id: 'app',
      sid: 'sid-1',
      iat: now,
      exp: now + 300,
    }
    return provider.sign({ ...good, ...claims }, { typ: 'at+jwt', ...header })
  }
  setting.check = (token) => setting.guard.check(requestWith(`Bearer ${token}`))
  setting.send = async (authorization) => {
    const checked = await setting.guard.check(requestWith(authorization))
    return checked.ok ? 'passed' : checked.response
  }
  setting.close = async () => {
    await setting.guard.close()
    for (const { endsession } of apps) await endsession.close()
  }
  return setting
}

/** Like a connection: who hangs up waits no longer. */
function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    work().then(resolve, reject)
  })
}

function requestWith(authorization: string | undefined): Request {
  return new Request('https://api.example/jobs', { headers: authorization === undefined ? {} : { authorization } })
}
