import type { Name, Plan } from '../plan.ts'
import { describeExchange } from '../room/exchange.ts'
import { epochNow, tell } from './serve.ts'

type Send = typeof fetch

/** For the control room: a `fetch` that tells the parent process what went, and keeps every secret of it here. */
export function makeFetch(plan: Plan, from: Name): Send {
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
