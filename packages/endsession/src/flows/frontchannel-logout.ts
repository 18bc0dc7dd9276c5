import { type App, tellEnded } from '../app.ts'
import { findSession } from '../current.ts'
import type { Provider } from '../protocol/provider.ts'
import { deadline } from '../runtime.ts'
import type { EndedRecord, StoredSession } from '../session/store.ts'
import { settleRecords } from '../settle.ts'
import { expireTransactions } from '../transactions.ts'
import { single } from '../web/request.ts'

/** Visits at the same time, for one provider: nobody has signed any of them. */
const mostAtOnce = 32

/**
 * `GET frontchannel-logout` (OpenID Connect Front-Channel Logout 1.0, section 2), in an iframe of the provider's page; off
 * unless switched on. Nothing vouches for such a request: it ends sessions that there are, by id, and writes no mark that
 * could reach another. Always the same answer, whoever asks.
 */
export async function frontchannelLogout(app: App, running: Map<string, number>, request: Request): Promise<Response> {
  const dest = request.headers.get('sec-fetch-dest')
  if (dest !== null && dest !== 'iframe') return answer(undefined, 403)
  const query = new URL(request.url).searchParams
  const [iss, sid] = [single(query, 'iss'), single(query, 'sid')]
  const provider = [...app.providers.values()].find(({ config }) => config.issuer === iss)
  if (!provider || iss === undefined || sid === undefined || sid.length > 1_024) return answer(undefined, 400)
  if ((running.get(iss) ?? 0) >= mostAtOnce) return answer(provider, 429)

  running.set(iss, (running.get(iss) ?? 0) + 1)
  try {
    const own = await findSession(app, request)
    const records = await endEach(app, await meant(app, provider, sid, own))
    tellEnded(app, records)
    app.options.runtime.waitUntil(settleRecords(app, records, deadline(app.options.deadlineSeconds)))
    const isOwn = records.some(({ id }) => id === own?.id)
    return answer(provider, 200, isOwn ? [app.cookies.expire(app.cookies.names.session), ...expireTransactions(app, request)] : [])
  } finally {
    running.set(iss, (running.get(iss) ?? 1) - 1)
  }
}

/** A `sid` that strangers can guess is believed only of the browser that holds the session itself. */
async function meant(
  app: App,
  { config }: Provider,
  sid: string,
  own: StoredSession | undefined,
): Promise<readonly StoredSession[]> {
  const { issuer: iss, clientId: client, profile } = config
  if (profile.sidUnguessable) return app.store.list({ iss, client, sid })
  return own?.sid === sid && own.iss === iss && own.client === client ? [own] : []
}

async function endEach(app: App, sessions: readonly StoredSession[]): Promise<readonly EndedRecord[]> {
  const ended = await Promise.all(sessions.map(({ id }) => app.store.end({ by: 'id', id }, 'frontchannel')))
  return ended.flatMap(({ records }) => records.filter(({ repeated }) => !repeated))
}

/** The one page of ours that may stand in a frame: the provider's. */
function answer(provider: Provider | undefined, status: number, setCookies: readonly string[] = []): Response {
  const ancestors = provider ? new URL(provider.config.issuer).origin : "'none'"
  const headers = new Headers({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; frame-ancestors ${ancestors}`,
    'cache-control': 'no-store',
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  })
  for (const line of setCookies) headers.append('set-cookie', line)
  return new Response('<!doctype html><title>Logout</title>', { status, headers })
}
