import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { NextAuthHandler } from 'endsession/next-auth-4'
import { NextRequest } from 'next/server.js'

/** Calls a route as Next.js does on each of its routers. */
export const routers = { app: askAppRouter, pages: askPagesRouter }

export type Router = keyof typeof routers

/** `api/auth/[...nextauth]`. */
const placeOf = (pathname: string) => ({ nextauth: pathname.split('/').slice(3).filter(Boolean) })

async function askAppRouter(handler: NextAuthHandler, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  return handler(new NextRequest(request), { params: Promise.resolve(placeOf(pathname)) })
}

/** Its body parser has been there before. */
async function askPagesRouter(handler: NextAuthHandler, request: Request): Promise<Response> {
  const { pathname, search, searchParams } = new URL(request.url)
  const query = { ...Object.fromEntries(searchParams), ...placeOf(pathname) }
  const body = parse(request.headers.get('content-type'), await request.text())
  const asked = Object.assign(new IncomingMessage(new Socket()), {
    method: request.method,
    url: pathname + search,
    headers: Object.fromEntries(request.headers),
    query,
    cookies: cookiesOf(request.headers.get('cookie')),
    body,
  })
  Object.defineProperty(asked, 'readableDidRead', { value: true })
  const response = Object.assign(new ServerResponse(asked), {
    status: (code: number) => Object.assign(response, { statusCode: code }),
    send: (text: string) => void response.end(Buffer.from(text ?? '')),
  })
  const pieces: Buffer[] = []
  response.end = ((piece?: Uint8Array) => {
    if (piece) pieces.push(Buffer.from(piece))
    return response
  }) as typeof response.end
  await handler(asked, response)
  const headers = new Headers()
  for (const [name, value] of Object.entries(response.getHeaders()))
    for (const one of [value].flat()) headers.append(name, String(one))
  const empty = [204, 304].includes(response.statusCode)
  return new Response(empty ? null : Buffer.concat(pieces), { status: response.statusCode, headers })
}

/** As Next.js reads them. */
export function cookiesOf(header: string | null): Record<string, string> {
  const pairs = (header ?? '').split('; ').filter(Boolean)
  return Object.fromEntries(
    pairs.map((pair) => [pair.split('=', 1)[0], decodeURIComponent(pair.slice(pair.indexOf('=') + 1))]),
  )
}

function parse(contentType: string | null, text: string): unknown {
  if (contentType?.includes('application/json')) return JSON.parse(text || '{}')
  return contentType?.includes('urlencoded') ? Object.fromEntries(new URLSearchParams(text)) : text
}
