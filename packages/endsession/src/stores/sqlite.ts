import { EndSessionError } from '../errors.ts'
import { systemNow } from '../runtime.ts'
import { effectsOf, entryOf, isTold } from '../session/effects.ts'
import { planEnd } from '../session/ending.ts'
import { answersUntil, expiryOf, keptUntil, latestEnd } from '../session/expiry.ts'
import { hasReached, writePosition } from '../session/feed.ts'
import { createFollowing, type Following } from '../session/following.ts'
import { coverOf, type MarkLookup, refusalOf } from '../session/marks.ts'
import type { EndedRecord, Entry, Limits, Mark, Selector, Store, StoredSession } from '../session/store.ts'
import type { Cause } from '../words.ts'
import { number, type Row } from './row-checks.ts'
import { lettingGo, type SqliteDatabase, storeError, whenUnlocked } from './sqlite/driver.ts'
import { openSchema } from './sqlite/schema.ts'
import { prepareTables, type Tables } from './sqlite/tables.ts'
import { createWriter, type Writer } from './sqlite/writing.ts'

export type { SqliteDatabase, SqliteStatement } from './sqlite/driver.ts'

/** What `open` makes. */
interface Opened {
  readonly limits: Limits
  readonly epoch: string
  readonly tables: Tables
  readonly marks: MarkLookup
  readonly writer: Writer
  readonly following: Following
}

/** One `PRAGMA data_version`: some microseconds, no disk. */
const pollSeconds = 0.1
const mostPerSnapshotRead = 500

/**
 * Sessions and marks in an SQLite file of its own, through a connection of its own: `node:sqlite`, better-sqlite3 or
 * libsql. Several processes of one machine may use the file; a network disk will not do.
 *
 * Every write is on the disk before it is answered (`synchronous=FULL`, read back); writes that wait together share one
 * commit. Another process's ends reach this one's feed within 0.1 seconds; `get` and `covers` see them at once.
 * `close` ends the work and the followers; closing the database is for whoever opened it. A database without a file
 * (`:memory:`) is of durability `process`.
 *
 * Throws `ERR_STORE`, with the driver's error as `cause`: also for a file that is another application's or a newer
 * release's, which it leaves as it is.
 */
export function sqliteStore(
  database: SqliteDatabase,
  options: { /** Epoch seconds. @default the machine's clock */ readonly now?: () => number } = {},
): Store {
  const connection = lettingGo(database)
  const now = options.now ?? systemNow
  let opened: Opened | undefined

  function use(): Opened {
    if (!opened) throw new EndSessionError('ERR_STORE', 'The session store is not open.')
    return opened
  }

  async function read<T>(work: (opened: Opened) => T): Promise<T> {
    return unlocked(() => work(use()))
  }

  async function write<T>(work: (opened: Opened) => T): Promise<T> {
    return use().writer.write(() => work(use()))
  }

  function prepare(limits: Limits, epoch: string): Opened {
    const tables = prepareTables(connection)
    // Changes when another connection commits.
    const dataVersion = connection.prepare('PRAGMA data_version')
    const following = createFollowing({
      others: { look: async () => number(dataVersion.get() as Row, 'data_version'), pollSeconds },
      after: (place, most) =>
        unlocked(() => ({ epoch, head: tables.feed.head(), found: tables.feed.after(place, most) })),
    })
    const sweep = () => tables.sweep(now(), now() - limits.accessTokenSeconds)
    const lookUp = (kind: keyof MarkLookup) => (key: string) => tables.marks.get(kind, key)
    const marks = { sid: lookUp('sid'), sub: lookUp('sub'), id: lookUp('id'), token: lookUp('token') }
    return { limits, epoch, tables, marks, following, writer: createWriter(connection, sweep, following.wake) }
  }

  function alive(session: StoredSession | undefined, limits: Limits): session is StoredSession {
    return session !== undefined && expiryOf(session, now(), limits) === undefined
  }

  /** Inside a transaction. */
  function endNow(selector: Selector, cause: Cause): readonly EndedRecord[] {
    const { tables, marks, limits } = use()
    const at = now()
    const ended: Parameters<typeof planEnd>[0]['ended'] = (where) =>
      tables.ended.where(where).filter((record) => answersUntil(record, limits) > at)
    const plan = planEnd({ live: tables.sessions.where, ended }, selector, cause, at)
    const effects = effectsOf(plan, marks, cause, at, limits)
    for (const mark of effects.marks) tables.marks.put(mark)
    for (const record of effects.records) {
      tables.sessions.drop(record.id)
      tables.ended.put(record, keptUntil(record, limits))
    }
    for (const entry of effects.entries) tables.feed.append(entry)
    return [...effects.records, ...plan.repeats.map((record) => ({ ...record, repeated: true }))]
  }

  /** An expired session of this id has ended, whether or not that has been noted yet: it is noted, and refuses. */
  function expiredBefore(session: StoredSession, limits: Limits): Mark | undefined {
    const cause = expiryOf(session, now(), limits)
    if (!cause) return undefined
    const [record] = endNow({ by: 'id', id: session.id }, cause)
    return { cause, endedAt: record?.endedAt ?? now() }
  }

  /** Marks are not collected at once: one that is raised meanwhile is in the feed after `position` as well. */
  async function* entriesAt(position: string): AsyncGenerator<Entry> {
    for (let rowid = 0; ; ) {
      const found = await read(({ tables }) => tables.marks.after(rowid, mostPerSnapshotRead))
      for (const { rowid: at, ...mark } of found) {
        rowid = at
        if (isTold(mark) && mark.mark.until > now()) yield { ...entryOf(mark), position }
      }
      if (found.length < mostPerSnapshotRead) return
    }
  }

  return {
    async open(limits) {
      try {
        const { durability, epoch } = await whenUnlocked(() => openSchema(connection))
        opened = prepare(limits, epoch)
        return { durability }
      } catch (error) {
        throw storeError(error)
      }
    },
    async now() {
      return now()
    },
    create(session, how = {}) {
      return write(({ tables, marks, limits }) => {
        const at = now()
        const refused = refusalOf(session, how, marks, at)
        if (refused) return refused
        const held = tables.sessions.get(session.id)
        if (held) return expiredBefore(held, limits) ?? 'created'
        if (how.replaces !== undefined) endNow({ by: 'id', id: how.replaces }, 'replaced')
        const times = latestEnd(session.liveSeconds, session.endsBy, at, at, limits)
        tables.sessions.put({ ...session, ...times, openedAt: at, seenAt: at, revision: 0 })
        return 'created'
      })
    },
    get(id) {
      return read(({ tables, limits }) => {
        const session = tables.sessions.get(id)
        return alive(session, limits) ? session : undefined
      })
    },
    touch(id) {
      return write(({ tables, limits }) => {
        if (alive(tables.sessions.get(id), limits)) tables.sessions.seen(id, now())
      })
    },
    update(id, revision, patch) {
      return write(({ tables, limits }) => {
        const session = tables.sessions.get(id)
        if (!alive(session, limits)) return 'gone'
        if (session.revision !== revision) return 'stale'
        const { liveSeconds = session.expiresAt - now(), endsBy = session.endsBy } = patch
        const times = latestEnd(liveSeconds, endsBy, session.openedAt, now(), limits)
        tables.sessions.put({ ...session, ...patch, ...times, revision: revision + 1 })
        return 'updated'
      })
    },
    end(selector, cause) {
      return write(({ tables, epoch }) => {
        const records = endNow(selector, cause)
        return { records, position: writePosition({ epoch, number: tables.feed.head() }) }
      })
    },
    settle(id) {
      return write(({ tables, limits }) => {
        const record = tables.ended.get(id)
        if (record) tables.ended.settle(id, keptUntil({ ...record, settled: true }, limits))
      })
    },
    pending(limit) {
      return read(({ tables, limits }) => ({
        expired: tables.sessions.expired(now(), now() - limits.idleSeconds, limit),
        unsettled: tables.ended.unsettled(now(), limit),
      }))
    },
    covers(claims) {
      return read(({ marks }) => coverOf(claims, marks, now()))
    },
    list(who) {
      return read(({ tables, limits }) => tables.sessions.where(who).filter((session) => alive(session, limits)))
    },
    claim(key, seconds) {
      return write(({ tables }) => tables.claims.take(key, now() + seconds, now()))
    },
    async *feed(after, signal) {
      yield* use().following.follow(after, signal)
    },
    head() {
      return read(({ tables, epoch }) => writePosition({ epoch, number: tables.feed.head() }))
    },
    async snapshot() {
      const position = await read(({ tables, epoch }) => writePosition({ epoch, number: tables.feed.head() }))
      return { position, entries: entriesAt(position) }
    },
    reached: hasReached,
    follow(name, position) {
      return write(({ tables }) => tables.followers.put(name, position, now()))
    },
    followers() {
      return read(({ tables, limits }) => tables.followers.since(now() - limits.accessTokenSeconds))
    },
    async close() {
      await opened?.writer.close()
      opened?.following.close()
      opened = undefined
    },
  }
}

async function unlocked<T>(work: () => T): Promise<T> {
  try {
    return await whenUnlocked(work)
  } catch (error) {
    throw storeError(error)
  }
}
