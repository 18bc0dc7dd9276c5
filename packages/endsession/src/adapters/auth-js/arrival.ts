/** A login of Auth.js, from what it is to ask the provider for until its record is there. */
import { type App, tellEnded } from '../../app.ts'
import { openAttached } from '../../attached.ts'
import { EndSessionError } from '../../errors.ts'
import { authTimeParameters } from '../../protocol/login.ts'
import { deadline } from '../../runtime.ts'
import { sessionIdOf } from '../../session/ids.ts'
import { settleRecords } from '../../settle.ts'
import { readCookie } from '../../web/cookies.ts'
import type { Kit } from './kit.ts'
import type { Account, Claims } from './library.ts'
import type { RowSession } from './rows.ts'
import { tokensOf, withoutTokens } from './tokens.ts'
import type { Visit } from './visit.ts'

/** A login on its way back from the provider. */
export interface Arrival {
  readonly request: Request
  /** Of the record, once there is one. */
  handle?: string
  /** Why there is none. */
  error?: unknown
  /** What the provider has given, where Auth.js does not say it again. */
  account?: Account
  /** Of a session in Auth.js's own database that goes on: the row that is to take its place. */
  next?: RowSession
}

/** What Auth.js is to know of one request. */
export interface Bound extends Visit {
  readonly arrival?: Arrival
  /** A login begins; with the names of the providers whose login screen the person must meet. */
  readonly begins?: readonly string[]
}

/** A login is done: its tokens go into the record, and out of whatever the app has made of them. */
export async function arrive<C extends Claims>(kit: Kit, bound: Bound, account: Account, claims: C): Promise<C> {
  const { emit } = kit.options
  const kept = withoutTokens(claims, tokensOf(account), (field) =>
    emit({ type: 'token.removed', detail: `The jwt callback had copied a token into ${field}; it was taken out.` }),
  )
  await openRecord(kit, bound, account)
  return kept
}

/** Its record. Why there is none stands in the arrival as well. Throws ERR_STORE, ERR_LOGIN. */
export async function openRecord(
  kit: Kit,
  { arrival, opened }: Bound,
  account: Account,
  handle?: string,
): Promise<void> {
  if (!arrival) throw new EndSessionError('ERR_LOGIN', 'A login has to come in by the handlers of withEndSession.')
  const app = (kit.awake as () => App)()
  const isPlain = app.providers.get(account.provider)?.config.withoutOpenid !== undefined
  const how = {
    // Of the user endpoint: where there are ID tokens, the app may have called the person by another name.
    sub: isPlain ? account.providerAccountId : undefined,
    interactive: readCookie(arrival.request, app.cookies.names.asked) === 'interactive',
    replaces: opened?.handle,
    // Alive when the login began: whatever has ended it since is meant for this login too.
    startedWith: sessionIdOf(opened?.handle),
    request: arrival.request,
  }
  try {
    arrival.handle = await openAttached(app, account.provider, tokensOf(account), how, handle)
  } catch (error) {
    arrival.error = error
    throw error
  }
}

/** Nobody will come by it any more: the record ends, and its tokens with it. What fails here is left to the sweeper. */
export async function endUnused({ awake, options }: Kit, handle: string): Promise<void> {
  const [app, id] = [awake?.(), sessionIdOf(handle)]
  const ended = id === undefined ? undefined : await app?.store.end({ by: 'id', id }, 'idle').catch(() => undefined)
  if (!app || !ended) return
  tellEnded(app, ended.records)
  options.runtime.waitUntil(settleRecords(app, ended.records, deadline(options.deadlineSeconds)))
}

/** What a login at this provider is to ask for; the login screen, where it is one of those. */
export function parametersOf({ awake }: Kit, id: string, interactive: readonly string[] = []): Record<string, string> {
  const provider = awake?.().providers.get(id)
  return provider ? authTimeParameters(provider.config.profile, interactive.includes(id)) : {}
}
