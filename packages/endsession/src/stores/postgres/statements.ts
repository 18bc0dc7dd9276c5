/**
 * Every statement. Nothing is decided here. Rows come as JSON, so that tables can share one answer; only what is sealed
 * comes as bytes, and the session that every request asks for as columns, which is less work for the server. The
 * schema's name is checked and quoted before it comes here.
 */

export interface Statements {
  /** Of a transaction: makes it the only one that writes; its last two answers say what it starts from. */
  readonly begin: string
  /** `$1` ids of sessions, `$2` hashes of `sub`, `$3` of `sid`, `$4` ids of marks, `$5` of claims. */
  readonly fetch: string
  /** Everything that a transaction changes: the values are those of `changes()` in facts.ts. */
  readonly write: string
  /** Drops rows whose time is over, so many of each table at most. */
  sweep(now: number, silentSince: number, most: number): string

  /** The reading ones: `readAnswer` takes what they answer. */
  readonly clock: string
  /** `$1` id. */
  readonly session: string
  /** `$1` ids. */
  readonly marks: string
  /** `$1` hash. */
  readonly sessionsOfSub: string
  readonly sessionsOfSid: string
  /** `$1` now, `$2` unseen since, `$3` so many of each at most. */
  readonly pending: string
  readonly head: string
  /** The head, and `$2` entries at most after number `$1`. */
  readonly feed: string
  /** `$2` marks at most whose id comes after `$1`. */
  readonly marksAfter: string
  /** `$1` heard of since. */
  readonly followers: string
}

/**
 * `clock_timestamp()`: `now()` is when the transaction began, and it may have waited long for its lock. A statement of its
 * own, because the columns of a locked row are computed before the lock is there.
 */
const clock = 'SELECT extract(epoch FROM clock_timestamp())::float8 AS now'

/**
 * Of a transaction, and gone with it. An `end` is on the disk before it is answered, whatever this role, database or server
 * does otherwise. Timeouts in milliseconds: a process that stands still in the middle must not hold up the others.
 */
export const settings = `
  SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
  SET LOCAL statement_timeout = 4000;
  SET LOCAL idle_in_transaction_session_timeout = 2500;
  SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`

const recordColumns = 'id, format, by_sub, by_sid, record, sealed, seen_at, expires_at'
const recordTypes =
  'id text, format integer, by_sub text, by_sid text, record text, sealed text, seen_at float8, expires_at float8'
/** `sealed` is in base64url: what JSON can carry. */
const recordValues = recordColumns
  .replace('record', 'record::json')
  .replace('sealed', "decode(rpad(translate(sealed, '-_', '+/'), (length(sealed) + 3) / 4 * 4, '='), 'base64')")
const endColumns = 'cause, ended_at, settled, kept_until'
const endTypes = 'cause text, ended_at float8, settled boolean, kept_until float8'

/** `place`: what the feed's epoch is, as SQL. */
export function writeStatements(schema: string, place: string): Statements {
  const row = (kind: string, columns: string, table: string, sealed = 'NULL::bytea') =>
    `SELECT '${kind}' AS kind, (SELECT row_to_json(x) FROM (SELECT ${columns}) x)::text AS row, ${sealed} AS sealed FROM ${schema}.${table}`
  const record = 'id, format, by_sub, by_sid, record, seen_at, expires_at'
  const live = row('live', record, 'sessions', 'sealed')
  const ended = row('ended', `${record}, cause, ended_at, settled`, 'ended', 'sealed')
  const mark = row('mark', 'id, mark AS record', 'marks')
  const claim = row('claim', 'id, until', 'claims')
  const head = `${row('head', `${place} AS epoch, head`, 'partitions')} WHERE number = 0`
  const moment = `${clock}, pg_is_in_recovery() AS standby`
  const reading = (rows: string) => `SELECT c.now, c.standby, t.* FROM (${moment}) c LEFT JOIN (${rows}) t ON true`

  /** Rows out of JSON; the first column is the key. */
  const put = (table: string, columns: string, value: string, types: string, values = columns) => {
    const [key, ...others] = columns.split(', ')
    const sets = others.map((column) => `${column} = excluded.${column}`).join(', ')
    return `INSERT INTO ${schema}.${table} (${columns})
      SELECT ${values} FROM json_to_recordset(${value}::text::json) AS x(${types})
      ON CONFLICT (${key}) DO UPDATE SET ${sets}`
  }
  /** A thousand of each: who logs in and out all day long must not hold up everybody with one more logout. */
  const newest = (column: string, values: string) =>
    `ARRAY(SELECT e.id FROM unnest(${values}::text[]) AS h, LATERAL (
      SELECT id FROM ${schema}.ended WHERE ${column} = h ORDER BY ended_at DESC LIMIT 1000) e)`
  /** Cleaning up waits for nobody: a row that somebody looks at with a lock goes another time. */
  const over = (table: string, key: string, column: string, at: number, most: number) =>
    `DELETE FROM ${schema}.${table} WHERE ${key} = ANY (ARRAY(
      SELECT ${key} FROM ${schema}.${table} WHERE ${column} <= ${at} ORDER BY ${column} LIMIT ${most} FOR UPDATE SKIP LOCKED))`

  return {
    begin: `
      ${settings};
      SELECT ${place} AS epoch, head::float8 AS head FROM ${schema}.partitions WHERE number = 0 FOR UPDATE;
      ${clock}`,
    fetch: `
      ${live} WHERE id = ANY($1::text[]) OR by_sub = ANY($2::text[]) OR by_sid = ANY($3::text[])
      UNION ALL ${ended} WHERE id = ANY($1::text[]) OR id = ANY(${newest('by_sub', '$2')}) OR id = ANY(${newest('by_sid', '$3')})
      UNION ALL ${mark} WHERE id = ANY($4::text[])
      UNION ALL ${claim} WHERE id = ANY($5::text[])`,
    write: `
      WITH dropped AS (DELETE FROM ${schema}.sessions WHERE id = ANY($1::text[])),
      kept AS (${put('sessions', recordColumns, '$2', recordTypes, recordValues)}),
      seen AS (
        UPDATE ${schema}.sessions SET seen_at = x.seen_at
        FROM json_to_recordset($3::text::json) AS x(id text, seen_at float8) WHERE sessions.id = x.id),
      over AS (${put('ended', `${recordColumns}, ${endColumns}`, '$4', `${recordTypes}, ${endTypes}`, `${recordValues}, ${endColumns}`)}),
      marked AS (${put('marks', 'id, mark, kept_until', '$5', 'id text, mark json, kept_until float8')}),
      claimed AS (${put('claims', 'id, until', '$6', 'id text, until float8')}),
      following AS (${put('followers', 'name, position, confirmed_at', '$7', 'name text, position text, confirmed_at float8')}),
      told AS (
        INSERT INTO ${schema}.feed (number, entry, until)
        SELECT number, entry, until FROM json_to_recordset($8::text::json) AS x(number bigint, entry json, until float8))
      UPDATE ${schema}.partitions SET head = $9::bigint WHERE number = 0 AND head <> $9::bigint`,
    sweep: (now, silentSince, most) =>
      [
        over('ended', 'id', 'kept_until', now, most),
        over('marks', 'id', 'kept_until', now, most),
        over('claims', 'id', 'until', now, most),
        over('followers', 'name', 'confirmed_at', silentSince, most),
        // From the oldest on only, so that what is left has no gaps.
        `WITH oldest AS (SELECT number, until FROM ${schema}.feed ORDER BY number LIMIT ${most}),
          kept AS (SELECT min(number) AS first FROM oldest WHERE until > ${now})
          DELETE FROM ${schema}.feed WHERE number IN (SELECT number FROM oldest, kept WHERE first IS NULL OR number < first)`,
      ].join(';\n'),
    clock: reading('SELECT NULL::text AS kind, NULL::text AS row, NULL::bytea AS sealed'),
    session: `
      SELECT c.now, c.standby, CASE WHEN s.id IS NOT NULL THEN 'live' END AS kind, s.id, s.format, s.record::text AS record,
        s.sealed, s.seen_at, s.expires_at
      FROM (${moment}) c LEFT JOIN ${schema}.sessions s ON s.id = $1`,
    marks: reading(`${mark} WHERE id = ANY($1::text[])`),
    sessionsOfSub: reading(`${live} WHERE by_sub = $1`),
    sessionsOfSid: reading(`${live} WHERE by_sid = $1`),
    pending: reading(`
      (${live} WHERE expires_at <= $1 OR seen_at <= $2 LIMIT $3)
      UNION ALL (${ended} WHERE NOT settled AND kept_until > $1 ORDER BY ended_at LIMIT $3)`),
    head: reading(head),
    feed: reading(
      `${head} UNION ALL (${row('entry', 'number, entry AS record', 'feed')} WHERE number > $1 ORDER BY number LIMIT $2)`,
    ),
    marksAfter: reading(`${mark} WHERE id > $1 ORDER BY id LIMIT $2`),
    followers: reading(`${row('follower', 'name, position, confirmed_at', 'followers')} WHERE confirmed_at > $1`),
  }
}
