import type { Name, Plan } from '../plan.ts'
import { describeExchange } from '../room/exchange.ts'
import { epochNow, tell } from './serve.ts'

type Send = typeof fetch

/** For the control room: a `fetch` that tells the parent process what went, and keeps every secret of it here. */
export function makeFetch(plan: Plan, from: Name): Send {
  // As it is now: what comes out of here may take its place.
  const { fetch } = globalThis
  if (plan.record !== 'film') return (input, init) => fetch(input, init)
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input))
    const startedAt = epochNow()
    const sent = {
      from,
      url,
      method: init?.method ?? (input instanceof Request ? input.method : 'GET'),
      requestHeaders: new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined)),
      requestBody: textOf(init?.body),
      startedAt,
    }
    const film = (status: number, responseHeaders: Headers, responseBody: string) => {
      const answered = { status, responseHeaders, responseBody }
      // A guard asks all the time, and waits: of that only what it hears is worth a picture, and when it hears it.
      const at = isFeed(url) ? { startedAt: epochNow() } : {}
      const filmed = describeExchange(plan, { ...sent, ...answered, ...at })
      if (filmed && !(isFeed(url) && isEmpty(responseBody))) tell({ type: 'filmed', filmed })
    }
    const answer = await fetch(input, init).catch((error: unknown) => {
      film(0, new Headers(), '')
      throw error
    })
    const copy = answer.clone()
    void copy.text().then(
      (text) => film(answer.status, answer.headers, text),
      () => {},
    )
    return answer
  }
}

/** As the library: what is longer, or does not say how long it is, is nothing to keep. */
const bytesAtMost = 65_536

type Handle = (request: Request) => Promise<Response | undefined>

/** For the control room: the provider's logout messages, filmed by the app that gets them. */
export function filmCalls(plan: Plan, to: Name, handle: Handle): Handle {
  if (plan.record !== 'film') return handle
  return async (request) => {
    const { pathname } = new URL(request.url)
    const length = Number(request.headers.get('content-length') ?? Number.NaN)
    if (pathname !== '/auth/backchannel-logout' || !(length <= bytesAtMost)) return handle(request)
    const startedAt = epochNow()
    const copy = request.clone()
    const answer = await handle(request)
    const filmed = describeExchange(plan, {
      from: 'provider',
      url: new URL(pathname, plan.urls[to]),
      method: request.method,
      requestHeaders: request.headers,
      requestBody: await copy.text().catch(() => ''),
      status: answer?.status ?? 0,
      responseHeaders: answer?.headers ?? new Headers(),
      responseBody: (await answer?.clone().text()) ?? '',
      startedAt,
    })
    if (filmed) tell({ type: 'filmed', filmed })
    return answer
  }
}

function textOf(body: unknown): string {
  if (typeof body === 'string' || body instanceof URLSearchParams) return String(body)
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : ''
}

function isFeed({ pathname }: URL): boolean {
  return pathname === '/auth/feed'
}

/** A head, an end, and nothing between them. */
function isEmpty(answer: string): boolean {
  return answer.trim().split('\n').length <= 2
}
