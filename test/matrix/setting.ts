import { createServer, type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEndSession, type EndSession, type Event, memoryStore, type Options, type Store } from 'endsession'
import { nodeAdapter } from 'endsession/node'
import {
  type FakeProvider,
  type FakeProviderBehaviours,
  fakeProvider,
  type TestClock,
  testClock,
} from 'endsession/testing'

/** One app, its provider and its clock. Whatever is tested runs through the web handler and through a real Node server. */
export interface Setting {
  readonly endsession: EndSession
  readonly provider: FakeProvider
  /** Configured only where the setting's options say so. */
  readonly another: FakeProvider
  readonly clock: TestClock
  readonly store: Store
  readonly events: readonly Event[]
  /** Works that the app has put off until after a response. */
  settled(): Promise<void>
  browser(name?: string): Browser
  /** One request as it is, with no cookies and no manners. */
  send: Send
  close(): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Cookies, and the manners of a real browser: `Sec-Fetch-*` and `Origin` with each request. */
export interface Browser {
  readonly name: string
  readonly cookies: Map<string, string>
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, form?: Record<string, string>, headers?: Record<string, string>): Promise<Answer>
  /** Through the provider, up to the answer of the callback. */
  login(sub?: string, how?: Record<string, unknown>): Promise<Answer>
  /** Where an answer sends the browser. */
  follow(answer: Answer): Promise<Answer>
}

export type Transport = 'web handler' | 'node server'
export const transports: readonly Transport[] = ['web handler', 'node server']

export const origin = 'http://localhost:3000'

export interface SettingOptions {
  readonly transport?: Transport
  readonly behaviours?: FakeProviderBehaviours
  readonly options?: Partial<Options>
  readonly profile?: NonNullable<Options['providers'][string]['profile']>
  readonly store?: (clock: TestClock) => Store
  /** A second provider, called `another` in the options. */
  readonly another?: FakeProviderBehaviours
  /** In place of the tiny app. */
  readonly app?: (endsession: EndSession, provider: FakeProvider) => Send
  /** Told of everything that leaves the process, as it leaves. */
  readonly onFetch?: (url: string) => void
  /** Between the app and its providers: sees, changes or withholds what passes. `body`: the fields of a POST. */
  readonly wire?: (pass: () => Promise<Response>, url: string, body: URLSearchParams) => Promise<Response>
}

export async function makeSetting(given: SettingOptions = {}): Promise<Setting> {
  const clock = testClock()
  const provider = fakeProvider({ now: clock.now, ...given.behaviours })
  const another = fakeProvider({
    issuer: 'https://another.example',
    clients: { other: 'other-secret' },
    now: clock.now,
    ...given.another,
  })
  const store = given.store?.(clock) ?? memoryStore({ now: clock.now })
  const events: Event[] = []
  const works: Promise<unknown>[] = []
  const endsession = createEndSession({
    baseUrl: origin,
    secret: 'a secret of thirty-two bytes or more',
    store,
    unsafeLossyStore: true,
    providers: {
      example: {
        issuer: provider.issuer,
        clientId: provider.clientId,
        clientSecret: provider.clientSecret,
        profile: { revocationReach: 'token', ...given.profile },
      },
      ...(given.another && {
        another: {
          issuer: another.issuer,
          clientId: another.clientId,
          clientSecret: another.clientSecret,
          profile: { revocationReach: 'token', ...given.profile },
        },
      }),
    },
    runtime: {
      now: clock.now,
      fetch: (input, init) => {
        const url = String(input instanceof Request ? input.url : input)
        given.onFetch?.(url)
        const pass = () => (url.startsWith(another.issuer) ? another : provider).fetch(input, init)
        return given.wire ? given.wire(pass, url, new URLSearchParams(String(init?.body ?? ''))) : pass()
      },
      waitUntil: (work) => void works.push(work.catch(() => {})),
    },
    onEvent: (event) => void events.push(event),
    ...given.options,
  })
  const app = given.app?.(endsession, provider) ?? webHandler(endsession)
  const send = given.transport === 'node server' ? await serve(endsession) : { fetch: app, close: async () => {} }
  return {
    endsession,
    provider,
    another,
    clock,
    store,
    events,
    async settled() {
      while (works.length > 0) await works.shift()
    },
    browser: (name = 'browser') => makeBrowser(name, provider, send.fetch),
    send: send.fetch,
    async close() {
      await send.close()
      await endsession.close()
    },
  }
}

export type Send = (
  path: string,
  init: { method: string; headers: Record<string, string>; body?: string },
) => Promise<Response>

/** A tiny app: `/` is for people who are signed in. */
function webHandler(endsession: EndSession): Send {
  return async (path, init) => {
    const request = new Request(origin + path, init)
    return (await endsession.handle(request)) ?? endsession.protect(request, ({ sub }) => new Response(`Hello ${sub}`))
  }
}

async function serve(endsession: EndSession): Promise<{ fetch: Send; close(): Promise<void> }> {
  const routes = nodeAdapter(endsession)
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.writeHead(error.status ?? 500).end())
  })
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await routes(request, response)) return
    const asked = new Request(origin + request.url, { headers: request.headers as Record<string, string> })
    const page = await endsession.protect(asked, ({ sub }) => new Response(`Hello ${sub}`))
    response.writeHead(page.status, Object.fromEntries(page.headers))
    response.end(await page.text())
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    // Not `fetch`, which sets `Sec-Fetch-Mode` itself.
    fetch: (path, { body, ...init }) =>
      new Promise((resolve, reject) => {
        const request = sendRequest({ host: '127.0.0.1', port, path, ...init }, (response) => resolve(read(response)))
        request.on('error', reject).end(body)
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function read(response: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const headers = new Headers()
  for (let at = 0; at < response.rawHeaders.length; at += 2)
    headers.append(response.rawHeaders[at] as string, response.rawHeaders[at + 1] as string)
  const status = response.statusCode as number
  return new Response(status === 204 ? null : Buffer.concat(chunks), { status, headers })
}

function makeBrowser(name: string, provider: FakeProvider, send: Send): Browser {
  const cookies = new Map<string, string>()

  async function request(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Answer> {
    const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join('; ')
    const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
    const response = await send(path, {
      method,
      headers: {
        ...(cookie && { cookie }),
        ...given,
        ...(body !== undefined && { 'content-length': String(body.length) }),
      },
      ...(body !== undefined && { body }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0/.test(line)) cookies.delete(key)
      else cookies.set(key, value)
    }
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' }
  const browser: Browser = {
    name,
    cookies,
    get: (path, headers = {}) => request('GET', path, { ...navigation, ...headers }),
    post: (path, form = {}, headers = {}) =>
      request(
        'POST',
        path,
        { ...navigation, origin, 'content-type': 'application/x-www-form-urlencoded', ...headers },
        new URLSearchParams(form).toString(),
      ),
    async login(sub = 'alice', how = {}) {
      const start = await browser.get('/auth/login?returnTo=/')
      const back = provider.authorize(start.headers.get('location') ?? '', { sub, browser: name, ...how })
      return browser.get(back.pathname + back.search)
    },
    follow(answer) {
      const url = new URL(answer.headers.get('location') ?? '', origin)
      return browser.get(url.pathname + url.search)
    },
  }
  return browser
}

/** Where the page that moves on by itself goes to. */
export function leavingTo(answer: Answer): string | undefined {
  return /<noscript><meta http-equiv="refresh" content="0;url=([^"]*)">/
    .exec(answer.text)?.[1]
    ?.replaceAll('&amp;', '&')
}
