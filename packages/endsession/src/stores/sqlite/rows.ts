/** Rows into records and back. A row is checked field by field: what a disk or another hand has spoilt is no session. */
import { EndSessionError } from '../../errors.ts'
import type { Unnumbered } from '../../session/feed.ts'
import type { StoredMark } from '../../session/marks.ts'
import type { EndedRecord, StoredSession, TokenHash } from '../../session/store.ts'
import type { Cause } from '../../words.ts'

export type Row = Readonly<Record<string, unknown>>

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
    tokens: tokenHashes(row),
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

export function readEntry(row: Row): Unnumbered {
  const tokens = json(row, 'tokens')
  if (!Array.isArray(tokens) || !tokens.every((hash) => typeof hash === 'string')) throw garbage('tokens')
  return {
    ...(row.id !== null && { id: text(row, 'id') }),
    ...(row.sid !== null && { sid: text(row, 'sid') }),
    ...(row.sub !== null && { sub: text(row, 'sub') }),
    tokens,
    ...(row.before !== null && { before: number(row, 'before') }),
    cause: text(row, 'cause') as Cause,
    until: number(row, 'until'),
  }
}

export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw garbage(column)
  return value
}

export function number(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number' || !Number.isFinite(value)) throw garbage(column)
  return value
}

/** libsql answers an ArrayBuffer where it answers many rows, a Buffer where it answers one. */
function bytes(row: Row, column: string): Uint8Array {
  const value = row[column]
  if (value instanceof Uint8Array) return value
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  throw garbage(column)
}

function tokenHashes(row: Row): readonly TokenHash[] {
  if (row.tokens === '[]') return []
  const tokens = json(row, 'tokens')
  if (!Array.isArray(tokens) || !tokens.every(isTokenHash)) throw garbage('tokens')
  return tokens
}

function isTokenHash(value: unknown): value is TokenHash {
  if (typeof value !== 'object' || value === null) return false
  const { hash, expiresAt } = value as Partial<TokenHash>
  return typeof hash === 'string' && typeof expiresAt === 'number'
}

function json(row: Row, column: string): unknown {
  try {
    return JSON.parse(text(row, column))
  } catch (cause) {
    throw garbage(column, cause)
  }
}

function garbage(column: string, cause?: unknown): EndSessionError {
  return new EndSessionError('ERR_STORE', `The session database holds a row that is not whole: ${column}.`, { cause })
}
