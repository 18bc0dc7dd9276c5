/** For Auth.js 4 (next-auth) in Next.js: it goes on doing the login, and a logout ends what it has opened. */
import type { AttachedOptions } from '../auth-js/kit.ts'
import { lateEndSession, type NextEndSession } from '../auth-js/late.ts'
import { makeHandler, type NextAuthHandler } from './handler.ts'
import { makeNextAuthKit, type NextAuthKit } from './kit.ts'
import type { AuthOptions, NextAuth } from './options.ts'
import { readingOptions } from './readers.ts'

export type { AttachedOptions, ProviderExtras } from '../auth-js/kit.ts'
export type { NextEndSession } from '../auth-js/late.ts'
export type { NextAuthHandler } from './handler.ts'
export type { AuthOptions, NextAuth } from './options.ts'

export interface WithEndSession<A extends AuthOptions, O extends A> {
  /** For all that reads: `getServerSession(authOptions)`, and `authOptions.jwt` for `withAuth` and `getToken`. */
  readonly authOptions: O & { readonly jwt: Required<Pick<NonNullable<A['jwt']>, 'decode' | 'encode'>> }
  /** Auth.js's route, with ours below it. */
  readonly handler: NextAuthHandler
  readonly endsession: NextEndSession
}

/**
 * Auth.js with every layer of a logout. Does no I/O; `options` is called at the first request, so that `next build` needs no
 * secrets. Our routes are on Auth.js's own catch-all, below `endsession/`. `baseUrl` is what NEXTAUTH_URL says. For both routers,
 * sessions in cookies or in a database, and OAuth providers with or without OpenID, in the Node.js runtime; logins by mail or
 * password are refused. `getToken()` and `withAuth()` without `authOptions.jwt` answer nobody.
 */
export function withEndSession<A extends AuthOptions, O extends A>(
  nextAuth: NextAuth<A>,
  authOptions: O,
  options: () => AttachedOptions,
): WithEndSession<A, O> {
  let made: NextAuthKit | undefined
  const kitOf = (): NextAuthKit => {
    made ??= makeNextAuthKit(nextAuth as NextAuth<never>, authOptions, options)
    return made
  }
  return {
    authOptions: readingOptions(kitOf, authOptions) as WithEndSession<A, O>['authOptions'],
    handler: makeHandler(kitOf),
    endsession: lateEndSession(kitOf),
  }
}
