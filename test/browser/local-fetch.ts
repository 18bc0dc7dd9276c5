import { request as askPlainly, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as askByTls } from 'node:https'
import { Readable } from 'node:stream'

/**
 * A `fetch` that keeps no cookies and follows nothing: a plain HTTP client. Names under `.localhost` are this machine to it, as
 * they are to browsers, and `authority`, a certificate, is trusted.
 */
export function localFetch(authority?: string): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const url = new URL(request.url)
    const body = request.body ? Buffer.from(await request.arrayBuffer()) : undefined
    const options: RequestOptions = {
      host: '127.0.0.1',
      port: url.port,
      path: url.pathname + url.search,
      method: request.method,
      // A connection that is kept may be closed from the other side at the moment of the next request.
      agent: false,
      signal: request.signal,
      headers: {
        ...Object.fromEntries(request.headers),
        host: url.host,
        ...(body && { 'content-length': body.length }),
      },
    }
    const secure = { ...options, servername: url.hostname, ...(authority && { ca: authority }) }
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = url.protocol === 'https:' ? askByTls(secure, resolve) : askPlainly(options, resolve)
      asked.on('error', reject)
      asked.end(body)
    })
    const headers = new Headers()
    for (let at = 0; at < answer.rawHeaders.length; at += 2)
      headers.append(answer.rawHeaders[at] as string, answer.rawHeaders[at + 1] as string)
    const status = answer.statusCode ?? 0
    const empty = [204, 205, 304].includes(status)
    if (empty) answer.resume()
    return new Response(empty ? null : (Readable.toWeb(answer) as ReadableStream), { status, headers })
  }
}
