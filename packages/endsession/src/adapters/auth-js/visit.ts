/** One request's session, asked of the store once, before Auth.js sees the request. */
import { findSession } from '../../current.ts'
import { EndSessionError } from '../../errors.ts'
import { noteVisit } from '../../flows/check.ts'
import type { StoredSession } from '../../session/store.ts'
import type { HostCookie } from './codec.ts'
import { readCookies, readSessionToken } from './cookies.ts'
import type { Kit } from './kit.ts'
import type { Row } from './rows.ts'

export interface Opened extends HostCookie {
  /** Of a session in Auth.js's own database. */
  readonly row?: Row
  /** Auth.js says so: its row is gone, or too old. */
  readonly isOver?: true
}

export interface Visit {
  /** Auth.js's session cookie, as it reads it. */
  readonly token?: string
  /** What that holds, dead or alive. */
  readonly opened?: Opened
  /** The live session. */
  readonly stored?: StoredSession
}

/** Throws ERR_STORE when nobody can know. Only the cookies count. */
export async function look(kit: Kit, headers: Headers): Promise<Visit> {
  const token = readSessionToken(readCookies(headers.get('cookie')), kit.cookieName)
  if (token === '' || !kit.awake) return {}
  const opened = await kit.open(token)
  if (!opened) return { token }
  if (opened.isOver) return { token, opened }
  const app = { ...kit.awake(), host: { ...kit.host, handle: () => opened.handle } }
  const stored = await findSession(app, new Request(kit.options.origin, { headers: onlyCookies(headers) }))
  return { token, opened, ...(stored && { stored }) }
}

/** For a logout: Auth.js tells the app who that was. Its own database tells that by itself, and is not waited for. */
export async function lookBack(kit: Kit, headers: Headers): Promise<Visit> {
  return kit.rows ? {} : look(kit, headers).catch(unlessStore)
}

/** For what can go on without knowing. */
export function unlessStore(error: unknown): Visit {
  if (error instanceof EndSessionError && error.code === 'ERR_STORE') return {}
  throw error
}

/** What does not hold is no login from before. */
export function unlessLogin(error: unknown): undefined {
  if (error instanceof EndSessionError && error.code === 'ERR_LOGIN') return undefined
  throw error
}

/** The person is here: idle time begins anew. */
export function note({ awake }: Kit, { stored }: Visit): void {
  if (awake && stored) noteVisit(awake(), stored)
}

function onlyCookies(headers: Headers): Record<string, string> {
  return { cookie: headers.get('cookie') ?? '' }
}
