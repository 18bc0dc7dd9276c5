/** Sessions in Auth.js's own database: a row of its and a record of ours, and only who has both is signed in. */
import type { App } from '../../app.ts'
import { adopt } from '../../attached.ts'
import { EndSessionError } from '../../errors.ts'
import type { ProviderOptions } from '../../index.ts'
import { epochSeconds, sha256 } from '../../runtime.ts'
import { readEarlier } from './tokens.ts'
import { type Opened, unlessLogin } from './visit.ts'

/** Its session, and whose it is. */
export interface Row {
  readonly session: RowSession
  readonly user: { readonly id: string }
}

export interface RowSession {
  sessionToken: string
  userId: string
  expires: Date
}

type Later<T> = T | PromiseLike<T>

/** What counts here of an adapter of Auth.js. */
export interface Adapter {
  getSessionAndUser?(token: string): Later<Row | null>
  createSession?(session: RowSession): Later<RowSession>
  deleteSession?(token: string): Later<unknown>
}

/** The same, with its failures told from "there is none": each of these throws ERR_STORE. */
export interface Rows {
  find(token: string): Promise<Row | undefined>
  add(session: RowSession): Promise<RowSession>
  remove(token: string): Promise<unknown>
}

/** Nothing where sessions are in cookies. Throws ERR_OPTIONS. */
export function readRows(adapter: Adapter | undefined, session: { strategy?: string } | undefined): Rows | undefined {
  if ((session?.strategy ?? (adapter ? 'database' : 'jwt')) === 'jwt') return undefined
  const { getSessionAndUser, createSession, deleteSession } = adapter ?? {}
  if (!getSessionAndUser || !createSession || !deleteSession)
    throw new EndSessionError(
      'ERR_OPTIONS',
      "The options do not work yet:\n- session.strategy: 'database' needs an adapter that keeps sessions",
    )
  return {
    find: async (token) => (await told(() => getSessionAndUser(token))) ?? undefined,
    add: (row) => told(() => createSession(row)),
    remove: (token) => told(() => deleteSession(token)),
  }
}

async function told<T>(work: () => Later<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new EndSessionError('ERR_STORE', "Auth.js's own database failed.", { cause })
  }
}

/** The record's handle: Auth.js's token leads to it, and nothing that our store holds leads back. */
export function rowHandle(token: string): string {
  return `0.${sha256(`endsession keeps ${token}`)}`
}

const own = 'es1.'

/** A row of ours says so: never taken for one from before, whatever has become of its record, and of the marks. */
export function ownRowToken(token: string): string {
  return own + token
}

export function isOwnRow(token: string): boolean {
  return token.startsWith(own)
}

/** Longer ones, or such with other characters, Auth.js has not made, and not every database takes them. */
export function isRowToken(token: string): boolean {
  return /^[\x21-\x7e]{1,4096}$/.test(token)
}

/** What such a cookie stands for; a row from before gets its record. Throws ERR_STORE. */
export async function openRow(
  app: App,
  rows: Rows,
  providers: Readonly<Record<string, ProviderOptions>>,
  token: string,
): Promise<Opened | undefined> {
  if (!isRowToken(token)) return undefined
  const opened = { handle: rowHandle(token), claims: {} }
  const row = await rows.find(token)
  if (!row) return { ...opened, isOver: true }
  const ends = epochSeconds(row.session.expires)
  if (!(ends > app.options.runtime.now())) return { ...opened, isOver: true, ...(Number.isFinite(ends) && { row }) }
  // Some adapters number people.
  const earlier = isOwnRow(token) ? undefined : readEarlier({ sub: String(row.user.id) }, providers, true)
  if (earlier) await adopt(app, earlier.provider, { sub: earlier.sub }, opened.handle).catch(unlessLogin)
  return { ...opened, row }
}
