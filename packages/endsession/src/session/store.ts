import type { Cause } from '../words.ts'

/** A session to be opened. Times are seconds. */
export interface NewSession {
  /** From the cookie's id by SHA-256, with its partition number in front. */
  readonly id: string
  readonly iss: string
  readonly client: string
  readonly sub: string
  readonly sid?: string
  /** `iat` of the ID token that opened it (the provider's clock); never moves. */
  readonly signedInAt: number
  /** The provider's time when it was opened, where that is not `signedInAt`: of an adopted login. */
  readonly toldAt?: number
  readonly authTime?: number
  /** Tokens and claims, sealed, bound to the id. */
  readonly sealed: Uint8Array
  /** Of the access tokens handed out, until they expire. */
  readonly tokens: readonly TokenHash[]
  /** What ends it at the latest, from now on, and which word that end has. */
  readonly liveSeconds: number
  readonly endsBy: 'absolute' | 'session_expiry'
}

export interface StoredSession extends NewSession {
  /** The store's clock. */
  readonly openedAt: number
  readonly seenAt: number
  /** Absolute: idle time is `seenAt` and the limits' `idleSeconds`. */
  readonly expiresAt: number
  /** Moves with each refresh, with nothing else. */
  readonly revision: number
}

export interface TokenHash {
  readonly hash: string
  readonly expiresAt: number
}

/** What an end leaves until its work is done: opens nothing. */
export interface EndedRecord extends StoredSession {
  readonly cause: Cause
  readonly endedAt: number
  /** Had ended before this call. */
  readonly repeated: boolean
  readonly settled: boolean
}

export type Selector =
  /** `sid: true`: mark its `sid` too, and end every session that the mark covers. */
  | { readonly by: 'id'; readonly id: string; readonly sid?: true }
  /**
   * `before`: the logout token's `iat`; without it the store's own reckoning. `slackSeconds` is added for the `sid`
   * alone, never for the records of `sub` that hold no `sid`. A `sub` must agree with the records, or nothing ends.
   */
  | {
      readonly by: 'sid'
      readonly iss: string
      readonly client: string
      readonly sid: string
      readonly sub?: string
      readonly before?: number
      readonly slackSeconds?: number
    }
  | {
      readonly by: 'sub'
      readonly iss: string
      readonly client: string
      readonly sub: string
      readonly before?: number
    }
  /** Tokens that turned up after their session `id` had ended. */
  | { readonly by: 'tokens'; readonly id: string; readonly tokens: readonly TokenHash[] }

/** What a token, or a login about to be, says of itself. */
export interface Claims {
  readonly iss: string
  readonly client?: string
  readonly sub?: string
  readonly sid?: string
  /** `iat`: the provider's clock. */
  readonly at: number
  /** Token hash. */
  readonly token?: string
}

/** A durable note that something has ended. */
export interface Mark {
  /** Covers logins up to then, in the provider's clock. */
  readonly before?: number
  /** Asks every new login for an `auth_time` after this, in the provider's clock. */
  readonly authBefore?: number
  readonly cause: Cause
  /** The store's clock. */
  readonly endedAt: number
}

/** Opaque. Compare with `reached` only. */
export type Position = string

/** One thing that ended, as followers see it. `sid` and `sub` are hashes; see `subjectHash`. */
export interface Entry {
  readonly position: Position
  readonly id?: string
  readonly sid?: string
  readonly sub?: string
  /** Token hashes. */
  readonly tokens: readonly string[]
  readonly before?: number
  readonly cause: Cause
  /** Kept until then, in the store's clock. */
  readonly until: number
}

export interface Limits {
  readonly absoluteSeconds: number
  readonly idleSeconds: number
  /** How long a repeated end answers the same records; those of an expiry: a day. */
  readonly endedSeconds: number
  /** How long an `authBefore` is kept. */
  readonly reauthSeconds: number
  readonly accessTokenSeconds: number
  /** No mark goes before then, in the store's clock: logins from before endsession are still around. */
  readonly marksUntil?: number
}

export type Durability = 'process' | 'second' | 'disk'

export interface CreateHow {
  /** The session that this one takes the place of: ended in the same step, cause `replaced`. */
  readonly replaces?: string
  /** The sessions that this browser had when the login began, and when it came back: each of them counts. */
  readonly startedWith?: string | readonly string[]
  /** The person has just met the login screen: a missing `authTime` is accepted. */
  readonly interactive?: true
}

/**
 * Where sessions and the marks of what ended live. The promises stand in docs/rules.md, section S; a store that keeps
 * them passes `storeContract` of `endsession/testing`. Every method may throw; nothing that throws is acknowledged.
 */
export interface Store {
  /** Once, before anything else. */
  open(limits: Limits): Promise<{ readonly durability: Durability }>
  /** The store's clock, epoch seconds. */
  now(): Promise<number>
  /** `created`, or the mark that refuses it. A live record of the same id stays as it is. */
  create(session: NewSession, how?: CreateHow): Promise<'created' | Mark>
  /** The live session, or nothing. */
  get(id: string): Promise<StoredSession | undefined>
  /** Notes `seenAt` of a live session. Never creates. */
  touch(id: string): Promise<void>
  /** Compare and swap by revision. Never creates. */
  update(
    id: string,
    revision: number,
    patch: Partial<Pick<StoredSession, 'sealed' | 'tokens' | 'liveSeconds' | 'endsBy'>>,
  ): Promise<'updated' | 'stale' | 'gone'>
  /** Marks, removes and appends to the feed in one atomic step, durable before it answers. */
  end(
    selector: Selector,
    cause: Cause,
  ): Promise<{ readonly records: readonly EndedRecord[]; readonly position: Position }>
  /** Revocation of this ended record is done. */
  settle(id: string): Promise<void>
  /** Expired, and ended but not settled: work that any process may take up. */
  pending(
    limit: number,
  ): Promise<{ readonly expired: readonly StoredSession[]; readonly unsettled: readonly EndedRecord[] }>
  /** The mark that covers these claims, or none. */
  covers(claims: Claims): Promise<Mark | undefined>
  /** Live sessions of a person, or of a `sid`. */
  list(
    who: { readonly iss: string; readonly client: string } & ({ readonly sub: string } | { readonly sid: string }),
  ): Promise<readonly StoredSession[]>
  /** `true` the first time only, until then: a used transaction, the refresh lease. */
  claim(key: string, seconds: number): Promise<boolean>
  /** What ended after a position, in order, then what ends from now on; `lost` when continuity is. */
  feed(after: Position, signal: AbortSignal): AsyncIterable<Entry | { readonly lost: true }>
  head(): Promise<Position>
  /** All unexpired marks, and the position that they stand for. */
  snapshot(): Promise<{ readonly position: Position; readonly entries: AsyncIterable<Entry> }>
  /** Whether `have` is at or after `want`. */
  reached(have: Position, want: Position): boolean
  /** A guard instance's confirmed position. */
  follow(name: string, position: Position): Promise<void>
  followers(): Promise<readonly { readonly name: string; readonly position: Position; readonly confirmedAt: number }[]>
  close(): Promise<void>
}
