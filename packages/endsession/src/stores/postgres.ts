import { EndSessionError } from '../errors.ts'
import { entryOf, isTold } from '../session/effects.ts'
import { expiryOf } from '../session/expiry.ts'
import { hasReached, writePosition } from '../session/feed.ts'
import { createFollowing, type Following } from '../session/following.ts'
import { coverOf, subjectHash } from '../session/marks.ts'
import type { Claims, Entry, Limits, Position, Store, StoredSession } from '../session/store.ts'
import {
  type Connection,
  connectTo,
  type PostgresInProcess,
  type PostgresPool,
  storeError,
} from './postgres/connection.ts'
import { claim, create, end, settle, touch, update } from './postgres/decisions.ts'
import { type PostgresOptions, readOptions } from './postgres/options.ts'
import {
  type Answer,
  entriesOf,
  headOf,
  type Kept,
  markId,
  readAnswer,
  readEnded,
  readMark,
  readSession,
} from './postgres/rows.ts'
import { openSchema, placeOf, readDurability } from './postgres/schema.ts'
import { type Statements, writeStatements } from './postgres/statements.ts'
import { createWriter, type Writer } from './postgres/writing.ts'
import { number, text } from './row-checks.ts'

export type { PostgresClient, PostgresInProcess, PostgresPool, PostgresTransaction } from './postgres/connection.ts'
export type { PostgresOptions } from './postgres/options.ts'

/** What `open` makes. */
interface Opened {
  readonly limits: Limits
  readonly statements: Statements
  readonly writer: Writer
  readonly following: Following
}

const mostPerSnapshotRead = 500

/**
 * Sessions and marks in a schema of a Postgres database, 13 or newer, through a `Pool` of `pg`; or in PGlite, for tests.
 *
 * Every write is on the server's disk before it is answered: where `synchronous_commit` is off, it is raised for these
 * transactions. With `fsync` off, and always on PGlite, the durability is `process`. Writes that wait together share one
 * commit. Nothing is left in a connection between transactions: a pooler in transaction mode will do. A standby is
 * refused, because it answers late.
 *
 * A call that takes over 5 s fails, and its connection is closed. `close` ends the work and the followers; ending the pool,
 * and listening to its `error` event, is for whoever made it. Throws `ERR_STORE`, with the driver's error as `cause`, the
 * values in it left out: also for a schema that is another application's or a newer release's, which it leaves as it is.
 * `ERR_OPTIONS`, at once, for options that do not work.
 */
export function postgresStore(database: PostgresPool | PostgresInProcess, options: PostgresOptions = {}): Store {
  const { schema, pollSeconds } = readOptions(options)
  const connection: Connection = connectTo(database)
  let opened: Opened | undefined

  function use(): Opened {
    if (!opened) throw new EndSessionError('ERR_STORE', 'The session store is not open.')
    return opened
  }

  /** With the store's clock in place of the database's, if it has one. */
  async function read(statement: string, values: readonly unknown[] = []): Promise<Answer> {
    try {
      const answer = readAnswer(await connection.query(statement, values))
      return { rows: answer.rows, now: options.now?.() ?? answer.now }
    } catch (error) {
      throw storeError(error)
    }
  }

  async function now(): Promise<number> {
    return options.now?.() ?? (await read(use().statements.clock)).now
  }

  async function head(): Promise<Position> {
    return writePosition(headOf(await read(use().statements.head)))
  }

  function living({ rows, now }: Answer, { limits }: Opened): readonly StoredSession[] {
    return rows.map(({ row }) => readSession(row)).filter((session) => expiryOf(session, now, limits) === undefined)
  }

  /** Marks are not collected at once: one that is raised meanwhile is in the feed after `position` as well. */
  async function* entriesAt(position: string): AsyncGenerator<Entry> {
    for (let last = ''; ; ) {
      const { rows, now } = await read(use().statements.marksAfter, [last, mostPerSnapshotRead])
      for (const { row } of rows) {
        const mark = readMark(row)
        if (isTold(mark) && mark.mark.until > now) yield { ...entryOf(mark), position }
      }
      if (rows.length < mostPerSnapshotRead) return
      last = text(rows.at(-1)?.row ?? {}, 'id')
    }
  }

  return {
    async open(limits) {
      try {
        await openSchema(connection, schema)
        const durability = await readDurability(connection, schema)
        const statements = writeStatements(schema, await placeOf(connection))
        const following = createFollowing({
          others: { look: head, pollSeconds },
          async after(place, most) {
            const answer = await read(statements.feed, [place, most])
            const { epoch, number: head } = headOf(answer)
            return { epoch, head, found: entriesOf(answer) }
          },
        })
        const writer = createWriter(connection, statements, limits, options.now, following.wake)
        opened = { limits, statements, writer, following }
        return { durability }
      } catch (error) {
        throw storeError(error)
      }
    },
    now,
    async create(session, how = {}) {
      return use().writer.write((facts) => create(facts, session, how))
    },
    async get(id) {
      return living(await read(use().statements.session, [id]), use())[0]
    },
    async touch(id) {
      return use().writer.write((facts) => touch(facts, id))
    },
    async update(id, revision, patch) {
      return use().writer.write((facts) => update(facts, id, revision, patch))
    },
    async end(selector, cause) {
      return use().writer.write((facts) => {
        const records = end(facts, selector, cause)
        return { records, position: facts.position() }
      })
    },
    async settle(id) {
      return use().writer.write((facts) => settle(facts, id))
    },
    async pending(limit) {
      const { statements, limits } = use()
      const at = await now()
      const { rows } = await read(statements.pending, [at, at - limits.idleSeconds, limit])
      const of = (wanted: Kept['kind']) => rows.filter(({ kind }) => kind === wanted).map(({ row }) => row)
      return { expired: of('live').map(readSession), unsettled: of('ended').map(readEnded) }
    },
    async covers(claims) {
      const { rows, now } = await read(use().statements.marks, [markIdsOf(claims)])
      const marks = new Map(rows.map(({ row }) => [text(row, 'id'), readMark(row).mark]))
      const lookUp = (kind: Parameters<typeof markId>[0]) => (key: string) => marks.get(markId(kind, key))
      return coverOf(claims, { sid: lookUp('sid'), sub: lookUp('sub'), id: lookUp('id'), token: lookUp('token') }, now)
    },
    async list(who) {
      const { statements } = use()
      const [statement, subject] =
        'sub' in who ? [statements.sessionsOfSub, who.sub] : [statements.sessionsOfSid, who.sid]
      return living(await read(statement, [subjectHash(who.iss, who.client, subject)]), use())
    },
    async claim(key, seconds) {
      return use().writer.write((facts) => claim(facts, key, seconds))
    },
    async *feed(after, signal) {
      yield* use().following.follow(after, signal)
    },
    head,
    async snapshot() {
      const position = await head()
      return { position, entries: entriesAt(position) }
    },
    reached: hasReached,
    async follow(name, position) {
      return use().writer.write((facts) => facts.follow(name, position))
    },
    async followers() {
      const { statements, limits } = use()
      const { rows } = await read(statements.followers, [(await now()) - limits.accessTokenSeconds])
      return rows.map(({ row }) => ({
        name: text(row, 'name'),
        position: text(row, 'position'),
        confirmedAt: number(row, 'confirmed_at'),
      }))
    },
    async close() {
      await opened?.writer.close()
      opened?.following.close()
      opened = undefined
    },
  }
}

/** The marks that `coverOf` may ask for. */
function markIdsOf({ iss, client, sub, sid, token }: Claims): readonly string[] {
  const subject = (kind: 'sid' | 'sub', value: string | undefined) =>
    client === undefined || value === undefined ? [] : [markId(kind, subjectHash(iss, client, value))]
  return [...(token === undefined ? [] : [markId('token', token)]), ...subject('sid', sid), ...subject('sub', sub)]
}
