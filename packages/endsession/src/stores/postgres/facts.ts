/**
 * What a transaction knows of the tables, so that the decisions, which ask one question after another, run here and not
 * over there. What they ask for and nobody has looked up yet is noted, answered with nothing, looked up in one round trip,
 * and they are made again, until nothing is missing. Their changes pile up and are written in one round trip.
 */
import type { MarkKind, MarkWrite } from '../../session/effects.ts'
import type { Where } from '../../session/ending.ts'
import { type Unnumbered, writePosition } from '../../session/feed.ts'
import { type MarkLookup, type StoredMark, subjectHash } from '../../session/marks.ts'
import type { EndedRecord, Limits, Position, StoredSession } from '../../session/store.ts'
import { number, text } from '../row-checks.ts'
import { endedRow, type Kept, markId, markRow, readEnded, readMark, readSession, sessionRow } from './rows.ts'

/** For decisions: what is, and what is to be. Everything that they change, the next one sees. */
export interface Facts {
  /** The store's clock. */
  readonly now: number
  readonly limits: Limits
  readonly marks: MarkLookup
  live(where: Where): readonly StoredSession[]
  ended(where: Where): readonly EndedRecord[]
  claimedUntil(key: string): number | undefined

  keep(session: StoredSession): void
  see(session: StoredSession): void
  /** In place of the live session of its id. */
  end(record: EndedRecord, keptUntil: number): void
  mark(write: MarkWrite): void
  tell(entry: Unnumbered): void
  claim(key: string, until: number): void
  follow(name: string, position: Position): void
  /** The head, with what has been told so far. */
  position(): Position
}

export interface Start {
  readonly now: number
  readonly epoch: string
  readonly head: number
}

export interface FactFinding extends Facts {
  /** The tables as they were found: everything decided so far is forgotten. */
  restart(): void
  /** The values of the statement that looks up what was asked for; nothing, if nothing is missing. */
  missing(): readonly (readonly string[])[] | undefined
  learn(rows: readonly Kept[]): void
  /** The values of the statement that writes, and whether it has anything to write. */
  changes(): { readonly values: readonly unknown[]; readonly any: boolean; readonly told: boolean }
}

/** A live or ended session by what finds it. A row that is not whole throws when it is read, and only then. */
interface Held<T> {
  readonly bySub?: unknown
  readonly bySid?: unknown
  read(): T
}

export function createFacts(start: Start, limits: Limits): FactFinding {
  const { now, epoch } = start
  const found = emptyState()
  let state = emptyState()
  /** What has been looked up, there or not, by the place that it has among the values of the statement. */
  const known = Array.from({ length: 5 }, () => new Set<string>())
  const wanted = Array.from({ length: 5 }, () => new Set<string>())

  function want(place: number, key: string): string {
    if (!known[place]?.has(key)) wanted[place]?.add(key)
    return key
  }

  function find<T>(held: ReadonlyMap<string, Held<T>>, where: Where): readonly T[] {
    if ('id' in where) {
      const one = held.get(want(0, where.id))
      return one ? [one.read()] : []
    }
    const bySid = 'sid' in where
    const hash = subjectHash(where.iss, where.client, bySid ? where.sid : where.sub)
    want(bySid ? 2 : 1, hash)
    return [...held.values()].filter((one) => (bySid ? one.bySid : one.bySub) === hash).map((one) => one.read())
  }

  const mark = (kind: MarkKind) => (key: string) => state.marks.get(want(3, markId(kind, key)))?.()

  return {
    now,
    limits,
    marks: { sid: mark('sid'), sub: mark('sub'), id: mark('id'), token: mark('token') },
    live: (where) => find(state.live, where),
    ended: (where) => find(state.ended, where),
    claimedUntil: (key) => state.claims.get(want(4, key))?.(),

    keep(session) {
      const row = sessionRow(session)
      state.live.set(session.id, { bySub: row.by_sub, bySid: row.by_sid, read: () => session })
      state.changes.sessions.set(session.id, row)
      state.changes.seen.delete(session.id)
    },
    see(session) {
      const row = state.changes.sessions.get(session.id)
      if (row) state.changes.sessions.set(session.id, { ...row, seen_at: session.seenAt })
      else state.changes.seen.set(session.id, { id: session.id, seen_at: session.seenAt })
      const held = state.live.get(session.id)
      state.live.set(session.id, { ...held, read: () => session })
    },
    end(record, keptUntil) {
      const row = endedRow(record, keptUntil)
      state.live.delete(record.id)
      state.changes.sessions.delete(record.id)
      state.changes.seen.delete(record.id)
      state.changes.dropped.add(record.id)
      state.ended.set(record.id, { bySub: row.by_sub, bySid: row.by_sid, read: () => record })
      state.changes.ended.set(record.id, row)
    },
    mark(write) {
      const id = markId(write.kind, write.key)
      state.marks.set(id, () => write.mark)
      state.changes.marks.set(id, markRow(write))
    },
    tell(entry) {
      const row = { number: start.head + state.changes.entries.size + 1, entry, until: entry.until }
      state.changes.entries.set(row.number, row)
    },
    claim(key, until) {
      state.claims.set(key, () => until)
      state.changes.claims.set(key, { id: key, until })
    },
    follow(name, position) {
      state.changes.followers.set(name, { name, position, confirmed_at: now })
    },
    position: () => writePosition({ epoch, number: start.head + state.changes.entries.size }),

    restart() {
      state = {
        ...emptyState(),
        live: new Map(found.live),
        ended: new Map(found.ended),
        marks: new Map(found.marks),
        claims: new Map(found.claims),
      }
    },
    missing() {
      if (wanted.every(({ size }) => size === 0)) return undefined
      const values = wanted.map((keys) => [...keys])
      for (const [place, keys] of wanted.entries()) {
        for (const key of keys) known[place]?.add(key)
        keys.clear()
      }
      return values
    },
    learn(rows) {
      for (const { kind, row } of rows) {
        const held = { bySub: row.by_sub, bySid: row.by_sid }
        if (kind === 'live') found.live.set(text(row, 'id'), { ...held, read: () => readSession(row) })
        if (kind === 'ended') found.ended.set(text(row, 'id'), { ...held, read: () => readEnded(row) })
        if (kind === 'mark') found.marks.set(text(row, 'id'), () => readMark(row).mark)
        if (kind === 'claim') found.claims.set(text(row, 'id'), () => number(row, 'until'))
      }
    },
    changes() {
      const { dropped, sessions, seen, ended, marks, claims, followers, entries } = state.changes
      const lists = [sessions, seen, ended, marks, claims, followers, entries]
      const rows = lists.map((list) => JSON.stringify([...list.values()]))
      return {
        values: [[...dropped], ...rows, start.head + entries.size],
        any: dropped.size > 0 || lists.some(({ size }) => size > 0),
        told: entries.size > 0,
      }
    },
  }
}

function emptyState() {
  return {
    live: new Map<string, Held<StoredSession>>(),
    ended: new Map<string, Held<EndedRecord>>(),
    marks: new Map<string, () => StoredMark>(),
    claims: new Map<string, () => number>(),
    changes: {
      dropped: new Set<string>(),
      sessions: new Map<string, ReturnType<typeof sessionRow>>(),
      seen: new Map<string, object>(),
      ended: new Map<string, object>(),
      marks: new Map<string, object>(),
      claims: new Map<string, object>(),
      followers: new Map<string, object>(),
      entries: new Map<number, object>(),
    },
  }
}
