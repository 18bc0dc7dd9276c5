import { generic } from './generic.ts'
import type { Profile } from './profile.ts'
import type { WithoutOpenid } from './without-openid.ts'

/** How a fact is known: seen at the running server, read in its code, or read in what its makers have written. */
export type Source = 'observed' | 'source' | 'documentation'

/** A value, and who says so. There is no fact without a source. */
export interface Fact<T> {
  readonly value: T
  readonly from: Source
  /** The version, file, page or thread that was read. */
  readonly where: string
}

export type Field = Exclude<keyof Profile, 'name'>

/** A field that is not here is unconfirmed: it keeps the value of `generic`. */
export type Facts = { readonly [Name in Field]?: Fact<NonNullable<Profile[Name]>> }

/** What a provider may have. Discovery has the last word; these are for those who choose one. */
export type Offer = 'endSession' | 'revocation' | 'backchannel' | 'frontchannel'

/** One provider's quirks as data. */
export interface KnownProvider {
  /** For `profile.name`. */
  readonly name: string
  /** What people call it. */
  readonly title: string
  /** `host/path` patterns of hosted ones, see `matchesIssuer`. What lives at any address is chosen by name. */
  readonly issuers: readonly string[]
  /** What the paths of its issuers begin with: enough to ask whether it is the one, never to choose it. */
  readonly path?: string
  readonly facts: Facts
  /** It speaks OAuth 2.0 alone: who has signed in, its user endpoint says. */
  readonly withoutOpenid?: WithoutOpenid
  readonly offers: { readonly [Name in Offer]?: Fact<boolean> }
  /** What is to be done there, beyond registering our addresses. `{loggedOut}` and its like are those addresses. */
  readonly toDo: readonly Fact<string>[]
  /** What is said of it and was not confirmed, one sentence each: nothing here follows it. */
  readonly unconfirmed: readonly string[]
}

export function observed<const T>(value: T, where: string): Fact<T> {
  return Object.freeze({ value, from: 'observed', where })
}

export function source<const T>(value: T, where: string): Fact<T> {
  return Object.freeze({ value, from: 'source', where })
}

export function documentation<const T>(value: T, where: string): Fact<T> {
  return Object.freeze({ value, from: 'documentation', where })
}

/** `generic`, and over it what is known. */
export function profileOf({ name, facts }: KnownProvider): Profile {
  const known = Object.entries(facts).map(([field, fact]) => [field, frozen(fact.value)])
  return Object.freeze({ ...generic, ...Object.fromEntries(known), name })
}

function frozen<T>(value: T): T {
  return typeof value === 'object' ? Object.freeze(value) : value
}
