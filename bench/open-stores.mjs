import { memoryStore } from 'endsession'
import { postgresStore } from 'endsession/postgres'
import { redisStore } from 'endsession/redis'
import { sqliteStore } from 'endsession/sqlite'
import { neededPostgres, startPostgres } from 'endsession-servers/postgres'
import { neededRedis, redisServers } from 'endsession-servers/redis'
import { openDatabase } from './database.mjs'

/** The stores that this machine can run, the fastest first. Servers are the bench's own, on loopback, in folders of their own. */
export async function openStores(say) {
  const { database, driver, close } = await openDatabase()
  const stores = [
    { name: 'memory', store: memoryStore(), close() {} },
    { name: driver, store: sqliteStore(database), close },
  ]
  for (const { needed, open } of [
    { needed: neededRedis, open: openRedis },
    { needed: neededPostgres, open: openPostgres },
  ]) {
    if (needed.meta) say(`  left out: ${needed.meta.leftOut}`)
    else stores.push(await open())
  }
  return stores
}

async function openRedis() {
  const servers = redisServers()
  const server = await servers.start()
  return { name: 'redis, AOF always', store: redisStore(server.connect()), close: servers.clear }
}

async function openPostgres() {
  const server = await startPostgres()
  return { name: 'postgres', store: postgresStore(server.connect({ max: 10 })), close: server.close }
}
