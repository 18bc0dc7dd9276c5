import { systemNow, systemRuntime, toBase64url } from '../runtime.ts'
import type { Cause } from '../words.ts'
import { effectsOf, entryOf, isTold } from './effects.ts'
import { planEnd, type Where } from './ending.ts'
import { answersUntil, expiryOf, keptUntil, latestEnd } from './expiry.ts'
import { hasReached } from './feed.ts'
import { createFeedLog } from './feed-log.ts'
import { coverOf, isSpent, type MarkLookup, refusalOf, type StoredMark } from './marks.ts'
import type { EndedRecord, Entry, Limits, Mark, Position, Selector, Store, StoredSession } from './store.ts'

/**
 * A store in this process: for tests, for trying things, and as the readable form of what every store promises
 * (docs/rules.md, section S). It forgets everything on restart, logouts too, and other processes do not see it:
 * an app refuses it unless `unsafeLossyStore` is set.
 */
export function memoryStore(options: { /** Epoch seconds. */ readonly now?: () => number } = {}): Store {
  const now = options.now ?? systemNow
  const sessions = new Map<string, StoredSession>()
  const records = new Map<string, EndedRecord>()
  const marks = {
    sid: new Map<string, StoredMark>(),
    sub: new Map<string, StoredMark>(),
    id: new Map<string, StoredMark>(),
    token: new Map<string, StoredMark>(),
  }
  const claims = new Map<string, number>()
  const followers = new Map<string, { readonly position: Position; readonly confirmedAt: number }>()
  /** Ids of live and ended records by `sid` and by `sub`. */
  const index = new Map<string, Set<string>>()
  const log = createFeedLog(toBase64url(systemRuntime().randomBytes(12)))
  let limits: Limits

  const look: MarkLookup = {
    sid: (hash) => marks.sid.get(hash),
    sub: (hash) => marks.sub.get(hash),
    id: (id) => marks.id.get(id),
    token: (hash) => marks.token.get(hash),
  }

  const cleaners = [
    cleaner(
      records,
      (record) => keptUntil(record, limits) <= now(),
      // Unless its id, whose mark is over as well, has been opened again.
      (record) => sessions.has(record.id) || unindex(index, record),
    ),
    ...Object.values(marks).map((map) => cleaner(map, (mark) => isSpent(mark, now()))),
    cleaner(claims, (until) => until <= now()),
    cleaner(followers, (follower) => isSilent(follower.confirmedAt)),
  ]
  /** A few steps with each write, so that no call ever waits for a whole sweep. */
  const clean = () => {
    for (const step of cleaners) step(8)
    log.forget(now(), 8)
  }

  function alive(session: StoredSession | undefined): session is StoredSession {
    return session !== undefined && expiryOf(session, now(), limits) === undefined
  }

  function isSilent(confirmedAt: number): boolean {
    return confirmedAt + limits.accessTokenSeconds <= now()
  }

  function idsOf(where: Where): Iterable<string> {
    return 'id' in where ? [where.id] : (index.get(indexKey(where)) ?? [])
  }

  const lookup = {
    live: (where: Where) => found(sessions, idsOf(where)),
    ended: (where: Where) => found(records, idsOf(where)).filter((record) => answersUntil(record, limits) > now()),
  }

  function apply(selector: Selector, cause: Cause, at: number): readonly EndedRecord[] {
    const plan = planEnd(lookup, selector, cause, at)
    const effects = effectsOf(plan, look, cause, at, limits)
    for (const record of effects.records) {
      sessions.delete(record.id)
      records.set(record.id, record)
    }
    for (const { kind, key, mark } of effects.marks) marks[kind].set(key, mark)
    for (const entry of effects.entries) log.append(entry)
    return [...effects.records, ...plan.repeats.map((record) => ({ ...record, repeated: true }))]
  }

  /** An expired session of this id has ended, whether or not that has been noted yet: it is noted, and refuses. */
  function expiredBefore(session: StoredSession, at: number): Mark | undefined {
    const cause = expiryOf(session, at, limits)
    if (cause) apply({ by: 'id', id: session.id }, cause, at)
    return cause && { cause, endedAt: at }
  }

  function* entries(): Generator<Entry> {
    const position = log.head()
    for (const kind of ['sid', 'sub', 'id', 'token'] as const)
      for (const [key, mark] of marks[kind])
        if (isTold({ kind, key, mark }) && mark.until > now()) yield { ...entryOf({ kind, key, mark }), position }
  }

  return {
    async open(given) {
      limits = given
      return { durability: 'process' }
    },
    async now() {
      return now()
    },
    async create(session, how = {}) {
      clean()
      const at = now()
      const refused = refusalOf(session, how, look, at)
      if (refused) return refused
      const held = sessions.get(session.id)
      if (held) return expiredBefore(held, at) ?? 'created'
      if (how.replaces !== undefined) apply({ by: 'id', id: how.replaces }, 'replaced', at)
      const times = latestEnd(session.liveSeconds, session.endsBy, at, at, limits)
      sessions.set(session.id, { ...session, ...times, openedAt: at, seenAt: at, revision: 0 })
      for (const key of indexKeys(session)) index.set(key, (index.get(key) ?? new Set()).add(session.id))
      return 'created'
    },
    async get(id) {
      const session = sessions.get(id)
      return alive(session) ? session : undefined
    },
    async touch(id) {
      const session = sessions.get(id)
      if (alive(session)) sessions.set(id, { ...session, seenAt: now() })
    },
    async update(id, revision, patch) {
      const session = sessions.get(id)
      if (!alive(session)) return 'gone'
      if (session.revision !== revision) return 'stale'
      const { liveSeconds = session.expiresAt - now(), endsBy = session.endsBy } = patch
      const times = latestEnd(liveSeconds, endsBy, session.openedAt, now(), limits)
      sessions.set(id, { ...session, ...patch, ...times, revision: revision + 1 })
      return 'updated'
    },
    async end(selector, cause) {
      clean()
      return { records: apply(selector, cause, now()), position: log.head() }
    },
    async settle(id) {
      const record = records.get(id)
      if (record) records.set(id, { ...record, settled: true })
    },
    async pending(limit) {
      const at = now()
      return {
        expired: take(sessions.values(), limit, (session) => expiryOf(session, at, limits) !== undefined),
        unsettled: take(records.values(), limit, (record) => !record.settled && keptUntil(record, limits) > at),
      }
    },
    async covers(asked) {
      return coverOf(asked, look, now())
    },
    async list(who) {
      return found(sessions, idsOf(who)).filter(alive)
    },
    async claim(key, seconds) {
      clean()
      if ((claims.get(key) ?? 0) > now()) return false
      claims.set(key, now() + seconds)
      return true
    },
    feed: (after, signal) => log.follow(after, signal),
    async head() {
      return log.head()
    },
    async snapshot() {
      // Collected now: marks that are raised while somebody reads belong to later positions.
      const all = [...entries()]
      return {
        position: log.head(),
        entries: (async function* () {
          yield* all
        })(),
      }
    },
    reached: hasReached,
    async follow(name, position) {
      followers.set(name, { position, confirmedAt: now() })
    },
    async followers() {
      return [...followers]
        .map(([name, follower]) => ({ name, ...follower }))
        .filter((follower) => !isSilent(follower.confirmedAt))
    },
    async close() {
      log.close()
    },
  }
}

function found<T>(map: ReadonlyMap<string, T>, ids: Iterable<string>): T[] {
  return [...ids].map((id) => map.get(id)).filter((value) => value !== undefined)
}

function take<T>(values: Iterable<T>, limit: number, wanted: (value: T) => boolean): T[] {
  const taken: T[] = []
  for (const value of values) {
    if (taken.length >= limit) break
    if (wanted(value)) taken.push(value)
  }
  return taken
}

type Indexed = Pick<StoredSession, 'id' | 'iss' | 'client' | 'sub'> & { readonly sid?: string }

function indexKey(where: Exclude<Where, { readonly id: string }>): string {
  const { iss, client } = where
  return JSON.stringify('sid' in where ? ['sid', iss, client, where.sid] : ['sub', iss, client, where.sub])
}

function indexKeys({ iss, client, sub, sid }: Indexed): readonly string[] {
  const bySub = indexKey({ iss, client, sub })
  return sid === undefined ? [bySub] : [bySub, indexKey({ iss, client, sid })]
}

function unindex(index: Map<string, Set<string>>, session: Indexed): void {
  for (const key of indexKeys(session)) {
    const ids = index.get(key)
    ids?.delete(session.id)
    if (ids?.size === 0) index.delete(key)
  }
}

/** Walks a map a few entries at a time, over and over, and drops what is over. */
function cleaner<T>(map: Map<string, T>, isOver: (value: T) => boolean, dropped: (value: T) => unknown = () => {}) {
  let walk = map.entries()
  return (steps: number): void => {
    for (let step = 0; step < steps; step++) {
      const { value, done } = walk.next()
      if (done) {
        walk = map.entries()
        return
      }
      const [key, held] = value
      if (!isOver(held)) continue
      map.delete(key)
      dropped(held)
    }
  }
}
