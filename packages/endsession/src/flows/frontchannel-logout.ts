import { type App, tellEnded } from '../app.ts'
import { expireSession, findSession } from '../current.ts'
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
  if (request.method !== 'GET') return answer(undefined, 405)
  const dest = request.headers.get('sec-fetch-dest')
  if (dest !== null && dest !== 'iframe') return answer(undefined, 403)
  const query = new URL(request.url).searchParams
  const [iss, sid] = [single(query, 'iss'), single(query, 'sid')]
  // One issuer may have several clients here; such a request does not say which it means.
  const providers = [...app.providers.values()].filter(({ config }) => config.issuer === iss)
  if (providers.length === 0 || iss === undefined || sid === undefined || sid.length > 1_024)
    return answer(undefined, 400)
  if ((running.get(iss) ?? 0) >= mostAtOnce) return answer(iss, 429)

  running.set(iss, (running.get(iss) ?? 0) + 1)
  try {
    const own = await findSession(app, request)
    const found = await Promise.all(providers.map((provider) => meant(app, provider, sid, own, request)))
    const records = await endEach(app, found.flat())
    tellEnded(app, records)
    app.options.runtime.waitUntil(settleRecords(app, records, deadline(app.options.deadlineSeconds)))
    return answer(iss, 200, records.some(({ id }) => id === own?.id) ? expireOwn(app, request) : [])
  } finally {
    running.set(iss, (running.get(iss) ?? 1) - 1)
  }
}

/** A `sid` that strangers can guess is believed only of the browser that holds the session itself, asked by this site. */
async function meant(
  app: App,
  { config }: Provider,
  sid: string,
  own: StoredSession | undefined,
  request: Request,
): Promise<readonly StoredSession[]> {
  const { issuer: iss, clientId: client, profile } = config
  if (profile.sidUnguessable) return app.store.list({ iss, client, sid })
  if (request.headers.get('sec-fetch-site') === 'cross-site') return []
  return own?.sid === sid && own.iss === iss && own.client === client ? [own] : []
}

async function endEach(app: App, sessions: readonly StoredSession[]): Promise<readonly EndedRecord[]> {
  const ended = await Promise.all(sessions.map(({ id }) => app.store.end({ by: 'id', id }, 'frontchannel')))
  return ended.flatMap(({ records }) => records.filter(({ repeated }) => !repeated))
}

function expireOwn(app: App, request: Request): readonly string[] {
  return [...expireSession(app, request), ...expireTransactions(app, request)]
}

/** The one page of ours that may stand in a frame: the provider's. */
function answer(issuer: string | undefined, status: number, setCookies: readonly string[] = []): Response {
  const ancestors = issuer === undefined ? "'none'" : new URL(issuer).origin
  const headers = new Headers({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; frame-ancestors ${ancestors}`,
    'cache-control': 'no-store',
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  })
  if (status === 405) headers.set('allow', 'GET')
  for (const line of setCookies) headers.append('set-cookie', line)
  return new Response('<!doctype html><title>Logout</title>', { status, headers })
}
