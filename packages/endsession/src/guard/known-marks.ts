import type { Entry } from '../session/store.ts'

/** What a token says of itself, in the form in which marks name it. */
export interface TokenSubject {
  /** Token hash. */
  readonly token: string
  /** `iat`, the provider's clock. */
  readonly at: number
  /** Hashes of its `sid`: one per client that the token may belong to. */
  readonly sids: readonly string[]
  readonly subs: readonly string[]
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
  /** By `sid` and `sub` hash; no hash of the one is a hash of the other. */
  const subjects = new Map<string, Kept>()
  const tokens = new Map<string, Kept>()
  let walks = [subjects.entries(), tokens.entries()]

  function raise(hash: string, before: number, until: number): void {
    const kept = subjects.get(hash)
    subjects.set(hash, { before: Math.max(before, kept?.before ?? 0), until: Math.max(until, kept?.until ?? 0) })
  }

  const isCovered = (hash: string, at: number) => (subjects.get(hash)?.before ?? -1) >= at

  return {
    apply(entry) {
      for (const hash of entry.tokens)
        tokens.set(hash, { before: 0, until: Math.max(entry.until, tokens.get(hash)?.until ?? 0) })
      if (entry.before === undefined) return
      if (entry.sid !== undefined) raise(`sid ${entry.sid}`, entry.before, entry.until)
      if (entry.sub !== undefined) raise(`sub ${entry.sub}`, entry.before, entry.until)
    },
    covers: ({ token, at, sids, subs }) =>
      tokens.has(token) ||
      sids.some((hash) => isCovered(`sid ${hash}`, at)) ||
      subs.some((hash) => isCovered(`sub ${hash}`, at)),
    get size() {
      return subjects.size + tokens.size
    },
    forget(storeNow, steps) {
      for (const [place, map] of [subjects, tokens].entries()) {
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
