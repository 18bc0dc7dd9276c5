import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Guard } from 'endsession/guard'
import { type FakeProvider, type FakeProviderBehaviours, fakeProvider } from 'endsession/testing'

/** What a Next.js app has around it in a test: a provider, and a service that takes its tokens. */
export interface NextProvider {
  readonly fake: FakeProvider
  readonly answer: RequestListener
  /** Keeps tokens that have been issued from arriving; what it answers lets them through. */
  holdTokens(): () => void
  readonly held: () => number
}

/** A provider with a login screen. It knows browsers by a cookie, and believes the names that people give. */
export function serveProvider(issuer: string, behaviours?: FakeProviderBehaviours): NextProvider {
  const fake = fakeProvider({
    issuer,
    metadata: { userinfo_endpoint: `${issuer}/userinfo` },
    jwtAccessTokens: true,
    ...behaviours,
    idTokenClaims: { name: 'Alice', ...behaviours?.idTokenClaims },
  })
  let browsers = 0
  let gate: Promise<void> | undefined
  let held = 0

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', issuer)
    const body = request.method === 'POST' ? await buffer(request) : undefined
    const known = browserOf(request)
    if (url.pathname === '/end-session') return leave(url, body, known, response)
    if (url.pathname === '/authorize') return visit(url, body, known ?? `browser-${++browsers}`, response)
    const headers = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    const made = { method: request.method ?? 'GET', headers, ...(body && { body: new Uint8Array(body) }) }
    const { status, headers: told, text } = await take(fake, url, made)
    if (url.pathname === '/token' && gate) {
      held += 1
      await gate
      held -= 1
    }
    response.writeHead(status, told).end(text)
  }

  function leave(url: URL, body: Buffer | undefined, browser: string | undefined, response: ServerResponse): void {
    const form = body && Object.fromEntries(new URLSearchParams(String(body)))
    send(response, fake.endSession(url, { ...(browser && { browser }), ...(form && { form }) }).redirect)
  }

  /** Straight back for whom it knows; else, and where that is asked for, a login screen. */
  function visit(url: URL, body: Buffer | undefined, browser: string, response: ServerResponse): void {
    response.setHeader('set-cookie', `browser=${browser}; Path=/; HttpOnly`)
    const sub = body && (new URLSearchParams(String(body)).get('sub') ?? '')
    if (sub !== undefined) {
      send(response, fake.authorize(url, { sub, browser }))
      return
    }
    const silent = new URL(url)
    silent.searchParams.set('prompt', 'none')
    const known = url.searchParams.get('prompt') === 'login' ? undefined : fake.authorize(silent, { browser })
    if (known?.searchParams.has('code')) send(response, known)
    else response.writeHead(200, { 'content-type': 'text/html' }).end(loginScreen)
  }

  return {
    fake,
    answer: (request, response) => void answer(request, response),
    held: () => held,
    holdTokens() {
      let open = () => {}
      gate = new Promise((resolve) => {
        open = () => {
          gate = undefined
          resolve()
        }
      })
      return open
    },
  }
}

const loginScreen = '<h1>Who are you?</h1><form method="post"><input name="sub"><button>Continue</button></form>'

async function take(fake: FakeProvider, url: URL, init: RequestInit) {
  const answer = await fake.fetch(url, init)
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() }
}

/** What the provider knows the browser by. */
function browserOf({ headers }: IncomingMessage): string | undefined {
  return /(?:^|; )browser=([^;]+)/.exec(headers.cookie ?? '')?.[1]
}

/** The service outside of Next.js, behind its guard. It notes what it was asked with. */
export function serveJobs(guard: () => Guard | undefined, tokens: string[]): RequestListener {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const authorization = request.headers.authorization ?? ''
    tokens.push(authorization)
    const checked = await guard()?.check(new Request('http://jobs', { headers: { authorization } }))
    if (!checked) return void response.writeHead(503).end()
    if (checked.ok) return void response.end(`jobs of ${checked.claims.sub}`)
    response.writeHead(checked.response.status).end(checked.why)
  }
  return (request, response) => void answer(request, response)
}

/** A loopback port for a program that takes its time to begin: none of those that the system hands out meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 16_000)
    const found = await listen(() => {}, port).catch(() => undefined)
    await found?.close()
    if (found) return port
  }
}

export async function listen(
  listener: RequestListener,
  wanted = 0,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer({ maxHeaderSize: 65_536 }, listener)
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(wanted, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function send(response: ServerResponse, to: URL | undefined): void {
  response.writeHead(303, { location: to?.href ?? '/' }).end()
}

/** People who are in 120 groups: their ID token alone is larger than what fits into one cookie, or into a header of 4 KiB. */
export const fatIdTokens: FakeProviderBehaviours = {
  idTokenClaims: { groups: Array.from({ length: 120 }, (_, at) => `department-${at}/team-of-${at}`) },
}
