/**
 * What an end does, decided in one place for every store: which live sessions it takes, which ended records it answers
 * again, which marks it raises. Pure: a store looks up, plans, and applies the plan in one atomic step.
 */
import type { Cause } from '../words.ts'
import { type Raise, subjectHash } from './marks.ts'
import type { EndedRecord, Selector, StoredSession, TokenHash } from './store.ts'

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
    const authBefore = ended ? providerTime(ended) : providerNow([record], now)
    return { ...plan, raises: [{ kind: 'sub', hash: subjectHash(iss, client, sub), authBefore }] }
  }
  const siblings = look.live({ iss, client, sid })
  const time = ended ? providerTime(ended) : providerNow(siblings, now)
  const ends = ended ? upTo(time, siblings) : siblings
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
  const time = sidTime ?? providerNow([...ends, ...repeats], now)
  return {
    ...nothing,
    ends,
    repeats,
    raises: [{ kind: 'sid', hash: subjectHash(iss, client, sid), ...raiseTo(time, cause) }],
  }
}

function planBySub(look: Lookup, selector: Selector & { by: 'sub' }, cause: Cause, now: number): EndPlan {
  const { iss, client, sub } = selector
  const ends = upTo(selector.before, look.live({ iss, client, sub }))
  const repeats = upTo(selector.before, look.ended({ iss, client, sub }))
  const time = selector.before ?? providerNow([...ends, ...repeats], now)
  return {
    ...nothing,
    ends,
    repeats,
    raises: [{ kind: 'sub', hash: subjectHash(iss, client, sub), ...raiseTo(time, cause) }],
  }
}

/** The provider says only that something is over; a person or an admin also asks for the login screen. */
function raiseTo(time: number, cause: Cause): Raise {
  return cause === 'backchannel' ? { before: time } : { before: time, authBefore: time }
}

function upTo<T extends StoredSession>(time: number | undefined, sessions: readonly T[]): readonly T[] {
  return time === undefined ? sessions : sessions.filter((session) => session.signedInAt <= time)
}

/** The moment at which this record ended, in the provider's clock. */
export function providerTime(record: EndedRecord): number {
  return inProviderClock(record, record.endedAt)
}

/**
 * Now, in the provider's clock, as the newest of these sessions tells it; those that had ended before tell the time as
 * well. Where there are none, the store's clock has to do.
 */
function providerNow(sessions: readonly StoredSession[], now: number): number {
  if (sessions.length === 0) return Math.floor(now)
  return sessions.reduce((newest, session) => Math.max(newest, inProviderClock(session, now)), Number.NEGATIVE_INFINITY)
}

/**
 * How long a session has lived here is the same on both clocks. `⌈ ⌉`, because a provider's times are whole seconds and
 * equal seconds count as ended. A store's clock that was set back takes nothing off: the session's own login is always covered.
 */
function inProviderClock({ signedInAt, toldAt = signedInAt, openedAt }: StoredSession, at: number): number {
  return toldAt + Math.max(0, Math.ceil(at - openedAt))
}
