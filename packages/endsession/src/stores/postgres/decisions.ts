/** What each writing call of a store does, on the facts of a transaction. What they may throw, they throw before they change anything. */
import { effectsOf } from '../../session/effects.ts'
import { planEnd } from '../../session/ending.ts'
import { answersUntil, expiryOf, keptUntil, latestEnd } from '../../session/expiry.ts'
import { refusalOf } from '../../session/marks.ts'
import type { CreateHow, EndedRecord, Mark, NewSession, Selector, Store, StoredSession } from '../../session/store.ts'
import type { Cause } from '../../words.ts'
import type { Facts } from './facts.ts'

export function create(facts: Facts, session: NewSession, how: CreateHow): 'created' | Mark {
  const { now, limits } = facts
  const refused = refusalOf(session, how, facts.marks, now)
  if (refused) return refused
  const [held] = facts.live({ id: session.id })
  if (held) return expiredBefore(facts, held) ?? 'created'
  const times = latestEnd(session.liveSeconds, session.endsBy, now, now, limits)
  if (how.replaces !== undefined) end(facts, { by: 'id', id: how.replaces }, 'replaced')
  facts.keep({ ...session, ...times, openedAt: now, seenAt: now, revision: 0 })
  return 'created'
}

/** An expired session of this id has ended, whether or not that has been noted yet: it is noted, and refuses. */
function expiredBefore(facts: Facts, session: StoredSession): Mark | undefined {
  const cause = expiryOf(session, facts.now, facts.limits)
  if (!cause) return undefined
  end(facts, { by: 'id', id: session.id }, cause)
  return { cause, endedAt: facts.now }
}

export function touch(facts: Facts, id: string): void {
  const session = alive(facts, id)
  if (session) facts.see({ ...session, seenAt: Math.max(session.seenAt, facts.now) })
}

export function update(
  facts: Facts,
  id: string,
  revision: number,
  patch: Parameters<Store['update']>[2],
): 'updated' | 'stale' | 'gone' {
  const { now, limits } = facts
  const session = alive(facts, id)
  if (!session) return 'gone'
  if (session.revision !== revision) return 'stale'
  const { liveSeconds = session.expiresAt - now, endsBy = session.endsBy } = patch
  const times = latestEnd(liveSeconds, endsBy, session.openedAt, now, limits)
  facts.keep({ ...session, ...patch, ...times, revision: revision + 1 })
  return 'updated'
}

export function end(facts: Facts, selector: Selector, cause: Cause): readonly EndedRecord[] {
  const { now, limits } = facts
  const answering: Parameters<typeof planEnd>[0]['ended'] = (where) =>
    facts.ended(where).filter((record) => answersUntil(record, limits) > now)
  const plan = planEnd({ live: facts.live, ended: answering }, selector, cause, now)
  const effects = effectsOf(plan, facts.marks, cause, now, limits)
  for (const mark of effects.marks) facts.mark(mark)
  for (const record of effects.records) facts.end(record, keptUntil(record, limits))
  for (const entry of effects.entries) facts.tell(entry)
  return [...effects.records, ...plan.repeats.map((record) => ({ ...record, repeated: true }))]
}

export function settle(facts: Facts, id: string): void {
  const [record] = facts.ended({ id })
  if (!record) return
  const settled = { ...record, settled: true }
  facts.end(settled, keptUntil(settled, facts.limits))
}

export function claim(facts: Facts, key: string, seconds: number): boolean {
  if ((facts.claimedUntil(key) ?? 0) > facts.now) return false
  facts.claim(key, facts.now + seconds)
  return true
}

function alive(facts: Facts, id: string): StoredSession | undefined {
  const [session] = facts.live({ id })
  return session && expiryOf(session, facts.now, facts.limits) === undefined ? session : undefined
}
