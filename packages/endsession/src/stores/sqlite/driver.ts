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
