import { EndSessionError } from '../../errors.ts'
import { systemRuntime, toBase64url } from '../../runtime.ts'
import type { Durability } from '../../session/store.ts'
import { lockWaitMilliseconds, type SqliteDatabase } from './driver.ts'

/** `PRAGMA user_version`: of the tables. Moves when they change. */
const schemaVersion = 1
/** `PRAGMA application_id`: "ends". Tells our files from an app's own. */
const applicationId = 0x656e6473

/**
 * No `WITHOUT ROWID`: with rows of this size it makes the file three times as large and reads three times as slow.
 * `AUTOINCREMENT`: a number is never given twice, also after the newest entries have been forgotten; it is given inside
 * the transaction, and taken back with it, so that the numbers have no gaps.
 */
const tables = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);

  CREATE TABLE sessions (
    id TEXT PRIMARY KEY, format INTEGER NOT NULL, iss TEXT NOT NULL, client TEXT NOT NULL, sub TEXT NOT NULL, sid TEXT,
    signed_in_at REAL NOT NULL, told_at REAL, auth_time REAL, sealed BLOB NOT NULL, tokens TEXT NOT NULL, live_seconds REAL NOT NULL,
    ends_by TEXT NOT NULL, opened_at REAL NOT NULL, seen_at REAL NOT NULL, expires_at REAL NOT NULL,
    revision INTEGER NOT NULL
  );
  CREATE INDEX sessions_by_sub ON sessions (sub, client, iss);
  CREATE INDEX sessions_by_sid ON sessions (sid, client, iss) WHERE sid IS NOT NULL;
  CREATE INDEX sessions_by_expiry ON sessions (expires_at);
  CREATE INDEX sessions_by_use ON sessions (seen_at);

  CREATE TABLE ended (
    id TEXT PRIMARY KEY, format INTEGER NOT NULL, iss TEXT NOT NULL, client TEXT NOT NULL, sub TEXT NOT NULL, sid TEXT,
    signed_in_at REAL NOT NULL, told_at REAL, auth_time REAL, sealed BLOB NOT NULL, tokens TEXT NOT NULL, live_seconds REAL NOT NULL,
    ends_by TEXT NOT NULL, opened_at REAL NOT NULL, seen_at REAL NOT NULL, expires_at REAL NOT NULL,
    revision INTEGER NOT NULL,
    cause TEXT NOT NULL, ended_at REAL NOT NULL, settled INTEGER NOT NULL, kept_until REAL NOT NULL
  );
  CREATE INDEX ended_by_sub ON ended (sub, client, iss);
  CREATE INDEX ended_by_sid ON ended (sid, client, iss) WHERE sid IS NOT NULL;
  CREATE INDEX ended_by_keeping ON ended (kept_until);
  CREATE INDEX ended_unsettled ON ended (ended_at) WHERE settled = 0;

  CREATE TABLE marks (
    kind TEXT NOT NULL, key TEXT NOT NULL, before REAL, auth_before REAL, cause TEXT NOT NULL, ended_at REAL NOT NULL,
    until REAL NOT NULL, auth_until REAL, kept_until REAL NOT NULL
  );
  CREATE UNIQUE INDEX marks_by_key ON marks (key, kind);
  CREATE INDEX marks_by_keeping ON marks (kept_until);

  CREATE TABLE feed (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, sid TEXT, sub TEXT, tokens TEXT NOT NULL, before REAL,
    cause TEXT NOT NULL, until REAL NOT NULL
  );

  CREATE TABLE claims (key TEXT PRIMARY KEY, until REAL NOT NULL);
  CREATE INDEX claims_by_end ON claims (until);

  CREATE TABLE followers (name TEXT PRIMARY KEY, position TEXT NOT NULL, confirmed_at REAL NOT NULL);
  CREATE INDEX followers_by_time ON followers (confirmed_at);

  PRAGMA user_version = ${schemaVersion};
  PRAGMA application_id = ${applicationId};
`

/** Makes the tables if the file is new. Touches nothing in a file that is not ours, or newer than this release. */
export function openSchema(database: SqliteDatabase): { readonly durability: Durability; readonly epoch: string } {
  const found = pragma(database, 'user_version')
  if (found !== 0) checkOurs(database, found)
  database.exec(`PRAGMA busy_timeout = ${lockWaitMilliseconds}`)
  const durability = makeDurable(database)
  if (found === 0) createTables(database)
  const row = database.prepare("SELECT value FROM meta WHERE name = 'epoch'").get() as { value?: unknown } | undefined
  if (typeof row?.value !== 'string') throw new EndSessionError('ERR_STORE', 'The session database has no epoch.')
  return { durability, epoch: row.value }
}

/**
 * WAL, and a sync of the disk for each commit: an acknowledged logout survives a power cut. Read back, because a driver
 * or a build may keep its own settings. A database without a file lives as long as its connection.
 */
function makeDurable(database: SqliteDatabase): Durability {
  const file = (database.prepare('PRAGMA database_list').get() as { file?: unknown } | undefined)?.file
  if (!file) return 'process'
  if (pragma(database, 'journal_mode = WAL') !== 'wal')
    throw new EndSessionError('ERR_STORE', 'The session database does not keep a write-ahead log.')
  database.exec('PRAGMA synchronous = FULL')
  const synchronous = pragma(database, 'synchronous')
  if (typeof synchronous !== 'number' || synchronous < 2) {
    throw new EndSessionError('ERR_STORE', 'The session database does not sync its commits: synchronous is not FULL.')
  }
  // macOS only: there a plain sync stops at the drive's own cache.
  database.exec('PRAGMA fullfsync = ON')
  return 'disk'
}

function createTables(database: SqliteDatabase): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have been first.
    if (pragma(database, 'user_version') === 0) {
      database.exec(tables)
      const epoch = toBase64url(systemRuntime().randomBytes(12))
      database.prepare("INSERT INTO meta (name, value) VALUES ('epoch', ?)").run(epoch)
    } else checkOurs(database, pragma(database, 'user_version'))
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function checkOurs(database: SqliteDatabase, version: unknown): void {
  if (pragma(database, 'application_id') !== applicationId) {
    throw new EndSessionError(
      'ERR_STORE',
      'This database file belongs to something else: give endsession a file of its own.',
    )
  }
  if (version !== schemaVersion) {
    throw new EndSessionError(
      'ERR_STORE',
      'The session database was written by another release of endsession: nothing was changed.',
    )
  }
}

function pragma(database: SqliteDatabase, text: string): unknown {
  const row = database.prepare(`PRAGMA ${text}`).get()
  return typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined
}
