/** Rows into records and back. */
import { EndSessionError } from '../../errors.ts'
import { toBase64url } from '../../runtime.ts'
import type { MarkKind, MarkWrite } from '../../session/effects.ts'
import type { FeedPlace } from '../../session/feed.ts'
import type { FeedPage } from '../../session/following.ts'
import { type StoredMark, subjectHash } from '../../session/marks.ts'
import type { EndedRecord, StoredSession } from '../../session/store.ts'
import type { Cause } from '../../words.ts'
import { garbage, number, type Row, readEntry, text, tokenHashes } from '../row-checks.ts'

/** Of a record. A release reads its predecessor's. */
const recordFormat = 1

/** What a reading statement answers. */
export interface Answer {
  /** The database's clock. */
  readonly now: number
  readonly rows: readonly Kept[]
}

/** A row of any table: its columns, and which kind it is. */
export interface Kept {
  readonly kind: string
  readonly row: Row
}

/**
 * A standby answers what was true a while ago, when a logout had not been: it is refused, whatever has put it between us
 * and the database.
 */
export function readAnswer(rows: readonly Row[]): Answer {
  const [first] = rows
  if (first?.standby !== false) {
    throw new EndSessionError('ERR_STORE', 'The session database answers from a standby: connect to the primary.')
  }
  return { now: number(first, 'now'), rows: rows.filter(({ kind }) => kind !== null).map(readRow) }
}

export function readRow(row: Row): Kept {
  const columns = row.row === undefined ? { ...row, record: parsed(row, 'record') } : parsed(row, 'row')
  return { kind: text(row, 'kind'), row: { ...columns, sealed: row.sealed } }
}

/** A session as the statements take it. They give the same back, but `sealed` as bytes. */
export interface SessionRow {
  readonly id: string
  readonly format: number
  readonly by_sub: string
  readonly by_sid?: string
  /** JSON in JSON, which nothing looks into on the way. */
  readonly record: string
  readonly sealed: string
  readonly seen_at: number
  readonly expires_at: number
}

/** Found by hashes, kept as JSON: a text column does not take every string that a provider may call somebody. */
export function sessionRow({ id, sealed, seenAt, expiresAt, ...record }: StoredSession): SessionRow {
  const { iss, client, sub, sid } = record
  return {
    id,
    format: recordFormat,
    by_sub: subjectHash(iss, client, sub),
    ...(sid !== undefined && { by_sid: subjectHash(iss, client, sid) }),
    record: JSON.stringify(record),
    sealed: toBase64url(sealed),
    seen_at: seenAt,
    expires_at: expiresAt,
  }
}

export function endedRow(
  { cause, endedAt, repeated: _, settled, ...session }: EndedRecord,
  keptUntil: number,
): SessionRow {
  const ending = { cause, ended_at: endedAt, settled, kept_until: keptUntil }
  return { ...sessionRow(session), ...ending }
}

export function readSession(row: Row): StoredSession {
  if (row.format !== recordFormat) throw garbage('format')
  const record = object(row, 'record')
  const { endsBy } = record
  if (endsBy !== 'absolute' && endsBy !== 'session_expiry') throw garbage('endsBy')
  return {
    id: text(row, 'id'),
    iss: text(record, 'iss'),
    client: text(record, 'client'),
    sub: text(record, 'sub'),
    ...(record.sid !== undefined && { sid: text(record, 'sid') }),
    signedInAt: number(record, 'signedInAt'),
    ...(record.toldAt !== undefined && { toldAt: number(record, 'toldAt') }),
    ...(record.authTime !== undefined && { authTime: number(record, 'authTime') }),
    sealed: bytes(row, 'sealed'),
    tokens: tokenHashes(record.tokens),
    liveSeconds: number(record, 'liveSeconds'),
    endsBy,
    openedAt: number(record, 'openedAt'),
    seenAt: number(row, 'seen_at'),
    expiresAt: number(row, 'expires_at'),
    revision: number(record, 'revision'),
  }
}

export function readEnded(row: Row): EndedRecord {
  if (typeof row.settled !== 'boolean') throw garbage('settled')
  return {
    ...readSession(row),
    cause: text(row, 'cause') as Cause,
    endedAt: number(row, 'ended_at'),
    repeated: false,
    settled: row.settled,
  }
}

/** One column for both: a mark is only ever asked for by both. */
export function markId(kind: MarkKind, key: string): string {
  return `${kind}:${key}`
}

export function markRow({ kind, key, mark }: MarkWrite): object {
  return { id: markId(kind, key), mark, kept_until: Math.max(mark.until, mark.authUntil ?? 0) }
}

export function readMark(row: Row): MarkWrite {
  const [, kind, key] = /^(sid|sub|id|token):(.*)$/s.exec(text(row, 'id')) ?? []
  if (kind === undefined || key === undefined) throw garbage('id')
  const record = object(row, 'record')
  const mark: StoredMark = {
    ...(record.before !== undefined && { before: number(record, 'before') }),
    ...(record.authBefore !== undefined && { authBefore: number(record, 'authBefore') }),
    cause: text(record, 'cause') as Cause,
    endedAt: number(record, 'endedAt'),
    until: number(record, 'until'),
    ...(record.authUntil !== undefined && { authUntil: number(record, 'authUntil') }),
  }
  return { kind: kind as MarkKind, key, mark }
}

/** The newest entry's. */
export function headOf({ rows }: Answer): FeedPlace {
  const row = rows.find(({ kind }) => kind === 'head')?.row ?? {}
  return { epoch: text(row, 'epoch'), number: number(row, 'head') }
}

/** An answer's entries, in order: its rows have none. */
export function entriesOf({ rows }: Answer): FeedPage['found'] {
  return rows
    .filter(({ kind }) => kind === 'entry')
    .map(({ row }) => {
      const { tokens, ...record } = object(row, 'record')
      return { number: number(row, 'number'), entry: readEntry(record, tokens) }
    })
    .sort((a, b) => a.number - b.number)
}

function bytes(row: Row, column: string): Uint8Array {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw garbage(column)
  return value
}

function parsed(row: Row, column: string): Row {
  try {
    return object({ [column]: JSON.parse(text(row, column)) }, column)
  } catch (cause) {
    throw garbage(column, cause)
  }
}

function object(row: Row, column: string): Row {
  const value = row[column]
  if (typeof value !== 'object' || value === null) throw garbage(column)
  return value as Row
}
