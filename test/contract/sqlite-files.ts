/** What the tests of the sqlite store's own promises share. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SqliteDatabase, sqliteStore } from 'endsession/sqlite'
import { afterAll, beforeEach } from 'vitest'
import { limits } from '../../packages/endsession/src/testing/contract/kit.ts'
import type { Connection, Driver } from './sqlite-drivers.ts'

/** A database through which a test sees, and spoils, what the store does: `intercept` runs before each statement. */
export function watched(database: SqliteDatabase, intercept: (sql: string) => void): SqliteDatabase {
  return {
    exec(sql) {
      intercept(sql)
      return database.exec(sql)
    },
    prepare(sql) {
      const statement = database.prepare(sql)
      const through =
        (method: 'run' | 'get' | 'all') =>
        (...values: unknown[]) => {
          intercept(sql)
          return statement[method](...values)
        }
      return { run: through('run'), get: through('get'), all: through('all') as () => unknown[] }
    },
  }
}

export const failed = { name: 'EndSessionError', code: 'ERR_STORE', status: 503 }

export function value(database: SqliteDatabase, sql: string): unknown {
  return Object.values(database.prepare(sql).get() as object)[0]
}

/** A file for each test, in a folder that is removed at the end. */
export function filesFor(driver: Driver) {
  const folder = mkdtempSync(join(tmpdir(), 'endsession-sqlite-'))
  const connections: Connection[] = []
  let files = 0
  let path = ''
  const nextFile = () => {
    path = join(folder, `${++files}.db`)
  }
  beforeEach(nextFile)
  afterAll(() => {
    for (const connection of connections) connection.close()
    rmSync(folder, { recursive: true, force: true })
  })
  /** One more connection to this test's file. */
  function connect(to = path): Connection {
    const connection = driver.open(to)
    connections.push(connection)
    return connection
  }
  async function open(database: SqliteDatabase = connect(), options = {}) {
    const store = sqliteStore(database, options)
    await store.open(limits)
    return store
  }
  return { nextFile, connect, open }
}
