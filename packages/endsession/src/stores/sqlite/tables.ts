/** Every statement, prepared once, and the tables as functions of records. Nothing is decided here. */
import type { MarkKind, MarkWrite } from '../../session/effects.ts'
import type { Where } from '../../session/ending.ts'
import type { Unnumbered } from '../../session/feed.ts'
import type { StoredMark } from '../../session/marks.ts'
import type { EndedRecord, StoredSession } from '../../session/store.ts'
import { number, type Row, readEntry, text } from '../row-checks.ts'
import type { SqliteDatabase } from './driver.ts'
import { json, readEnded, readMark, readSession, sessionColumns, sessionValues } from './rows.ts'

export interface Tables {
  readonly sessions: {
    get(id: string): StoredSession | undefined
    where(where: Where): readonly StoredSession[]
    put(session: StoredSession): void
    /** Only forward. */
    seen(id: string, at: number): void
    drop(id: string): void
    /** Over at `now`, or not seen since `unseenSince`. */
    expired(now: number, unseenSince: number, limit: number): readonly StoredSession[]
  }
  readonly ended: {
    get(id: string): EndedRecord | undefined
    where(where: Where): readonly EndedRecord[]
    put(record: EndedRecord, keptUntil: number): void
    settle(id: string, keptUntil: number): void
    unsettled(now: number, limit: number): readonly EndedRecord[]
  }
  readonly marks: {
    get(kind: MarkKind, key: string): StoredMark | undefined
    put(write: MarkWrite): void
    /** The next ones, in no order that means anything. */
    after(rowid: number, limit: number): readonly (MarkWrite & { readonly rowid: number })[]
  }
  readonly feed: {
    append(entry: Unnumbered): void
    after(number: number, limit: number): readonly { readonly number: number; readonly entry: Unnumbered }[]
    head(): number
  }
  readonly claims: {
    /** Whether it was free. */
    take(key: string, until: number, now: number): boolean
  }
  readonly followers: {
    put(name: string, position: string, at: number): void
    since(at: number): readonly { readonly name: string; readonly position: string; readonly confirmedAt: number }[]
  }
  /** Drops at most a hundred rows whose time is over. */
  sweep(now: number, silentSince: number): void
}

/** Of each of five tables. */
const mostPerSweep = 20

export function prepareTables(database: SqliteDatabase): Tables {
  const columns = sessionColumns.join(', ')
  const endedColumns = `${columns}, cause, ended_at, settled, kept_until`
  const holes = (count: number) => Array(count).fill('?').join(', ')
  // One method for each statement: libsql 0.5 answers a `get` that follows an `all` with the values of that `all`.
  const run = (sql: string) => {
    const statement = database.prepare(sql)
    return (...values: readonly unknown[]): void => void statement.run(...values)
  }
  const row = (sql: string) => {
    const statement = database.prepare(sql)
    return (...values: readonly unknown[]) => statement.get(...values) as Row | undefined
  }
  const rows = (sql: string) => {
    const statement = database.prepare(sql)
    return (...values: readonly unknown[]) => statement.all(...values) as readonly Row[]
  }
  const finder = <T>(table: string, read: (row: Row) => T) => {
    const byId = row(`SELECT * FROM ${table} WHERE id = ?`)
    const bySub = rows(`SELECT * FROM ${table} WHERE sub = ? AND client = ? AND iss = ?`)
    const bySid = rows(`SELECT * FROM ${table} WHERE sid = ? AND client = ? AND iss = ?`)
    const rowsOf = (where: Where) => {
      if ('id' in where) return [byId(where.id)].filter((found) => found !== undefined)
      return 'sid' in where ? bySid(where.sid, where.client, where.iss) : bySub(where.sub, where.client, where.iss)
    }
    return {
      get: (id: string) => {
        const found = byId(id)
        return found && read(found)
      },
      where: (where: Where) => rowsOf(where).map(read),
    }
  }

  const putSession = run(`INSERT OR REPLACE INTO sessions (${columns}) VALUES (${holes(sessionColumns.length)})`)
  const seen = run('UPDATE sessions SET seen_at = max(seen_at, ?) WHERE id = ?')
  const dropSession = run('DELETE FROM sessions WHERE id = ?')
  const expired = rows('SELECT * FROM sessions WHERE expires_at <= ? OR seen_at <= ? LIMIT ?')

  const putEnded = run(`INSERT OR REPLACE INTO ended (${endedColumns}) VALUES (${holes(sessionColumns.length + 4)})`)
  const settle = run('UPDATE ended SET settled = 1, kept_until = ? WHERE id = ?')
  const unsettled = rows('SELECT * FROM ended WHERE settled = 0 AND kept_until > ? ORDER BY ended_at LIMIT ?')

  const mark = row('SELECT * FROM marks WHERE key = ? AND kind = ?')
  const putMark = run(`
    INSERT INTO marks (kind, key, before, auth_before, cause, ended_at, until, auth_until, kept_until)
    VALUES (${holes(9)}) ON CONFLICT (key, kind) DO UPDATE SET before = excluded.before, auth_before = excluded.auth_before,
      cause = excluded.cause, ended_at = excluded.ended_at, until = excluded.until, auth_until = excluded.auth_until,
      kept_until = excluded.kept_until`)
  const marksAfter = rows('SELECT rowid AS row, * FROM marks WHERE rowid > ? ORDER BY rowid LIMIT ?')

  const append = run('INSERT INTO feed (id, sid, sub, tokens, before, cause, until) VALUES (?, ?, ?, ?, ?, ?, ?)')
  const feedAfter = rows('SELECT * FROM feed WHERE number > ? ORDER BY number LIMIT ?')
  const head = row("SELECT seq FROM sqlite_sequence WHERE name = 'feed'")
  const oldest = rows('SELECT number, until FROM feed ORDER BY number LIMIT ?')
  const forget = run('DELETE FROM feed WHERE number <= ?')

  const take = row(`
    INSERT INTO claims (key, until) VALUES (?, ?)
    ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE until <= ? RETURNING 1 AS taken`)
  const putFollower = run('INSERT OR REPLACE INTO followers (name, position, confirmed_at) VALUES (?, ?, ?)')
  const followersSince = rows('SELECT * FROM followers WHERE confirmed_at > ? ORDER BY name')

  const sweeper = (table: string, column: string) =>
    run(`DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE ${column} <= ? LIMIT ${mostPerSweep})`)
  const overdue = [sweeper('ended', 'kept_until'), sweeper('marks', 'kept_until'), sweeper('claims', 'until')]
  const silent = sweeper('followers', 'confirmed_at')

  return {
    sessions: {
      ...finder('sessions', readSession),
      put: (session) => putSession(...sessionValues(session)),
      seen: (id, at) => seen(at, id),
      drop: (id) => dropSession(id),
      expired: (now, unseenSince, limit) => expired(now, unseenSince, limit).map(readSession),
    },
    ended: {
      ...finder('ended', readEnded),
      put: (record, keptUntil) =>
        putEnded(...sessionValues(record), record.cause, record.endedAt, record.settled ? 1 : 0, keptUntil),
      settle: (id, keptUntil) => settle(keptUntil, id),
      unsettled: (now, limit) => unsettled(now, limit).map(readEnded),
    },
    marks: {
      get: (kind, key) => {
        const found = mark(key, kind)
        return found && readMark(found)
      },
      put: ({ kind, key, mark: { before = null, authBefore = null, cause, endedAt, until, authUntil = null } }) =>
        putMark(kind, key, before, authBefore, cause, endedAt, until, authUntil, Math.max(until, authUntil ?? 0)),
      after: (rowid, limit) =>
        marksAfter(rowid, limit).map((found) => ({
          rowid: number(found, 'row'),
          kind: text(found, 'kind') as MarkKind,
          key: text(found, 'key'),
          mark: readMark(found),
        })),
    },
    feed: {
      append: ({ id = null, sid = null, sub = null, tokens, before = null, cause, until }) =>
        append(id, sid, sub, JSON.stringify(tokens), before, cause, until),
      after: (after, limit) =>
        feedAfter(after, limit).map((found) => ({
          number: number(found, 'number'),
          entry: readEntry(found, json(found, 'tokens')),
        })),
      head: () => {
        const found = head()
        return found ? number(found, 'seq') : 0
      },
    },
    claims: { take: (key, until, now) => take(key, until, now) !== undefined },
    followers: {
      put: (name, position, at) => putFollower(name, position, at),
      since: (at) =>
        followersSince(at).map((found) => ({
          name: text(found, 'name'),
          position: text(found, 'position'),
          confirmedAt: number(found, 'confirmed_at'),
        })),
    },
    sweep: (now, silentSince) => {
      for (const drop of overdue) drop(now)
      silent(silentSince)
      // From the oldest on only, so that what is left has no gaps.
      const first = oldest(mostPerSweep)
      const kept = first.findIndex((entry) => number(entry, 'until') > now)
      const last = first[(kept === -1 ? first.length : kept) - 1]
      if (last) forget(number(last, 'number'))
    },
  }
}
