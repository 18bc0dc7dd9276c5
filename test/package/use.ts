// A small use of every entry. It is compiled, by each supported TypeScript, and never run.
import { createServer } from 'node:http'
import {
  createEndSession,
  type EndSession,
  EndSessionError,
  type Event,
  memoryStore,
  type Report,
  remaining,
} from 'endsession'
import { announceLogout, type WatchOptions, watchSession } from 'endsession/browser'
import { type ExpressAdapter, expressAdapter } from 'endsession/express'
import { createGuard, type Guard } from 'endsession/guard'
import { nodeAdapter } from 'endsession/node'
import { type PostgresPool, postgresStore } from 'endsession/postgres'
import { type RedisClient, redisStore } from 'endsession/redis'
import { sqliteStore } from 'endsession/sqlite'
import { fakeProvider, storeContract } from 'endsession/testing'

const endsession: EndSession = createEndSession({
  baseUrl: process.env.BASE_URL,
  secret: process.env.SECRET,
  store: memoryStore(),
  unsafeLossyStore: true,
  providers: { example: { issuer: process.env.ISSUER, clientId: 'mail', clientSecret: process.env.CLIENT_SECRET } },
  onEvent: (event: Event) => event.type,
})

export async function answer(request: Request): Promise<Response> {
  return (
    (await endsession.handle(request)) ??
    endsession.protect(request, ({ claims }) => new Response(claims.name ?? 'somebody'))
  )
}

export function leftOver(report: Report): string {
  return remaining(report).join(', ')
}

export const isOurs = (error: unknown): boolean => error instanceof EndSessionError && error.code === 'ERR_STORE'

const handle = nodeAdapter(endsession)
export const server = createServer(async (request, response) => {
  if (!(await handle(request, response))) response.writeHead(404).end()
})

export const { routes, protect }: ExpressAdapter = expressAdapter(endsession)
export const greet: typeof protect = (request, response) => {
  response.send(request.endsession.claims.name)
}

const guard: Guard = createGuard({
  issuer: process.env.ISSUER,
  audience: 'https://api.example.com',
  feed: { url: 'https://mail.example.com/auth/feed', name: 'jobs', key: process.env.FEED_KEY },
})
export async function serve(request: Request): Promise<Response> {
  const checked = await guard.check(request)
  return checked.ok ? new Response(checked.claims.sub) : checked.response
}

type Database = Parameters<typeof sqliteStore>[0]
export const openStore = (database: Database): ReturnType<typeof sqliteStore> => sqliteStore(database)

export const openShared = (pool: PostgresPool): ReturnType<typeof postgresStore> =>
  postgresStore(pool, { schema: 'mail' })

export const openRedisStore = (client: RedisClient): ReturnType<typeof redisStore> =>
  redisStore(client, { prefix: 'mail' })

export const provider: { fetch: typeof fetch } = fakeProvider()
storeContract(async () => memoryStore())

const watched: WatchOptions = { signedIn: true, wipe: { localStorage: ['draft:*'] }, onEnded: (show) => show() }
export const watchPage = (): (() => void) => watchSession(watched)
export const leaveByScript = (): void => announceLogout('/auth')
