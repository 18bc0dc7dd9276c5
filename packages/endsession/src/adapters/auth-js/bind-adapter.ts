/** Auth.js's adapter for one request: it finds the session that the store knows, and makes none without a record. */
import { EndSessionError } from '../../errors.ts'
import { refusedHandle } from '../../host.ts'
import { toBase64url } from '../../runtime.ts'
import { type Arrival, type Bound, endUnused, openRecord } from './arrival.ts'
import type { Kit } from './kit.ts'
import type { Account } from './library.ts'
import { type Adapter, ownRowToken, type Row, type RowSession, type Rows, rowHandle } from './rows.ts'

export function bindAdapter<A extends Adapter>(kit: Kit, rows: Rows, bound: Bound, adapter: A): A {
  const { arrival, opened, stored, token } = bound
  const bindings: Omit<Required<Adapter>, 'deleteSession'> = {
    async getSessionAndUser(asked) {
      const row = asked === token ? opened?.row : undefined
      if (row && stored) return arrival ? underNextToken(kit, arrival, row) : row
      // Too old: Auth.js would take the row away now, and knows nothing of the record.
      if (row && opened?.isOver && !arrival)
        kit.options.runtime.waitUntil(Promise.all([rows.remove(asked).catch(() => {}), endUnused(kit, opened.handle)]))
      return null
    },
    async createSession(session) {
      if (!arrival?.account)
        throw new EndSessionError('ERR_LOGIN', 'A login has to come in by the handlers of withEndSession.')
      return addSession(kit, rows, bound, arrival.account, {
        ...session,
        sessionToken: ownRowToken(session.sessionToken),
      })
    },
  }
  return { ...adapter, ...bindings }
}

/**
 * Whoever is signed in keeps their session at a new login, as Auth.js has it. Here it goes on under a token of its own:
 * the record is that of the new login, and a copy of the old cookie is dead.
 */
function underNextToken({ options }: Kit, arrival: Arrival, row: Row): Row {
  const { userId, expires } = row.session
  arrival.next ??= { sessionToken: ownRowToken(toBase64url(options.runtime.randomBytes(32))), userId, expires }
  return { ...row, session: { ...row.session, sessionToken: arrival.next.sessionToken } }
}

/** Once Auth.js has left a session as it was. Why that failed stands in the arrival. */
export async function moveSession(kit: Kit, bound: Bound, account: Account): Promise<void> {
  const { arrival, token } = bound
  if (!kit.rows || !arrival?.next || arrival.handle !== undefined) return
  await addSession(kit, kit.rows, bound, account, arrival.next).catch(() => {})
  if (token !== undefined && isOpen(bound)) await kit.rows.remove(token).catch(() => {})
}

/** The row first: alone it opens nothing, and a record alone would keep tokens alive. What is refused leaves none. */
async function addSession(
  kit: Kit,
  rows: Rows,
  bound: Bound,
  account: Account,
  session: RowSession,
): Promise<RowSession> {
  const { arrival } = bound
  try {
    const made = await rows.add(session)
    await openRecord(kit, bound, account, rowHandle(session.sessionToken))
    return made
  } catch (error) {
    if (arrival) arrival.error = error
    throw error
  } finally {
    if (!isOpen(bound)) await rows.remove(session.sessionToken).catch(() => {})
  }
}

function isOpen({ arrival }: Bound): boolean {
  return arrival?.handle !== undefined && arrival.handle !== refusedHandle
}
