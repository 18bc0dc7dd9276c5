import { memoryStore } from 'endsession'
import { postgresStore } from 'endsession/postgres'
import { redisStore } from 'endsession/redis'
import { sqliteStore } from 'endsession/sqlite'
import { startPostgres } from 'endsession-tools/servers/postgres.mjs'
import { startRedis } from 'endsession-tools/servers/redis.mjs'
import Redis from 'ioredis'
import { Pool } from 'pg'
import { openDatabase } from './database.mjs'

/** The stores that this machine can run, the fastest first. Servers are the bench's own, on loopback, in folders of their own. */
export async function openStores(say) {
  const { database, driver, close } = await openDatabase()
  const stores = [
    { name: 'memory', store: memoryStore(), close() {} },
    { name: driver, store: sqliteStore(database), close },
  ]
  for (const open of [openRedis, openPostgres]) {
    const opened = await open()
    if ('missing' in opened) say(`  left out: ${opened.missing}`)
    else stores.push(opened)
  }
  return stores
}

async function openRedis() {
  const server = await startRedis({ appendfsync: 'always' })
  if ('missing' in server) return server
  const client = new Redis(server.port, '127.0.0.1')
  return {
    name: 'redis, AOF always',
    store: redisStore(client),
    async close() {
      client.disconnect()
      await server.stop()
    },
  }
}

async function openPostgres() {
  const server = await startPostgres()
  if ('missing' in server) return server
  const pool = new Pool({ connectionString: server.url, max: 10 })
  return {
    name: 'postgres',
    store: postgresStore(pool),
    async close() {
      await pool.end()
      await server.stop()
    },
  }
}
