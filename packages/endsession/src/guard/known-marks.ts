import type { Entry } from '../session/store.ts'

/** What a token says of itself, in the form in which marks name it. */
export interface TokenSubject {
  /** Token hash. */
  readonly token: string
  /** `iat`, the provider's clock. */
  readonly at: number
  /** Hashes of its `sid` and `sub`, for each client that the token may belong to. */
  readonly names: readonly SubjectName[]
}

export interface SubjectName {
  readonly sid?: string
  readonly sub: string
}

/** Every unexpired mark of one feed. Not a cache: nothing leaves it before its time. */
export interface KnownMarks {
  apply(entry: Entry): void
  covers(subject: TokenSubject): boolean
  readonly size: number
  /** Forgets what is over, in the store's clock: looks at so many marks, and goes on there the next time. */
  forget(storeNow: number, steps: number): void
}

interface Kept {
  readonly before: number
  readonly until: number
}

/** Beyond its time a mark is kept a little longer: two clocks tell that time. */
const marginSeconds = 120

export function createKnownMarks(): KnownMarks {
  const [sids, subs, tokens] = [new Map<string, Kept>(), new Map<string, Kept>(), new Map<string, Kept>()]
  const maps = [sids, subs, tokens]
  let walks = maps.map((map) => map.entries())

  function raise(map: Map<string, Kept>, hash: string, before: number, until: number): void {
    const kept = map.get(hash)
    map.set(hash, { before: Math.max(before, kept?.before ?? 0), until: Math.max(until, kept?.until ?? 0) })
  }

  function isCovered({ sid, sub }: SubjectName, at: number): boolean {
    const [bySid, bySub] = [sid === undefined ? undefined : sids.get(sid), subs.get(sub)]
    return (bySid !== undefined && bySid.before >= at) || (bySub !== undefined && bySub.before >= at)
  }

  return {
    apply(entry) {
      for (const hash of entry.tokens) raise(tokens, hash, 0, entry.until)
      if (entry.before === undefined) return
      if (entry.sid !== undefined) raise(sids, entry.sid, entry.before, entry.until)
      if (entry.sub !== undefined) raise(subs, entry.sub, entry.before, entry.until)
    },
    covers: ({ token, at, names }) => tokens.has(token) || names.some((name) => isCovered(name, at)),
    get size() {
      return sids.size + subs.size + tokens.size
    },
    forget(storeNow, steps) {
      for (const [place, map] of maps.entries()) {
        for (let step = 0; step < steps; step++) {
          const next = walks[place]?.next()
          if (!next || next.done) {
            walks = walks.with(place, map.entries())
            break
          }
          const [key, { until }] = next.value
          if (until + marginSeconds <= storeNow) map.delete(key)
        }
      }
    },
  }
}
