import PostgresAdapter from '@auth/pg-adapter'
import { PGlite } from '@electric-sql/pglite'

/** Auth.js's own database: its adapter for Postgres, on a Postgres in this process. */
export interface Rows {
  readonly adapter: ReturnType<typeof PostgresAdapter>
  /** Statements fail while this answers true for them. */
  fails: (sql: string) => boolean
  /** While this is set no statement is answered. */
  hangs: boolean
  read(sql: string): Promise<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

/** As the adapter's own documentation has them. */
const tables = `
  CREATE TABLE verification_token (identifier TEXT NOT NULL, expires TIMESTAMPTZ NOT NULL, token TEXT NOT NULL,
    PRIMARY KEY (identifier, token));
  CREATE TABLE accounts (id SERIAL PRIMARY KEY, "userId" INTEGER NOT NULL, type TEXT NOT NULL, provider TEXT NOT NULL,
    "providerAccountId" TEXT NOT NULL, refresh_token TEXT, access_token TEXT, expires_at BIGINT, id_token TEXT, scope TEXT,
    session_state TEXT, token_type TEXT);
  CREATE TABLE sessions (id SERIAL PRIMARY KEY, "userId" INTEGER NOT NULL, expires TIMESTAMPTZ NOT NULL,
    "sessionToken" TEXT NOT NULL);
  CREATE TABLE users (id SERIAL PRIMARY KEY, name TEXT, email TEXT, "emailVerified" TIMESTAMPTZ, image TEXT);
`

export async function openRows(): Promise<Rows> {
  const database = await PGlite.create()
  await database.exec(tables)
  const rows: Rows = {
    adapter: PostgresAdapter({
      async query(sql: string, values: unknown[] = []) {
        if (rows.hangs) return new Promise(() => {})
        if (rows.fails(sql)) throw new Error('the database of Auth.js is down')
        const { rows: found, affectedRows = 0 } = await database.query(sql, values)
        return { rows: found, rowCount: found.length || affectedRows }
      },
    } as never),
    fails: () => false,
    hangs: false,
    read: async (sql) => (await database.query<Record<string, unknown>>(sql)).rows,
    close: () => database.close(),
  }
  return rows
}
