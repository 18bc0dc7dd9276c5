import type { Cause } from '../words.ts'
import type { EndedRecord, Limits, StoredSession } from './store.ts'

/** The longest that an ended record is kept while its work is not done, and how long that of an expiry answers. */
const dayInSeconds = 86_400

/** Which end has come by itself, in the store's clock; nothing while the session lives. */
export function expiryOf(session: StoredSession, now: number, limits: Limits): Cause | undefined {
  if (session.expiresAt <= now) return session.endsBy
  if (session.seenAt + limits.idleSeconds <= now) return 'idle'
  return undefined
}

export function isExpiry(cause: Cause): boolean {
  return cause === 'idle' || cause === 'absolute' || cause === 'session_expiry'
}

/** Until when a repeated end gets this record back. */
export function answersUntil(record: EndedRecord, limits: Limits): number {
  return record.endedAt + (isExpiry(record.cause) ? dayInSeconds : limits.endedSeconds)
}

/** Until when the record is kept: while it answers, and while its tokens wait for revocation, a day at most. */
export function keptUntil(record: EndedRecord, limits: Limits): number {
  return record.settled
    ? answersUntil(record, limits)
    : Math.max(answersUntil(record, limits), record.endedAt + dayInSeconds)
}

/** The latest end of a session that is to live so many seconds from now, and which word that end has. */
export function latestEnd(
  liveSeconds: number,
  endsBy: StoredSession['endsBy'],
  openedAt: number,
  now: number,
  limits: Limits,
): Pick<StoredSession, 'expiresAt' | 'endsBy'> {
  const absolute = openedAt + limits.absoluteSeconds
  return now + liveSeconds < absolute
    ? { expiresAt: now + liveSeconds, endsBy }
    : { expiresAt: absolute, endsBy: 'absolute' }
}
