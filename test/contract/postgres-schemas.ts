/** What the tests of the postgres store's own promises share. */
import { type PostgresClient, type PostgresPool, postgresStore } from 'endsession/postgres'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { limits } from '../../packages/endsession/src/testing/contract/kit.ts'
import { type PostgresServer, startPostgres } from '../../servers/src/postgres.ts'

export const failed = { name: 'EndSessionError', code: 'ERR_STORE', status: 503 }

/**
 * A pool through which a test sees, and spoils, what the store does: `around` stands around each call. `closed` counts
 * the connections that were given back to be closed.
 */
export function watchedPool(
  pool: pg.Pool,
  around: (sql: string, go: () => Promise<unknown>, client: pg.PoolClient) => Promise<unknown>,
): PostgresPool & { readonly closed: () => number } {
  let closed = 0
  return {
    closed: () => closed,
    async connect() {
      const client = await pool.connect()
      const watched: PostgresClient = {
        query: (sql, values) => around(sql, () => client.query(sql, values), client),
        on: (event, listener) => client.on(event, listener),
        removeListener: (event, listener) => client.removeListener(event, listener),
        release(destroy) {
          if (destroy) closed++
          client.release(destroy)
        },
      }
      return watched
    },
  }
}

/** A server for this file, and a schema for each test. */
export function schemasOf(settings: Readonly<Record<string, string>> = {}) {
  let server: PostgresServer | undefined
  let pool: pg.Pool | undefined
  let schema = ''
  let count = 0
  beforeAll(async () => {
    server = await startPostgres(settings)
    pool = server.connect()
  })
  beforeEach(() => {
    schema = `s${++count}`
  })
  afterAll(() => server?.close())

  const use = () => pool as pg.Pool
  async function open(through: PostgresPool = use(), options = {}) {
    const store = postgresStore(through, { schema, ...options })
    await store.open(limits)
    return store
  }
  /** A statement in which `~` stands for this test's schema. */
  const run = (sql: string, values: unknown[] = []) => use().query(sql.replaceAll('~', schema), values)
  async function value(sql: string, values: unknown[] = []): Promise<unknown> {
    return Object.values((await run(sql, values)).rows[0] ?? {})[0]
  }
  return {
    server: () => server as PostgresServer,
    pool: use,
    schema: () => schema,
    store: (through: PostgresPool = use(), options = {}) => postgresStore(through, { schema, ...options }),
    open,
    run,
    value,
  }
}
