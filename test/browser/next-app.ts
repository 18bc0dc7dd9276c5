import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createGuard, type Guard, type GuardEvent, type GuardOptions } from 'endsession/guard'
import type { FakeProvider, FakeProviderBehaviours } from 'endsession/testing'
import { afterAll, beforeAll } from 'vitest'
import { type NginxServer, startNginx } from '../../servers/dist/nginx.js'
import { localFetch } from './local-fetch.ts'
import { freePort, listen, type NextProvider, serveJobs, serveProvider } from './next-neighbours.ts'

const examples = fileURLToPath(new URL('../../examples/', import.meta.url))
const names = new URL('../../demo/dist/localhost-lookup.js', import.meta.url)
const jobsKey = 'a key of the jobs service, long enough'
const secret = 'a secret of thirty-two bytes or more'

/** An example, built and started, with a provider and a service behind it on servers of their own. */
export interface NextApp {
  readonly origin: string
  /** Each of its processes, as what stands in front of it calls it. */
  readonly processes: readonly string[]
  readonly provider: FakeProvider
  /** Keeps tokens that the provider has issued from arriving; what it answers lets them through. */
  holdTokens(): () => void
  /** How many answers it keeps. */
  readonly held: () => number
  readonly jobs: string
  /** The file of the sessions. */
  readonly database: string
  readonly secret: string
  /** What the service was asked with, in order. */
  readonly tokens: readonly string[]
  /** What the service's guard has told. */
  readonly told: readonly GuardEvent[]
  /** Everything that the Next.js servers have written. */
  readonly written: () => string
  /** What stands in front, where something does. */
  readonly nginx: NginxServer | undefined
  /** A plain HTTP client's. */
  readonly fetch: typeof fetch
  close(): Promise<void>
}

export interface NextAppWishes {
  /** A folder of `examples`. */
  readonly example?: string
  readonly environment?: Readonly<Record<string, string>>
  /** Puts an nginx with TLS in front, of the app as well as of the provider. */
  readonly behindNginx?: boolean
  /** Lines for nginx. @default none: as it comes */
  readonly settings?: string
  readonly processes?: number
  readonly behaviours?: FakeProviderBehaviours
  readonly guard?: Pick<GuardOptions, 'auth'>
}

export interface NextBuild {
  readonly code: number | null
  readonly written: string
}

/** `next build`, with nothing in the environment but what a program needs to run. */
export async function buildNextApp(example = 'next-authjs'): Promise<NextBuild> {
  const child = startNext(example, ['build'], {})
  const written = collect(child)
  const [code] = await once(child, 'exit')
  return { code, written: written() }
}

/** The app of a suite, from its first test to its last. */
export function useNextApp(wishes: NextAppWishes = {}): () => NextApp {
  let app: NextApp | undefined
  beforeAll(async () => {
    app = await startNextApp(wishes)
  })
  afterAll(() => app?.close())
  return () => {
    if (!app) throw new Error('the app has not begun yet')
    return app
  }
}

export async function startNextApp({
  example = 'next-authjs',
  environment = {},
  behindNginx = false,
  settings = '',
  processes: count = 1,
  behaviours,
  guard: guardOptions,
}: NextAppWishes = {}): Promise<NextApp> {
  const folder = mkdtempSync(join(tmpdir(), 'endsession-next-'))
  const database = join(folder, 'endsession.db')
  const different = new Set<number>()
  while (different.size < count) different.add(await freePort())
  const ports = [...different]
  let provider: NextProvider | undefined
  const idServer = await listen((request, response) => provider?.answer(request, response))
  const nginx = behindNginx
    ? await startNginx([
        { name: 'app.localhost', to: ports, settings },
        { name: 'id.localhost', to: [idServer.port] },
      ])
    : undefined
  const originOf = (name: string, port: number) => (nginx ? `https://${name}:${nginx.port}` : `http://${name}:${port}`)
  // Hosts of their own: cookies are kept by host, whatever the port is.
  const origin = originOf('app.localhost', ports[0] as number)
  const issuer = originOf('id.localhost', idServer.port)
  provider = serveProvider(issuer, behaviours)
  const fetch = localFetch(nginx && readFileSync(nginx.authority, 'utf8'))
  const tokens: string[] = []
  const told: GuardEvent[] = []
  let guard: Guard | undefined
  const jobsServer = await listen(serveJobs(() => guard, tokens))
  const { clientId, clientSecret = '' } = provider.fake
  const children = ports.map((port) =>
    startNext(example, ['start', '-p', String(port), '-H', '127.0.0.1'], {
      NODE_OPTIONS: `--import ${names}`,
      ...(nginx && { NODE_EXTRA_CA_CERTS: nginx.authority }),
      // Versions 5 and 4 of Auth.js call them by different names.
      AUTH_URL: origin,
      NEXTAUTH_URL: origin,
      AUTH_TRUST_HOST: 'true',
      AUTH_SECRET: secret,
      NEXTAUTH_SECRET: secret,
      AUTH_KEYCLOAK_ID: clientId,
      AUTH_KEYCLOAK_SECRET: clientSecret,
      AUTH_KEYCLOAK_ISSUER: issuer,
      DATABASE: database,
      JOBS_URL: `http://127.0.0.1:${jobsServer.port}`,
      JOBS_KEY: jobsKey,
      ...environment,
    }),
  )
  const collected = children.map(collect)
  const written = () => collected.map((one) => one()).join('')
  const processes = ports.map((port) => `http://127.0.0.1:${port}`)
  const answering = async (places: readonly string[]) => {
    const answers = await Promise.all(places.map((one) => fetch(`${one}/api/auth/csrf`)))
    return answers.every(({ status }) => status < 500)
  }
  // What stands in front is not asked before: for ten seconds it takes nobody to a process that has not begun.
  await until(() => answering(processes), written)
  await until(() => answering([origin]), written)
  guard = createGuard({
    issuer,
    audience: 'api',
    feed: { url: `${origin}/api/auth/endsession/feed`, name: 'jobs', key: jobsKey },
    runtime: { fetch },
    onEvent: (event) => void told.push(event),
    ...guardOptions,
  })

  return {
    origin,
    processes,
    provider: provider.fake,
    holdTokens: provider.holdTokens,
    held: provider.held,
    jobs: `http://127.0.0.1:${jobsServer.port}/jobs`,
    database,
    secret,
    tokens,
    told,
    written,
    nginx,
    fetch,
    async close() {
      await guard?.close()
      for (const child of children) {
        const gone = child.exitCode === null ? once(child, 'exit') : undefined
        child.kill('SIGKILL')
        await gone
      }
      await nginx?.close()
      await Promise.all([idServer.close(), jobsServer.close()])
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function startNext(
  example: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): ChildProcess {
  const folder = join(examples, example)
  const program = createRequire(join(folder, 'package.json')).resolve('next/dist/bin/next')
  const { PATH = '', HOME = '', TMPDIR } = process.env
  return spawn(process.execPath, [program, ...words], {
    cwd: folder,
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
