/** What a plan of an end writes: the same rows in every store. Pure: nothing is looked up but marks. */

import type { Cause } from '../words.ts'
import type { EndPlan } from './ending.ts'
import type { Unnumbered } from './feed.ts'
import { type MarkLookup, raised, type StoredMark } from './marks.ts'
import type { EndedRecord, Limits, StoredSession, TokenHash } from './store.ts'

export type MarkKind = keyof MarkLookup

export interface MarkWrite {
  readonly kind: MarkKind
  readonly key: string
  readonly mark: StoredMark
}

export interface EndEffects {
  /** Each takes the place of the live session of its id. */
  readonly records: readonly EndedRecord[]
  readonly marks: readonly MarkWrite[]
  /** For the feed, in this order. */
  readonly entries: readonly Unnumbered[]
}

export function effectsOf(plan: EndPlan, marks: MarkLookup, cause: Cause, now: number, limits: Limits): EndEffects {
  const raises = plan.raises.flatMap(({ kind, hash, ...raise }): MarkWrite[] => {
    const mark = raised(marks[kind](hash), raise, cause, now, limits)
    return mark ? [{ kind, key: hash, mark }] : []
  })
  const unmoved = ({ kind, key, mark }: MarkWrite) => mark.before === marks[kind](key)?.before
  const idMarks = plan.ends.map((session) => idMark(session, cause, now, limits))
  const tokenMarks = [...plan.ends.flatMap(({ tokens }) => tokens), ...plan.tokens].map(
    ({ hash, expiresAt }): MarkWrite => {
      const until = Math.max(expiresAt, marks.token(hash)?.until ?? 0)
      return { kind: 'token', key: hash, mark: { cause, endedAt: now, until } }
    },
  )
  return {
    records: plan.ends.map((session) => ({ ...session, cause, endedAt: now, repeated: false, settled: false })),
    marks: [...raises, ...idMarks, ...tokenMarks],
    entries: [
      ...raises.filter((raise) => !unmoved(raise)).map(entryOf),
      ...plan.ends.map((session) => sessionEntry(session, cause, now, limits)),
      ...(plan.tokens.length === 0 ? [] : [{ tokens: hashes(plan.tokens), cause, until: latest(plan.tokens) }]),
    ],
  }
}

/** Asking for fresh authentication is no end: followers are told of what has a time or is timeless. */
export function isTold({ kind, mark }: MarkWrite): boolean {
  return mark.before !== undefined || kind === 'id' || kind === 'token'
}

/** What a follower is told of one mark. */
export function entryOf({ kind, key, mark }: MarkWrite): Unnumbered {
  const { cause, until, before } = mark
  if (kind === 'token') return { tokens: [key], cause, until }
  return { [kind]: key, tokens: [], cause, until, ...(before !== undefined && { before }) }
}

function sessionEntry(session: StoredSession, cause: Cause, now: number, limits: Limits): Unnumbered {
  return { ...entryOf(idMark(session, cause, now, limits)), tokens: hashes(session.tokens) }
}

/** Long enough to refuse a login that began with this session, also when it was about to expire. */
function idMark(session: StoredSession, cause: Cause, now: number, limits: Limits): MarkWrite {
  const until = Math.max(session.expiresAt, now + limits.endedSeconds, latest(session.tokens), limits.marksUntil ?? 0)
  return { kind: 'id', key: session.id, mark: { cause, endedAt: now, until } }
}

function hashes(tokens: readonly TokenHash[]): readonly string[] {
  return tokens.map(({ hash }) => hash)
}

function latest(tokens: readonly TokenHash[]): number {
  return Math.max(0, ...tokens.map(({ expiresAt }) => expiresAt))
}
