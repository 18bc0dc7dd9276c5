import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import pg from 'pg'
import { type AppName, appNames, type StorePlan } from './plan.ts'

/** A store for both apps, for as long as the demo runs. */
export interface Storage {
  readonly plan: StorePlan
  /** When no app uses it any more: takes away all that was put there. */
  close(): Promise<void>
}

export interface StoreWishes {
  readonly kind: StorePlan['kind']
  /** Of a server that is there already. Without it the demo starts one of its own. */
  readonly url: string | undefined
}

/** What each app puts its keys, or its tables, under. */
export function spaceOf(plan: StorePlan, name: AppName): string {
  return `${plan.space}_${name}`
}

export async function openStorage({ kind, url }: StoreWishes): Promise<Storage> {
  const space = `endsession_demo_${randomBytes(6).toString('hex')}`
  if (kind === 'sqlite') return { plan: { kind, space, url: '' }, async close() {} }
  if (url !== undefined) {
    const clean = kind === 'redis' ? cleanRedis : cleanPostgres
    return { plan: { kind, space, url }, close: () => clean(url, space) }
  }
  // A server that whoever is on this machine may use would let them sign in, and more: it has a password.
  const password = randomBytes(24).toString('hex')
  return kind === 'redis' ? startRedis(space, password) : startOwnPostgres(space, password)
}

async function startRedis(space: string, password: string): Promise<Storage> {
  const { neededRedis, redisServers } = await import('endsession-servers/redis')
  if (neededRedis.meta) throw new Error(`${neededRedis.meta.leftOut}, or say where one is: --store-url redis://…`)
  const servers = redisServers()
  const { url } = await servers.start({ requirepass: password })
  return { plan: { kind: 'redis', space, url }, close: () => servers.clear() }
}

async function startOwnPostgres(space: string, password: string): Promise<Storage> {
  const { neededPostgres, startPostgres } = await import('endsession-servers/postgres')
  if (neededPostgres.meta) {
    throw new Error(`${neededPostgres.meta.leftOut}, or say where one is: --store-url postgres://…`)
  }
  const { url, close } = await startPostgres({}, { password })
  return { plan: { kind: 'postgres', space, url }, close }
}

async function cleanRedis(url: string, space: string): Promise<void> {
  const client = new Redis(url)
  client.on('error', () => {})
  try {
    for (let cursor = '0', first = true; first || cursor !== '0'; first = false) {
      const [next, keys] = await client.scan(cursor, 'MATCH', `*${space}_*`, 'COUNT', 1000)
      if (keys.length > 0) await client.unlink(...keys)
      cursor = next
    }
  } finally {
    client.disconnect()
  }
}

async function cleanPostgres(url: string, space: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    for (const name of appNames) await client.query(`DROP SCHEMA IF EXISTS "${space}_${name}" CASCADE`)
  } finally {
    await client.end()
  }
}
