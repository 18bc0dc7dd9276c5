import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { createGuard } from 'endsession/guard'
import { type FakeProvider, fakeProvider } from 'endsession/testing'

const example = fileURLToPath(new URL('../../examples/next-authjs/', import.meta.url))
const nextProgram = createRequire(`${example}package.json`).resolve('next/dist/bin/next')
const jobsKey = 'a key of the jobs service, long enough'

/** The example, built and started, with a provider and a service behind it on servers of their own. */
export interface NextApp {
  readonly origin: string
  readonly provider: FakeProvider
  readonly jobs: string
  /** The file of the sessions. */
  readonly database: string
  /** What the service was asked with, in order. */
  readonly tokens: readonly string[]
  /** Everything that the Next.js server has written. */
  readonly written: () => string
  close(): Promise<void>
}

/** `next build`, with nothing in the environment but what a program needs to run. Answers its exit code and what it wrote. */
export async function buildNextApp(): Promise<{ readonly code: number | null; readonly written: string }> {
  const child = startNext(['build'], {})
  const written = collect(child)
  const [code] = await once(child, 'exit')
  return { code, written: written() }
}

export async function startNextApp(environment: Record<string, string> = {}): Promise<NextApp> {
  const folder = mkdtempSync(join(tmpdir(), 'endsession-next-'))
  const database = join(folder, 'endsession.db')
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const tokens: string[] = []
  const idServer = await listen((request, response) => void visitProvider(request, response))
  // A host of its own: cookies are kept by host, whatever the port is.
  const issuer = `http://127.0.0.1:${idServer.port}`
  const provider = fakeProvider({
    issuer,
    metadata: { userinfo_endpoint: `${issuer}/userinfo` },
    idTokenClaims: { name: 'Alice' },
    jwtAccessTokens: true,
  })
  const guard = createGuard({
    issuer,
    audience: 'api',
    feed: { url: `${origin}/api/auth/endsession/feed`, name: 'jobs', key: jobsKey },
  })
  const jobsServer = await listen((request, response) => void serveJobs(request, response))

  async function visitProvider(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', issuer)
    const body = request.method === 'POST' ? await buffer(request) : undefined
    if (url.pathname === '/end-session') return send(response, provider.endSession(url).redirect)
    if (url.pathname !== '/authorize') {
      const headers = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      const answer = await provider.fetch(url, {
        method: request.method ?? 'GET',
        headers,
        ...(body && { body: new Uint8Array(body) }),
      })
      return void response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
    }
    if (body)
      return send(response, provider.authorize(url, { sub: new URLSearchParams(String(body)).get('sub') ?? '' }))
    const silent = new URL(url)
    silent.searchParams.set('prompt', 'none')
    const back = url.searchParams.get('prompt') === 'login' ? undefined : provider.authorize(silent)
    if (back?.searchParams.has('code')) return send(response, back)
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end('<h1>Who are you?</h1><form method="post"><input name="sub"><button>Continue</button></form>')
  }

  async function serveJobs(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const authorization = request.headers.authorization ?? ''
    tokens.push(authorization)
    const checked = await guard.check(new Request('http://jobs', { headers: { authorization } }))
    if (checked.ok) return void response.end(`jobs of ${checked.claims.sub}`)
    response.writeHead(checked.response.status).end(checked.why)
  }

  const child = startNext(['start', '-p', String(port), '-H', '127.0.0.1'], {
    AUTH_URL: origin,
    AUTH_TRUST_HOST: 'true',
    AUTH_SECRET: 'a secret of thirty-two bytes or more',
    AUTH_KEYCLOAK_ID: provider.clientId,
    AUTH_KEYCLOAK_SECRET: provider.clientSecret ?? '',
    AUTH_KEYCLOAK_ISSUER: issuer,
    DATABASE: database,
    JOBS_URL: `http://127.0.0.1:${jobsServer.port}`,
    JOBS_KEY: jobsKey,
    ...environment,
  })
  const written = collect(child)
  await until(async () => (await fetch(`${origin}/api/auth/csrf`, { redirect: 'manual' })).status < 500, written)

  return {
    origin,
    provider,
    jobs: `http://127.0.0.1:${jobsServer.port}/jobs`,
    database,
    tokens,
    written,
    async close() {
      await guard.close()
      const gone = child.exitCode === null ? once(child, 'exit') : undefined
      child.kill('SIGKILL')
      await gone
      await Promise.all([idServer.close(), jobsServer.close()])
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function startNext(words: readonly string[], environment: Record<string, string>): ChildProcess {
  const { PATH = '', HOME = '', TMPDIR } = process.env
  return spawn(process.execPath, [nextProgram, ...words], {
    cwd: example,
    env: {
      NODE_ENV: 'production',
      PATH,
      HOME,
      ...(TMPDIR && { TMPDIR }),
      NEXT_TELEMETRY_DISABLED: '1',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function collect(child: ChildProcess): () => string {
  const pieces: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece) => pieces.push(String(piece)))
  return () => pieces.join('')
}

/** Waits for a condition, with a generous end. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  story: () => string = () => '',
): Promise<void> {
  const end = performance.now() + 60_000
  while (!(await Promise.resolve(condition()).catch(() => false))) {
    if (performance.now() > end) throw new Error(`it did not come to that\n${story()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function freePort(): Promise<number> {
  const { port, close } = await listen(() => {})
  await close()
  return port
}

async function listen(listener: RequestListener): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
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
