/** A row is checked field by field: what a disk or another hand has spoilt is no session. */
import { EndSessionError } from '../errors.ts'
import type { Unnumbered } from '../session/feed.ts'
import type { TokenHash } from '../session/store.ts'
import type { Cause } from '../words.ts'

export type Row = Readonly<Record<string, unknown>>

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

/** What is not there is absent in one database, and null in another. */
export function readEntry(row: Row, tokens: unknown): Unnumbered {
  if (!areHashes(tokens)) throw garbage('tokens')
  const has = (column: string) => row[column] !== undefined && row[column] !== null
  return {
    ...(has('id') && { id: text(row, 'id') }),
    ...(has('sid') && { sid: text(row, 'sid') }),
    ...(has('sub') && { sub: text(row, 'sub') }),
    tokens,
    // Without its time a mark by name would cover nobody, and no follower would notice.
    ...((has('before') || has('sid') || has('sub')) && { before: number(row, 'before') }),
    cause: text(row, 'cause') as Cause,
    until: number(row, 'until'),
  }
}

export function tokenHashes(value: unknown): readonly TokenHash[] {
  if (!areTokenHashes(value)) throw garbage('tokens')
  return value
}

export function areTokenHashes(value: unknown): value is readonly TokenHash[] {
  return Array.isArray(value) && value.every(isTokenHash)
}

export function areHashes(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((hash) => typeof hash === 'string')
}

function isTokenHash(value: unknown): value is TokenHash {
  if (typeof value !== 'object' || value === null) return false
  const { hash, expiresAt } = value as Partial<TokenHash>
  return typeof hash === 'string' && typeof expiresAt === 'number'
}

export function garbage(column: string, cause?: unknown): EndSessionError {
  return new EndSessionError('ERR_STORE', `The session database holds a row that is not whole: ${column}.`, { cause })
}
