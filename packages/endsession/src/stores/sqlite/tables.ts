/** Every statement, prepared once, and the tables as functions of records. Nothing is decided here. */
import type { Where } from '../../session/ending.ts'
import type { Unnumbered } from '../../session/feed.ts'
import type { StoredMark } from '../../session/marks.ts'
import type { EndedRecord, StoredSession } from '../../session/store.ts'
import type { MarkKind, MarkWrite } from '../effects.ts'
import type { SqliteDatabase } from './driver.ts'
import { number, type Row, readEnded, readEntry, readMark, readSession, sessionColumns, sessionValues, text } from './rows.ts'

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
  const prepare = (sql: string) => {
    const statement = database.prepare(sql)
    return {
      run: (...values: readonly unknown[]): void => void statement.run(...values),
      row: (...values: readonly unknown[]) => statement.get(...values) as Row | undefined,
      rows: (...values: readonly unknown[]) => statement.all(...values) as readonly Row[],
    }
  }
  const finder = <T>(table: string, read: (row: Row) => T) => {
    const byId = prepare(`SELECT * FROM ${table} WHERE id = ?`)
    const bySub = prepare(`SELECT * FROM ${table} WHERE sub = ? AND client = ? AND iss = ?`)
    const bySid = prepare(`SELECT * FROM ${table} WHERE sid = ? AND client = ? AND iss = ?`)
    const rowsOf = (where: Where) => {
      if ('id' in where) return byId.rows(where.id)
      return 'sid' in where ? bySid.rows(where.sid, where.client, where.iss) : bySub.rows(where.sub, where.client, where.iss)
    }
    return {
      get: (id: string) => {
        const row = byId.row(id)
        return row && read(row)
      },
      where: (where: Where) => rowsOf(where).map(read),
    }
  }

  const putSession = prepare(`INSERT OR REPLACE INTO sessions (${columns}) VALUES (${holes(sessionColumns.length)})`)
  const seen = prepare('UPDATE sessions SET seen_at = max(seen_at, ?) WHERE id = ?')
  const dropSession = prepare('DELETE FROM sessions WHERE id = ?')
  const expired = prepare('SELECT * FROM sessions WHERE expires_at <= ? OR seen_at <= ? LIMIT ?')

  const putEnded = prepare(`INSERT OR REPLACE INTO ended (${endedColumns}) VALUES (${holes(sessionColumns.length + 4)})`)
  const settle = prepare('UPDATE ended SET settled = 1, kept_until = ? WHERE id = ?')
  const unsettled = prepare('SELECT * FROM ended WHERE settled = 0 AND kept_until > ? ORDER BY ended_at LIMIT ?')

  const mark = prepare('SELECT * FROM marks WHERE key = ? AND kind = ?')
  const putMark = prepare(`
    INSERT INTO marks (kind, key, before, auth_before, cause, ended_at, until, auth_until, kept_until)
    VALUES (${holes(9)}) ON CONFLICT (key, kind) DO UPDATE SET before = excluded.before, auth_before = excluded.auth_before,
      cause = excluded.cause, ended_at = excluded.ended_at, until = excluded.until, auth_until = excluded.auth_until,
      kept_until = excluded.kept_until`)
  const marksAfter = prepare('SELECT rowid AS row, * FROM marks WHERE rowid > ? ORDER BY rowid LIMIT ?')

  const append = prepare('INSERT INTO feed (id, sid, sub, tokens, before, cause, until) VALUES (?, ?, ?, ?, ?, ?, ?)')
  const feedAfter = prepare('SELECT * FROM feed WHERE number > ? ORDER BY number LIMIT ?')
  const head = prepare("SELECT seq FROM sqlite_sequence WHERE name = 'feed'")
  const oldest = prepare('SELECT number, until FROM feed ORDER BY number LIMIT ?')
  const forget = prepare('DELETE FROM feed WHERE number <= ?')

  const take = prepare(`
    INSERT INTO claims (key, until) VALUES (?, ?)
    ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE until <= ? RETURNING 1 AS taken`)
  const putFollower = prepare('INSERT OR REPLACE INTO followers (name, position, confirmed_at) VALUES (?, ?, ?)')
  const followersSince = prepare('SELECT * FROM followers WHERE confirmed_at > ? ORDER BY name')

  const sweeper = (table: string, column: string) =>
    prepare(`DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE ${column} <= ? LIMIT ${mostPerSweep})`)
  const overdue = [sweeper('ended', 'kept_until'), sweeper('marks', 'kept_until'), sweeper('claims', 'until')]
  const silent = sweeper('followers', 'confirmed_at')

  return {
    sessions: {
      ...finder('sessions', readSession),
      put: (session) => putSession.run(...sessionValues(session)),
      seen: (id, at) => seen.run(at, id),
      drop: (id) => dropSession.run(id),
      expired: (now, unseenSince, limit) => expired.rows(now, unseenSince, limit).map(readSession),
    },
    ended: {
      ...finder('ended', readEnded),
      put: (record, keptUntil) =>
        putEnded.run(...sessionValues(record), record.cause, record.endedAt, record.settled ? 1 : 0, keptUntil),
      settle: (id, keptUntil) => settle.run(keptUntil, id),
      unsettled: (now, limit) => unsettled.rows(now, limit).map(readEnded),
    },
    marks: {
      get: (kind, key) => {
        const row = mark.row(key, kind)
        return row && readMark(row)
      },
      put: ({ kind, key, mark: { before = null, authBefore = null, cause, endedAt, until, authUntil = null } }) =>
        putMark.run(kind, key, before, authBefore, cause, endedAt, until, authUntil, Math.max(until, authUntil ?? 0)),
      after: (rowid, limit) =>
        marksAfter.rows(rowid, limit).map((row) => ({
          rowid: number(row, 'row'),
          kind: text(row, 'kind') as MarkKind,
          key: text(row, 'key'),
          mark: readMark(row),
        })),
    },
    feed: {
      append: ({ id = null, sid = null, sub = null, tokens, before = null, cause, until }) =>
        append.run(id, sid, sub, JSON.stringify(tokens), before, cause, until),
      after: (after, limit) =>
        feedAfter.rows(after, limit).map((row) => ({ number: number(row, 'number'), entry: readEntry(row) })),
      head: () => {
        const row = head.row()
        return row ? number(row, 'seq') : 0
      },
    },
    claims: { take: (key, until, now) => take.row(key, until, now) !== undefined },
    followers: {
      put: (name, position, at) => putFollower.run(name, position, at),
      since: (at) =>
        followersSince.rows(at).map((row) => ({
          name: text(row, 'name'),
          position: text(row, 'position'),
          confirmedAt: number(row, 'confirmed_at'),
        })),
    },
    sweep: (now, silentSince) => {
      for (const statement of overdue) statement.run(now)
      silent.run(silentSince)
      // From the oldest on only, so that what is left has no gaps.
      const rows = oldest.rows(mostPerSweep)
      const kept = rows.findIndex((row) => number(row, 'until') > now)
      const last = rows[(kept === -1 ? rows.length : kept) - 1]
      if (last) forget.run(number(last, 'number'))
    },
  }
}
