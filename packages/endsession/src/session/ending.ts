/**
 * What an end does, decided in one place for every store: which live sessions it takes, which ended records it answers
 * again, which marks it raises. Pure: a store looks up, plans, and applies the plan in one atomic step.
 */
import type { Cause } from '../words.ts'
import type { Unnumbered } from './feed.ts'
import { type MarkLookup, type Raise, raised, type StoredMark, subjectHash } from './marks.ts'
import type { EndedRecord, Limits, Selector, StoredSession, TokenHash } from './store.ts'

export type Where =
  | { readonly id: string }
  | { readonly iss: string; readonly client: string; readonly sid: string }
  | { readonly iss: string; readonly client: string; readonly sub: string }

export interface Lookup {
  /** Sessions that have not been ended, expired ones too. */
  live(where: Where): readonly StoredSession[]
  /** Ended records that still answer. */
  ended(where: Where): readonly EndedRecord[]
}

export interface EndPlan {
  /** Sessions that end now. Their ids and token hashes are marked. */
  readonly ends: readonly StoredSession[]
  /** Records that had ended before. */
  readonly repeats: readonly EndedRecord[]
  /** Marks to raise, by hash. */
  readonly raises: readonly ({ readonly kind: 'sid' | 'sub'; readonly hash: string } & Raise)[]
  /** Token hashes to mark beside those of `ends`. */
  readonly tokens: readonly TokenHash[]
}

/** The same end as rows: what a store writes, all of it or nothing. */
export interface EndWrites {
  /** Take the place of the live sessions of the same ids. */
  readonly records: readonly EndedRecord[]
  readonly marks: readonly { readonly kind: MarkKind; readonly key: string; readonly mark: StoredMark }[]
  /** Appended to the feed in this order. */
  readonly entries: readonly Unnumbered[]
}

export type MarkKind = 'sid' | 'sub' | 'id' | 'token'

const nothing: EndPlan = { ends: [], repeats: [], raises: [], tokens: [] }

export function planEnd(look: Lookup, selector: Selector, cause: Cause, now: number): EndPlan {
  switch (selector.by) {
    case 'id':
      return planById(look, selector, cause, now)
    case 'sid':
      return planBySid(look, selector, cause, now)
    case 'sub':
      return planBySub(look, selector, cause, now)
    case 'tokens':
      return { ...nothing, repeats: look.ended({ id: selector.id }), tokens: selector.tokens }
  }
}

export function writesOf(plan: EndPlan, marks: MarkLookup, cause: Cause, at: number, limits: Limits): EndWrites {
  const writes = {
    records: [] as EndedRecord[],
    marks: [] as { kind: MarkKind; key: string; mark: StoredMark }[],
    entries: [] as Unnumbered[],
  }
  for (const { kind, hash, ...raise } of plan.raises) {
    const mark = raised(marks[kind](hash), raise, cause, at, limits)
    if (!mark) continue
    writes.marks.push({ kind, key: hash, mark })
    // `authBefore` concerns new logins only: no follower needs it.
    if (raise.before !== undefined)
      writes.entries.push({ [kind]: hash, before: raise.before, tokens: [], cause, until: mark.until })
  }
  for (const session of plan.ends) {
    const { id, tokens } = session
    // Long enough to refuse a login that began with this session, also when it was about to expire.
    const until = Math.max(session.expiresAt, at + limits.endedSeconds, latestExpiry(tokens))
    writes.records.push({ ...session, cause, endedAt: at, repeated: false, settled: false })
    writes.marks.push({ kind: 'id', key: id, mark: { cause, endedAt: at, until } }, ...tokenMarks(tokens, cause, at))
    writes.entries.push({ id, tokens: tokens.map(({ hash }) => hash), cause, until })
  }
  if (plan.tokens.length > 0) {
    writes.marks.push(...tokenMarks(plan.tokens, cause, at))
    writes.entries.push({ tokens: plan.tokens.map(({ hash }) => hash), cause, until: latestExpiry(plan.tokens) })
  }
  return writes
}

/** A mark as a snapshot tells it; nothing for one that concerns new logins only. */
export function entryOf(kind: MarkKind, key: string, mark: StoredMark): Unnumbered | undefined {
  const { cause, until, before } = mark
  if (kind === 'id') return { id: key, tokens: [], cause, until }
  if (kind === 'token') return { tokens: [key], cause, until }
  return before === undefined ? undefined : { [kind]: key, before, tokens: [], cause, until }
}

function tokenMarks(tokens: readonly TokenHash[], cause: Cause, at: number): EndWrites['marks'] {
  return tokens.map(({ hash, expiresAt }) => ({ kind: 'token', key: hash, mark: { cause, endedAt: at, until: expiresAt } }))
}

function latestExpiry(tokens: readonly TokenHash[]): number {
  return Math.max(0, ...tokens.map(({ expiresAt }) => expiresAt))
}

function planById(look: Lookup, selector: Selector & { by: 'id' }, cause: Cause, now: number): EndPlan {
  const [live] = look.live({ id: selector.id })
  const [ended] = live ? [] : look.ended({ id: selector.id })
  const record = live ?? ended
  if (!record) return nothing
  const plan = { ...nothing, ends: live ? [live] : [], repeats: ended ? [ended] : [] }
  if (!selector.sid) return plan

  const { iss, client, sid, sub } = record
  if (sid === undefined) {
    // Scope `provider` rests on this browser's marker cookie; a device or an admin's end has no browser to ask.
    if (cause !== 'device' && cause !== 'admin') return plan
    const authBefore = providerTime(record, now)
    return { ...plan, raises: [{ kind: 'sub', hash: subjectHash(iss, client, sub), authBefore }] }
  }
  const siblings = look.live({ iss, client, sid })
  const time = live ? newest(siblings, now) : providerTime(record, now)
  const ends = live ? siblings : siblings.filter((session) => session.signedInAt <= time)
  const raise = { kind: 'sid', hash: subjectHash(iss, client, sid), ...raiseTo(time, cause) } as const
  return { ...plan, ends, raises: [raise] }
}

function planBySid(look: Lookup, selector: Selector & { by: 'sid' }, cause: Cause, now: number): EndPlan {
  const { iss, client, sid, sub } = selector
  const held = look.live({ iss, client, sid })
  const before = look.ended({ iss, client, sid })
  if (sub !== undefined && [...held, ...before].some((session) => session.sub !== sub)) return nothing

  const strays = sub === undefined ? [] : look.live({ iss, client, sub }).filter((session) => session.sid === undefined)
  const sidTime = selector.before === undefined ? undefined : selector.before + (selector.slackSeconds ?? 0)
  const ends = [...upTo(sidTime, held), ...upTo(selector.before, strays)]
  const repeats = upTo(sidTime, before)
  const time = sidTime ?? newest([...ends, ...repeats], now)
  return { ...nothing, ends, repeats, raises: [{ kind: 'sid', hash: subjectHash(iss, client, sid), ...raiseTo(time, cause) }] }
}

function planBySub(look: Lookup, selector: Selector & { by: 'sub' }, cause: Cause, now: number): EndPlan {
  const { iss, client, sub } = selector
  const ends = upTo(selector.before, look.live({ iss, client, sub }))
  const repeats = upTo(selector.before, look.ended({ iss, client, sub }))
  const time = selector.before ?? newest([...ends, ...repeats], now)
  return { ...nothing, ends, repeats, raises: [{ kind: 'sub', hash: subjectHash(iss, client, sub), ...raiseTo(time, cause) }] }
}

/** The provider says only that something is over; a person or an admin also asks for the login screen. */
function raiseTo(time: number, cause: Cause): Raise {
  return cause === 'backchannel' ? { before: time } : { before: time, authBefore: time }
}

function upTo<T extends StoredSession>(time: number | undefined, sessions: readonly T[]): readonly T[] {
  return time === undefined ? sessions : sessions.filter((session) => session.signedInAt <= time)
}

/**
 * The moment of an end, or now, in the provider's clock: how long the session has lived here is the same on both clocks.
 * `⌈ ⌉`, because a provider's times are whole seconds and equal seconds count as ended.
 */
export function providerTime(session: StoredSession | EndedRecord, now: number): number {
  const at = 'endedAt' in session ? session.endedAt : now
  return session.signedInAt + Math.ceil(at - session.openedAt)
}

function newest(sessions: readonly (StoredSession | EndedRecord)[], now: number): number {
  return sessions.length === 0 ? Math.floor(now) : Math.max(...sessions.map((session) => providerTime(session, now)))
}
