/** The options of version 4 (`AuthOptions`), as far as they count here: by their shape, so that no version's types are needed. */
import type { GivenCookies } from '../auth-js/cookies.ts'
import type { Account, Claims } from '../auth-js/library.ts'
import type { Adapter } from '../auth-js/rows.ts'

type Callback = (...given: never[]) => unknown

export interface AuthOptions {
  readonly providers: readonly object[]
  readonly secret?: string | undefined
  readonly adapter?: Adapter | undefined
  readonly session?: { readonly strategy?: string; readonly maxAge?: number } | undefined
  readonly jwt?: { readonly secret?: string; readonly encode?: Callback; readonly decode?: Callback } | undefined
  readonly pages?: { readonly signIn?: string } | undefined
  readonly callbacks?: { readonly signIn?: Callback; readonly jwt?: Callback; readonly session?: Callback } | undefined
  readonly events?: { readonly signIn?: Callback; readonly signOut?: Callback; readonly session?: Callback } | undefined
  readonly cookies?: GivenCookies | undefined
  readonly useSecureCookies?: boolean | undefined
}

/** `NextAuth` of version 4, in the form that takes the request of the Pages Router. */
export type NextAuth<A> = (request: never, response: never, options: A) => unknown

/** What it calls, as it calls it. */
export interface Calls {
  readonly callbacks: {
    signIn?(given: { readonly account?: Account | null }): unknown
    jwt?(given: { readonly token: Claims; readonly account?: Account | null }): unknown
    session?(given: { readonly session: object; readonly token?: Claims; readonly user?: object }): unknown
  }
  readonly events: {
    signIn?(message: { readonly account?: Account | null }): unknown
    signOut?(message: { readonly token?: Claims | null }): unknown
    session?(message: { readonly token?: Claims | null; readonly session?: object }): unknown
  }
}

export interface DecodeParameters {
  readonly token?: string
  readonly secret?: unknown
}

export interface EncodeParameters {
  readonly token?: Claims
  readonly maxAge?: number
}

/** The app's own, under the types that they are called with. */
export function callsOf({ callbacks = {}, events = {} }: AuthOptions): Calls {
  return { callbacks, events } as unknown as Calls
}
