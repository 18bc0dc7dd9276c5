import { sha256 } from '../runtime.ts'
import type { Cause } from '../words.ts'
import { isExpiry } from './expiry.ts'
import type { Claims, CreateHow, Limits, Mark, NewSession } from './store.ts'

/** A mark as a store keeps it. `before` counts until `until`, `authBefore` until `authUntil`; then the row may go. */
export interface StoredMark extends Mark {
  readonly until: number
  readonly authUntil?: number
}

/** What an end asks a mark to become. */
export interface Raise {
  readonly before?: number
  readonly authBefore?: number
}

/** How a store is asked for its marks: by the hash of a `sid` or `sub`, by session id, by token hash. */
export interface MarkLookup {
  sid(hash: string): StoredMark | undefined
  sub(hash: string): StoredMark | undefined
  id(id: string): StoredMark | undefined
  token(hash: string): StoredMark | undefined
}

/** What stands for a `sid` or a `sub` in marks and feed entries. One client's marks are no other client's. */
export function subjectHash(iss: string, client: string, subject: string): string {
  return sha256(JSON.stringify([iss, client, subject]))
}

/** The mark after a raise; nothing if that changes nothing. Each number only ever rises. */
export function raised(
  mark: StoredMark | undefined,
  raise: Raise,
  cause: Cause,
  now: number,
  limits: Limits,
): StoredMark | undefined {
  const before = highest(mark?.before, raise.before)
  const authBefore = highest(mark?.authBefore, raise.authBefore)
  if (before === mark?.before && authBefore === mark?.authBefore) return undefined
  return {
    ...(before !== undefined && { before }),
    ...(authBefore !== undefined && { authBefore }),
    cause,
    endedAt: now,
    until: Math.max(now + limits.absoluteSeconds + limits.accessTokenSeconds, limits.marksUntil ?? 0),
    ...(authBefore !== undefined && { authUntil: now + limits.reauthSeconds }),
  }
}

/** Nothing is left of it that counts. */
export function isSpent(mark: StoredMark, now: number): boolean {
  return mark.until <= now && (mark.authUntil ?? 0) <= now
}

/** The mark that refuses this session to be opened, or none. */
export function refusalOf(session: NewSession, how: CreateHow, marks: MarkLookup, now: number): Mark | undefined {
  const ended = live(marks.id(session.id), now)
  if (ended) return ended
  const before = [how.startedWith ?? []]
    .flat()
    .map((id) => live(marks.id(id), now))
    .find((mark) => mark && mark.cause !== 'replaced' && !isExpiry(mark.cause))
  if (before) return before
  return subjectMarks(session, marks).find(
    (mark) => covers(mark, session.signedInAt, now) || lacksFresh(mark, session, how, now),
  )
}

/** The mark that covers these claims, or none: by token, by `sid`, by `sub`. */
export function coverOf(claims: Claims, marks: MarkLookup, now: number): Mark | undefined {
  const token = claims.token === undefined ? undefined : live(marks.token(claims.token), now)
  return token ?? subjectMarks(claims, marks).find((mark) => covers(mark, claims.at, now))
}

/** Equal seconds count as ended: the clocks are whole seconds, and a doubt must not keep anybody signed in. */
function covers(mark: StoredMark, at: number, now: number): boolean {
  return mark.before !== undefined && mark.until > now && mark.before >= at
}

function lacksFresh(mark: StoredMark, session: NewSession, how: CreateHow, now: number): boolean {
  if (mark.authBefore === undefined || (mark.authUntil ?? 0) <= now) return false
  return session.authTime === undefined ? !how.interactive : session.authTime <= mark.authBefore
}

function subjectMarks(
  who: { readonly iss: string; readonly client?: string; readonly sid?: string; readonly sub?: string },
  marks: MarkLookup,
): readonly StoredMark[] {
  if (who.client === undefined) return []
  const bySid = who.sid === undefined ? undefined : marks.sid(subjectHash(who.iss, who.client, who.sid))
  const bySub = who.sub === undefined ? undefined : marks.sub(subjectHash(who.iss, who.client, who.sub))
  return [bySid, bySub].filter((mark) => mark !== undefined)
}

function live(mark: StoredMark | undefined, now: number): StoredMark | undefined {
  return mark && mark.until > now ? mark : undefined
}

function highest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}
