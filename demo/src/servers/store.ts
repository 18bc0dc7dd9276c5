import { join } from 'node:path'
import type { Store } from 'endsession'
import { postgresStore } from 'endsession/postgres'
import { redisStore } from 'endsession/redis'
import { type SqliteDatabase, sqliteStore } from 'endsession/sqlite'
import type { AppName, Plan } from '../plan.ts'
import { spaceOf } from '../storage.ts'

/** An app's own part of the store, the same for all its processes. */
export async function openStore({ store, folder }: Plan, name: AppName): Promise<Store> {
  if (store.kind === 'redis') {
    const { Redis } = await import('ioredis')
    const client = new Redis(store.url)
    // Each call says it, too.
    client.on('error', () => {})
    return redisStore(client, { prefix: spaceOf(store, name) })
  }
  if (store.kind === 'postgres') {
    const { Pool } = (await import('pg')).default
    const pool = new Pool({ connectionString: store.url })
    pool.on('error', () => {})
    return postgresStore(pool, { schema: spaceOf(store, name) })
  }
  return sqliteStore(await openDatabase(join(folder, `${name}.db`)))
}

/** `node:sqlite` where this Node has it, else `libsql`: the same calls, and both write to disk. */
async function openDatabase(path: string): Promise<SqliteDatabase> {
  const builtIn = process.getBuiltinModule?.('node:sqlite')
  if (builtIn) return new builtIn.DatabaseSync(path)
  const { default: Database } = await import('libsql')
  return new Database(path)
}
