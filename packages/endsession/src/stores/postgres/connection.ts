/** A pool of connections and a Postgres in this process, seen from one side; how each of their calls ends. */
import { EndSessionError } from '../../errors.ts'
import { createBound } from '../../runtime.ts'
import type { Row } from '../row-checks.ts'

/** What `Pool` of `pg` has. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
}

export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<unknown>
  on(event: 'error', listener: () => void): unknown
  removeListener(event: 'error', listener: () => void): unknown
  /** `true`: the connection is closed, and not used again. */
  release(destroy?: boolean): void
}

/** What PGlite has. */
export interface PostgresInProcess {
  query(text: string, values?: unknown[]): Promise<unknown>
  transaction<T>(work: (transaction: PostgresTransaction) => Promise<T>): Promise<T>
}

export interface PostgresTransaction {
  query(text: string, values?: unknown[]): Promise<unknown>
  exec(text: string): Promise<unknown>
}

export interface Connection {
  /** Ends with this process. */
  readonly inProcess: boolean
  /** One statement by itself, in one round trip. */
  query(text: string, values: readonly unknown[]): Promise<readonly Row[]>
  /**
   * `begin` goes with the BEGIN, what `work` calls `last` with the COMMIT: several statements, a round trip for all of
   * them. `work` gets the rows of each statement of `begin`. What throws leaves nothing, except a COMMIT without an answer.
   */
  transact<T>(
    begin: string,
    work: (query: Query, begun: readonly (readonly Row[])[]) => Promise<{ readonly value: T; readonly last: string }>,
  ): Promise<T>
}

export type Query = Connection['query']

/** Of a call in all, waiting for a connection too; up to a tenth more. What answers later is not acknowledged. */
export const patienceSeconds = 4.5

export function connectTo(database: PostgresPool | PostgresInProcess): Connection {
  return 'transaction' in database ? inProcess(database) : pooled(database)
}

/**
 * Nothing here outlives its transaction: no named statement, no setting, no lock of the connection. A pooler may give each
 * transaction another one.
 */
function pooled(pool: PostgresPool): Connection {
  const withClient = clientsOf(pool)
  return {
    inProcess: false,
    query: (text, values) => withClient(async (client) => rowsOf(await client.query(text, [...values]))),
    transact: (begin, work) =>
      withClient(async (client) => {
        const begun = await client.query(`BEGIN; ${begin}`)
        const query: Query = async (text, values) => rowsOf(await client.query(text, [...values]))
        const { value, last } = await work(query, resultsOf(begun).slice(1).map(rowsOf))
        const [end] = resultsOf(await client.query(last ? `${last}; COMMIT` : 'COMMIT')).slice(-1)
        // A transaction that has failed answers COMMIT with ROLLBACK, and no error.
        if ((end as { readonly command?: unknown }).command !== 'COMMIT') throw new Error('the commit was refused')
        return value
      }),
  }
}

/**
 * A connection that a call has failed on, or that has not answered in time, is closed: whatever it was in the middle of
 * ends there, and nobody else gets it. One that comes too late goes back.
 */
function clientsOf(pool: PostgresPool): <T>(work: (client: PostgresClient) => Promise<T>) => Promise<T> {
  const bound = createBound(patienceSeconds)
  return async (work) => {
    let client: PostgresClient | undefined
    let failed = true
    let over = false
    async function call(): ReturnType<typeof work> {
      const taken = await pool.connect()
      if (over) {
        taken.release()
        throw new Error('too late')
      }
      client = taken
      // The pool listens to idle connections only; without a listener a broken one ends the process.
      client.on('error', ignore)
      return work(client)
    }
    try {
      const value = await bound(call())
      failed = false
      return value
    } finally {
      over = true
      client?.removeListener('error', ignore)
      client?.release(failed)
    }
  }
}

function ignore(): void {}

function inProcess(database: PostgresInProcess): Connection {
  const bound = createBound(patienceSeconds)
  return {
    inProcess: true,
    query: (text, values) => bound(database.query(text, [...values]).then(rowsOf)),
    async transact(begin, work) {
      let over = false
      const done = database.transaction(async (transaction) => {
        const begun = resultsOf(await transaction.exec(begin)).map(rowsOf)
        const query: Query = async (text, values) => rowsOf(await transaction.query(text, [...values]))
        const { value, last } = await work(query, begun)
        if (last) await transaction.exec(last)
        if (over) throw new Error('too late')
        return value
      })
      try {
        return await bound(done)
      } finally {
        over = true
      }
    },
  }
}

/** Of several statements pg answers an array, of one its result. */
function resultsOf(answer: unknown): readonly unknown[] {
  return Array.isArray(answer) ? answer : [answer]
}

function rowsOf(result: unknown): readonly Row[] {
  const rows = (result as { readonly rows?: unknown } | undefined)?.rows
  if (!Array.isArray(rows)) throw new Error('the driver answered no rows')
  return rows
}

/** Two transactions stood in each other's way: of this one nothing is left, and it may be done again. */
export function isConflict(error: unknown): boolean {
  const code = sqlState(error)
  return code === '40001' || code === '40P01'
}

/** The database does not take a value: nothing that another call can be blamed for. */
export function isRefusedValue(error: unknown): boolean {
  return /^(22|23|54)/.test(sqlState(error) ?? '')
}

export function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** Our error as it is; anything else becomes the cause of ours, without the values that Postgres quotes in it. */
export function storeError(cause: unknown, message = 'The session database failed.'): EndSessionError {
  if (cause instanceof Error) for (const quoting of ['detail', 'where']) Reflect.deleteProperty(cause, quoting)
  return cause instanceof EndSessionError ? cause : new EndSessionError('ERR_STORE', message, { cause })
}
