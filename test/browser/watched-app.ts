import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createEndSession, type EndSession, memoryStore, type Options, type Store } from 'endsession'
import { nodeAdapter } from 'endsession/node'
import { type FakeProvider, fakeProvider } from 'endsession/testing'
import { bundleBrowser } from './bundle.ts'

/** A small app and its provider, on servers of their own, for a real browser. Every page but its scripts is for people who are signed in. */
export interface WatchedApp {
  readonly origin: string
  readonly endsession: EndSession
  readonly provider: FakeProvider
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[]
  /** What the app does in place of an answer; `false`: nothing, it answers. May be changed while it runs. */
  inPlace: (path: string, response: ServerResponse) => boolean
  close(): Promise<void>
}

export interface WatchedAppOptions {
  readonly options?: Partial<Options>
  readonly store?: Store
  /** More pages, for people who are signed in. */
  readonly pages?: Readonly<Record<string, (person: string) => string>>
  /** More scripts (`.js`) and pages, for everybody. */
  readonly files?: Readonly<Record<string, string>>
  /** Of the app's pages. @default none */
  readonly policy?: string
}

export async function startWatchedApp(given: WatchedAppOptions = {}): Promise<WatchedApp> {
  const browserModule = await bundleBrowser()
  const asked: string[] = []
  const providerServer = await listen((request, response) => void visitProvider(request, response))
  const appServer = await listen((request, response) => {
    answer(request, response).catch((error) => response.writeHead(error.status ?? 500).end(String(error.code ?? error)))
  })
  const issuer = `http://id.localhost:${providerServer.port}`
  const origin = `http://localhost:${appServer.port}`
  const provider = fakeProvider({ issuer })
  const store = given.store ?? memoryStore()
  const endsession = createEndSession({
    baseUrl: origin,
    secret: 'a secret of thirty-two bytes or more',
    store,
    unsafeLossyStore: true,
    providers: { example: { issuer, clientId: provider.clientId, clientSecret: provider.clientSecret } },
    runtime: { fetch: provider.fetch },
    ...given.options,
  })
  const routes = nodeAdapter(endsession)
  const files: Readonly<Record<string, string>> = {
    '/endsession.js': browserModule,
    '/watch.js': watchScript,
    '/seen.js': seenScript,
    '/naive.js': `new EventSource('/forever')`,
    '/elsewhere': '<h1>Elsewhere</h1>',
    ...given.files,
  }
  const pages: NonNullable<WatchedAppOptions['pages']> = {
    '/': inbox,
    '/other': inbox,
    '/naive': naive,
    ...given.pages,
  }

  /** A login screen, which is there unless the provider knows this browser already. */
  async function visitProvider(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', issuer)
    if (url.pathname === '/end-session') return send(response, provider.endSession(url).redirect)
    if (url.pathname !== '/authorize') return void response.writeHead(404).end()
    if (request.method === 'POST')
      return send(response, provider.authorize(url, { sub: new URLSearchParams(await text(request)).get('sub') ?? '' }))
    const silent = new URL(url)
    silent.searchParams.set('prompt', 'none')
    const back = url.searchParams.get('prompt') === 'login' ? undefined : provider.authorize(silent)
    if (back?.searchParams.has('code')) return send(response, back)
    page(response, '<h1>Who are you?</h1><form method="post"><input name="sub"><button>Sign in</button></form>')
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    asked.push(`${request.method} ${request.url}`)
    if (app.inPlace(request.url ?? '/', response)) return
    const { pathname, searchParams } = new URL(request.url ?? '/', origin)
    const file = files[pathname]
    if (pathname === '/forever')
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n')
    if (pathname === '/seen') return void response.writeHead(204).end()
    if (file !== undefined && !pathname.endsWith('.js')) return page(response, file)
    if (file !== undefined) return void response.writeHead(200, { 'content-type': 'text/javascript' }).end(file)
    if (await routes(request, response)) return
    const render = pages[pathname]
    const asWeb = new Request(origin + request.url, { headers: request.headers as Record<string, string> })
    const guarded = await endsession.protect(asWeb, ({ sub }) => new Response(render ? render(sub) : 'Nothing here'))
    if (guarded.status !== 200)
      return void response.writeHead(guarded.status, Object.fromEntries(guarded.headers)).end()
    page(response, await guarded.text(), {
      ...(!searchParams.has('cacheable') && { 'cache-control': 'no-store' }),
      ...(given.policy !== undefined && { 'content-security-policy': given.policy }),
    })
  }

  const app: WatchedApp = {
    origin,
    endsession,
    provider,
    asked,
    inPlace: () => false,
    async close() {
      await Promise.all([providerServer.close(), appServer.close()])
      await endsession.close()
    },
  }
  return app
}

/** The mail of a person. How it is watched is said in the query: `?watch={…}`, or not at all: `?watch=no`. */
const inbox = (person: string) => `<link rel="icon" href="data:,"><h1>Inbox of ${person}</h1>
<form method="post" action="/auth/logout"><button>Log out</button></form>
<a href="/elsewhere">Elsewhere</a>
<script src="/seen.js"></script>
<script type="module" src="/watch.js"></script>`

/** A stream of its own for each tab, as it is written everywhere. */
const naive = (person: string) => `<h1>Inbox of ${person}</h1><script src="/naive.js"></script>`

const watchScript = `import { announceLogout, watchSession } from '/endsession.js'
const watch = new URLSearchParams(location.search).get('watch') ?? '{"signedIn":true}'
if (watch !== 'no') window.stop = watchSession(JSON.parse(watch))
window.announceLogout = announceLogout`

/** Tells the server what a person sees when the page comes back, at once and in each frame: the heading, or nothing. */
const seenScript = `let [told, back] = []
const tell = () => {
  const style = getComputedStyle(document.querySelector('h1'))
  const seen = style.visibility === 'visible' && getComputedStyle(document.documentElement).opacity !== '0'
  if (seen !== told) navigator.sendBeacon('/seen?persisted=' + back + '&seen=' + seen)
  told = seen
}
const watch = () => {
  tell()
  requestAnimationFrame(watch)
}
watch()
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return
  told = undefined
  back = true
  tell()
})`

function page(response: ServerResponse, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers })
  response.end(`<!doctype html><html lang="en"><title>Mail</title>${body}`)
}

function send(response: ServerResponse, to: URL | undefined): void {
  response.writeHead(303, { location: to?.href ?? '/' }).end()
}

async function listen(listener: RequestListener): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
