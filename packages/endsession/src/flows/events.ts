import type { App } from '../app.ts'
import { findSession } from '../current.ts'
import type { TabStreams } from '../tab-streams.ts'
import { isPrefetch } from '../web/request.ts'
import { refuseStrangers, tabHeaders } from '../web/tabs.ts'

/** Who was refused asks again after this long, and checks meanwhile. */
const retryAfterSeconds = 60

/**
 * `GET events`: one event when this browser's session ends, then the stream is over. 204 without a session: an EventSource
 * takes that as the end, and does not come back.
 */
export async function openEvents(app: App, streams: TabStreams, request: Request): Promise<Response> {
  refuseStrangers(request, app.options.origin)
  const stored = isPrefetch(request) ? undefined : await findSession(app, request)
  if (!stored) return new Response(null, { status: 204, headers: tabHeaders })
  if (request.method === 'HEAD') return new Response(null, { headers: streamHeaders })
  const stream = streams.open(stored.id)
  if (stream) return new Response(stream, { headers: streamHeaders })
  return new Response(null, { status: 503, headers: { ...tabHeaders, 'retry-after': String(retryAfterSeconds) } })
}

const streamHeaders: Readonly<Record<string, string>> = {
  ...tabHeaders,
  'content-type': 'text/event-stream',
  // `no-transform`: compression would hold the event back.
  'cache-control': 'no-store, no-transform',
  // nginx passes each event on at once.
  'x-accel-buffering': 'no',
}
