/** The three drivers seen from one side: what they have in common, how their errors are told apart. */
import { EndSessionError } from '../../errors.ts'
import { sleep } from '../../runtime.ts'

/** What `node:sqlite`, better-sqlite3 and libsql have in common. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
}

export interface SqliteStatement {
  // biome-ignore lint/suspicious/noExplicitAny: the drivers' own types of bound values differ.
  run(...values: any[]): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  get(...values: any[]): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  all(...values: any[]): unknown[]
}

/**
 * The same database, whose reads let go. A read that meets a lock is not over for SQLite, but may be gone on with: until it
 * is run again (or collected: libsql gives us no other way) the connection sees the database as it was then, and with it
 * sessions that other processes have ended since. So it is run again before anything else is.
 */
export function lettingGo(database: SqliteDatabase): SqliteDatabase {
  const halted = new Map<SqliteStatement, () => unknown>()

  /** Throws while the lock is still held: then nothing else is done either. */
  function letGo(but?: SqliteStatement): void {
    for (const [statement, again] of halted) {
      if (statement === but) continue
      again()
      halted.delete(statement)
    }
  }

  function read<T>(statement: SqliteStatement, work: () => T): T {
    letGo(statement)
    try {
      const answer = work()
      halted.delete(statement)
      return answer
    } catch (error) {
      if (isBusy(error)) halted.set(statement, work)
      throw error
    }
  }

  return {
    exec(sql) {
      letGo()
      return database.exec(sql)
    },
    prepare(sql) {
      const statement = database.prepare(sql)
      const run = (...values: unknown[]) => {
        letGo()
        return statement.run(...values)
      }
      // What writes is not done again: that is for whoever asked for it.
      if (!/^\s*(SELECT|PRAGMA)\b/i.test(sql))
        return { run, get: statement.get.bind(statement), all: statement.all.bind(statement) }
      return {
        run,
        get: (...values) => read(statement, () => statement.get(...values)),
        all: (...values) => read(statement, () => statement.all(...values)),
      }
    },
  }
}

/** How long SQLite itself waits for a lock: this blocks the event loop, so it is short, and we try again. */
export const lockWaitMilliseconds = 20
const pauseSeconds = 0.01
/** With the waits above: about 5 seconds. */
const lockAttempts = 150

/** Does `work`, and again while another process holds the lock, letting this process go on in between. */
export async function whenUnlocked<T>(work: () => T): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || attempt === lockAttempts) throw error
    }
    await sleep(pauseSeconds)
  }
}

export function isBusy(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown }
  // node:sqlite has SQLite's number, whose low byte is the kind; the others its name.
  return typeof errcode === 'number'
    ? (errcode & 0xff) === 5
    : typeof code === 'string' && code.startsWith('SQLITE_BUSY')
}

/** Our error as it is; anything else becomes the cause of ours. */
export function storeError(cause: unknown, message = 'The session database failed.'): EndSessionError {
  return cause instanceof EndSessionError ? cause : new EndSessionError('ERR_STORE', message, { cause })
}
