/** Between Node's requests and the web's: what the adapters share. Not public. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ReadableStream as WebStream } from 'node:stream/web'
import type { Host } from '../index.ts'

/** The host asks its own framework's request, which the flows do not know. */
export function withHost<R>(host: Host<R> | undefined, request: R): { host?: Host } {
  if (!host) return {}
  return {
    host: { handle: () => host.handle(request), expire: () => host.expire(request), login: (how) => host.login(how) },
  }
}

/** What a body parser leaves behind, and Express for a mounted router. */
export type Parsed = IncomingMessage & { readonly body?: unknown; readonly originalUrl?: string }

/** Web requests cannot have these methods (Fetch, section 2.2.1), and no route answers to this one either. */
const unknownToTheWeb: Readonly<Record<string, string>> = { TRACE: 'OPTIONS', CONNECT: 'OPTIONS' }

export type Body = NonNullable<RequestInit['body']>

/** The same request as the web has it. The origin is the configured one: `Host` is whatever its sender likes. */
export function toRequest(request: Parsed, origin: string, body?: Body): Request {
  const { method: asked = 'GET' } = request
  const method = unknownToTheWeb[asked] ?? asked
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers))
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one)
  return new Request(origin + pathOf(request), { method, headers, ...(body !== undefined && { body, duplex: 'half' }) })
}

/** Path and query. A request line may also hold a whole URL (RFC 9112, section 3.2.2). */
export function pathOf(request: Parsed): string {
  const target = request.originalUrl ?? request.url ?? '/'
  if (target.startsWith('/')) return target
  const url = URL.canParse(target) ? new URL(target) : undefined
  return url ? url.pathname + url.search : '/'
}

/** What was parsed already is written as a form again; what was not is still in the stream. */
export function bodyOf(request: Parsed): Body | undefined {
  const { body, method } = request
  if (method === 'GET' || method === 'HEAD') return undefined
  if (body === undefined || body === null || isUnread(request))
    return (ReadableStream as unknown as typeof WebStream).from(request) as Body
  if (typeof body === 'string' || body instanceof Uint8Array) return body as Body
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(body))
    for (const one of Array.isArray(value) ? value : [value]) if (typeof one === 'string') form.append(name, one)
  return form.toString()
}

/** Express 4 puts an empty object there when its parsers have left the body alone. */
function isUnread({ body, readableDidRead }: Parsed): boolean {
  return readableDidRead === false && typeof body === 'object' && Object.keys(body as object).length === 0
}

/** Cookies join those that are set already; every other header replaces what a middleware has set. */
export async function sendResponse(answer: Response, response: ServerResponse): Promise<void> {
  response.statusCode = answer.status
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value)
  for (const cookie of answer.headers.getSetCookie()) response.appendHeader('set-cookie', cookie)
  if (answer.body && answer.headers.get('content-type') === 'text/event-stream') return pass(answer.body, response)
  response.end(Buffer.from(await answer.arrayBuffer()))
}

/** Piece by piece, for as long as both sides stay. */
async function pass(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  const reader = body.getReader()
  const gone = () => void reader.cancel().catch(() => {})
  response.once('close', gone)
  if (response.destroyed) gone()
  for (;;) {
    // What breaks off here is taken up again by the browser.
    const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }))
    if (done) break
    if (!response.write(value) && !response.destroyed)
      await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
  response.end()
}

function once(response: ServerResponse, event: 'drain' | 'close'): Promise<void> {
  return new Promise((resolve) => void response.once(event, resolve))
}
