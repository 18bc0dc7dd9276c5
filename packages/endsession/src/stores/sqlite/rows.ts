/** Rows into records and back. */
import type { StoredMark } from '../../session/marks.ts'
import type { EndedRecord, StoredSession } from '../../session/store.ts'
import type { Cause } from '../../words.ts'
import { garbage, number, type Row, text, tokenHashes } from '../row-checks.ts'

/** Of a record. A release reads its predecessor's. */
const recordFormat = 1

export const sessionColumns = [
  'id',
  'format',
  'iss',
  'client',
  'sub',
  'sid',
  'signed_in_at',
  'told_at',
  'auth_time',
  'sealed',
  'tokens',
  'live_seconds',
  'ends_by',
  'opened_at',
  'seen_at',
  'expires_at',
  'revision',
] as const

export function sessionValues(session: StoredSession): readonly unknown[] {
  const {
    id,
    iss,
    client,
    sub,
    sid = null,
    signedInAt,
    toldAt = null,
    authTime = null,
    sealed,
    tokens,
    liveSeconds,
    endsBy,
  } = session
  const { openedAt, seenAt, expiresAt, revision } = session
  const given = [
    id,
    recordFormat,
    iss,
    client,
    sub,
    sid,
    signedInAt,
    toldAt,
    authTime,
    sealed,
    JSON.stringify(tokens),
    liveSeconds,
  ]
  return [...given, endsBy, openedAt, seenAt, expiresAt, revision]
}

export function readSession(row: Row): StoredSession {
  if (row.format !== recordFormat) throw garbage('format')
  const endsBy = row.ends_by
  if (endsBy !== 'absolute' && endsBy !== 'session_expiry') throw garbage('ends_by')
  return {
    id: text(row, 'id'),
    iss: text(row, 'iss'),
    client: text(row, 'client'),
    sub: text(row, 'sub'),
    ...(row.sid !== null && { sid: text(row, 'sid') }),
    signedInAt: number(row, 'signed_in_at'),
    ...(row.told_at !== null && { toldAt: number(row, 'told_at') }),
    ...(row.auth_time !== null && { authTime: number(row, 'auth_time') }),
    sealed: bytes(row, 'sealed'),
    tokens: row.tokens === '[]' ? [] : tokenHashes(json(row, 'tokens')),
    liveSeconds: number(row, 'live_seconds'),
    endsBy,
    openedAt: number(row, 'opened_at'),
    seenAt: number(row, 'seen_at'),
    expiresAt: number(row, 'expires_at'),
    revision: number(row, 'revision'),
  }
}

export function readEnded(row: Row): EndedRecord {
  return {
    ...readSession(row),
    cause: text(row, 'cause') as Cause,
    endedAt: number(row, 'ended_at'),
    repeated: false,
    settled: number(row, 'settled') === 1,
  }
}

export function readMark(row: Row): StoredMark {
  return {
    ...(row.before !== null && { before: number(row, 'before') }),
    ...(row.auth_before !== null && { authBefore: number(row, 'auth_before') }),
    cause: text(row, 'cause') as Cause,
    endedAt: number(row, 'ended_at'),
    until: number(row, 'until'),
    ...(row.auth_until !== null && { authUntil: number(row, 'auth_until') }),
  }
}

/** libsql answers an ArrayBuffer where it answers many rows, a Buffer where it answers one. */
function bytes(row: Row, column: string): Uint8Array {
  const value = row[column]
  if (value instanceof Uint8Array) return value
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  throw garbage(column)
}

export function json(row: Row, column: string): unknown {
  try {
    return JSON.parse(text(row, column))
  } catch (cause) {
    throw garbage(column, cause)
  }
}
