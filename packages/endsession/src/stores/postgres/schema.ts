import { EndSessionError } from '../../errors.ts'
import { systemRuntime, toBase64url } from '../../runtime.ts'
import type { Durability } from '../../session/store.ts'
import { text } from '../row-checks.ts'
import { type Connection, type Query, sqlState } from './connection.ts'
import { settings } from './statements.ts'

/**
 * Each takes the tables from its number to the next. `COLLATE "C"`: keys are bytes here, whatever a system's update does to
 * the order of letters. The feed's number is a counter in a row that is locked until the commit, never a sequence, which
 * would give numbers out of the order of commits.
 */
const migrations: readonly ((schema: string) => string)[] = [
  (schema) => `
    CREATE TABLE ${schema}.meta (name text PRIMARY KEY, value text NOT NULL);
    INSERT INTO ${schema}.meta (name, value) VALUES ('made by', 'endsession'), ('version', '0');

    CREATE TABLE ${schema}.partitions (number integer PRIMARY KEY, epoch text NOT NULL, head bigint NOT NULL);
    INSERT INTO ${schema}.partitions (number, epoch, head)
      VALUES (0, '${toBase64url(systemRuntime().randomBytes(12))}', 0);

    CREATE TABLE ${schema}.sessions (
      id text COLLATE "C" PRIMARY KEY, format integer NOT NULL, by_sub text COLLATE "C" NOT NULL, by_sid text COLLATE "C",
      record json NOT NULL, sealed bytea NOT NULL, seen_at float8 NOT NULL, expires_at float8 NOT NULL
    );
    CREATE INDEX ON ${schema}.sessions (by_sub);
    CREATE INDEX ON ${schema}.sessions (by_sid);
    CREATE INDEX ON ${schema}.sessions (expires_at);
    CREATE INDEX ON ${schema}.sessions (seen_at);

    CREATE TABLE ${schema}.ended (
      id text COLLATE "C" PRIMARY KEY, format integer NOT NULL, by_sub text COLLATE "C" NOT NULL, by_sid text COLLATE "C",
      record json NOT NULL, sealed bytea NOT NULL, seen_at float8 NOT NULL, expires_at float8 NOT NULL,
      cause text NOT NULL, ended_at float8 NOT NULL, settled boolean NOT NULL, kept_until float8 NOT NULL
    );
    CREATE INDEX ON ${schema}.ended (by_sub);
    CREATE INDEX ON ${schema}.ended (by_sid);
    CREATE INDEX ON ${schema}.ended (kept_until);
    CREATE INDEX ON ${schema}.ended (ended_at) WHERE NOT settled;

    CREATE TABLE ${schema}.marks (id text COLLATE "C" PRIMARY KEY, mark json NOT NULL, kept_until float8 NOT NULL);
    CREATE INDEX ON ${schema}.marks (kept_until);

    CREATE TABLE ${schema}.feed (number bigint PRIMARY KEY, entry json NOT NULL, until float8 NOT NULL);

    CREATE TABLE ${schema}.claims (id text COLLATE "C" PRIMARY KEY, until float8 NOT NULL);
    CREATE INDEX ON ${schema}.claims (until);

    CREATE TABLE ${schema}.followers (
      name text COLLATE "C" PRIMARY KEY, position text NOT NULL, confirmed_at float8 NOT NULL
    );
    CREATE INDEX ON ${schema}.followers (confirmed_at);`,
]

/**
 * Makes the tables, or brings them up to date, in one transaction: several processes that open at once wait for each other.
 * Touches nothing in a schema that is not ours, or that a newer release has written.
 */
export async function openSchema(connection: Connection, schema: string): Promise<void> {
  // Of the transaction: a lock of the connection would stay behind in a pooler.
  const begin = `${settings}; SELECT pg_advisory_xact_lock(hashtextextended('endsession ${schema}', 0))`
  await connection.transact(begin, async (query) => {
    const version = await versionOf(query, schema)
    const steps = migrations.slice(version).map((migrate) => migrate(schema))
    // Only where it is missing: who may not make one may still be given one.
    if (version === 0 && !(await isThere(query, 'to_regnamespace', schema))) steps.unshift(`CREATE SCHEMA ${schema}`)
    if (steps.length > 0) steps.push(`UPDATE ${schema}.meta SET value = '${migrations.length}' WHERE name = 'version'`)
    return { value: undefined, last: steps.join(';') }
  })
}

async function versionOf(query: Query, schema: string): Promise<number> {
  if (!(await isThere(query, 'to_regclass', `${schema}.meta`))) return 0
  const rows = await query(`SELECT row_to_json(meta)::text AS row FROM ${schema}.meta LIMIT 20`, [])
  const meta = new Map(rows.map((row) => readPair(text(row, 'row'))))
  if (meta.get('made by') !== 'endsession') {
    throw new EndSessionError('ERR_STORE', 'This schema belongs to something else: give endsession one of its own.')
  }
  const version = Number(meta.get('version'))
  if (Number.isInteger(version) && version > 0 && version <= migrations.length) return version
  throw new EndSessionError(
    'ERR_STORE',
    'The session database was written by another release of endsession: nothing was changed.',
  )
}

function readPair(row: string): readonly [unknown, unknown] {
  const { name, value } = JSON.parse(row) as { readonly name?: unknown; readonly value?: unknown }
  return [name, value]
}

async function isThere(query: Query, look: 'to_regclass' | 'to_regnamespace', name: string): Promise<boolean> {
  const [row] = await query(`SELECT ${look}($1) IS NOT NULL AS there`, [name])
  return row?.there === true
}

/** What the server does with a commit of ours, read where ours are made. A table without a log is emptied by a crash. */
export async function readDurability(connection: Connection, schema: string): Promise<Durability> {
  return connection.transact(settings, async (query) => {
    const [row] = await query(
      `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commits, EXISTS (
        SELECT FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'r' AND relpersistence <> 'p') AS lossy`,
      [schema],
    )
    const kept = !connection.inProcess && row?.fsync === 'on' && row.lossy === false
    return { value: kept ? (row.commits === 'off' ? 'second' : 'disk') : 'process', last: '' }
  })
}

/**
 * The feed's epoch, as SQL: the one in the table, and the server's timeline, which a standby changes when it takes over and
 * a restored backup when it starts. Either may have lost ends that its feed has numbered, and may number others like them.
 * A service that calls itself Postgres and has no timeline to tell has the table's alone.
 */
export async function placeOf(connection: Connection): Promise<string> {
  const timeline = 'substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)'
  try {
    await connection.query(`SELECT ${timeline}`, [])
    return `epoch || '-' || ${timeline}`
  } catch (error) {
    // No such function, not for this role, not here: always so. A failure that may pass must not become another epoch.
    if (/^(0A|42|55|58|XX)/.test(sqlState(error) ?? '')) return 'epoch'
    throw error
  }
}
