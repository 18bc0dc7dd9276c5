/** The session cookie, as Auth.js gets to see it: what the store knows to be alive, or nobody. */
import type { App } from '../../app.ts'
import type { Bound } from './arrival.ts'
import { sealHostCookie } from './codec.ts'
import type { Kit } from './kit.ts'
import type { Claims } from './library.ts'
import type { Visit } from './visit.ts'

/** In place of what the cookie holds: Auth.js is to find nobody there, and to say nothing about it. */
const ended = Symbol.for('endsession.ended')

export const isEnded = (token: object | null | undefined): boolean => token != null && ended in token

/** Auth.js may change what it gets, so each time it gets its own. */
export function readClaims({ token: known, stored, opened }: Visit, token: string | undefined): Claims {
  if (token !== undefined && token === known && stored && opened) return structuredClone(opened.claims)
  return nobody()
}

export function nobody(): Claims {
  return { [ended]: true } as Claims
}

/** The cookie's value. Empty without a record: there is no session then, and no cookie for one. */
export function sealClaims(kit: Kit, { arrival, opened }: Bound, claims: Claims | undefined, seconds: number): string {
  const handle = arrival ? arrival.handle : opened?.handle
  if (handle === undefined || !claims || isEnded(claims)) return ''
  const { sealer, options } = (kit.awake as () => App)()
  return sealHostCookie(sealer, options.runtime, kit.cookieName, { claims, handle }, seconds)
}

/** As Auth.js has it. */
export const defaultSeconds: number = 30 * 86_400
