/**
 * Auth.js's own answer to a request. It is asked in the form of the Pages Router, whichever router the app has: there it
 * reads the request that it is given, and no other.
 */
import { EndSessionError } from '../../errors.ts'
import { readCookies } from '../auth-js/cookies.ts'
import { readBody } from '../auth-js/csrf.ts'
import type { AuthOptions, NextAuth } from './options.ts'

/** Throws ERR_REQUEST for a body that is none. Calls Auth.js before it waits for anything, where there is no body. */
export async function askNextAuth(
  nextAuth: NextAuth<never>,
  authPath: string,
  request: Request,
  options: AuthOptions,
): Promise<Response> {
  const body = request.method === 'POST' ? await parseBody(request) : undefined
  const url = new URL(request.url)
  const { pathname, host, protocol, searchParams } = url
  const asked = {
    method: request.method,
    headers: {
      ...Object.fromEntries(request.headers),
      host,
      'x-forwarded-host': host,
      'x-forwarded-proto': protocol.slice(0, -1),
    },
    cookies: Object.fromEntries(readCookies(request.headers.get('cookie'))),
    query: {
      ...Object.fromEntries(searchParams),
      nextauth: pathname.slice(authPath.length).split('/').filter(Boolean),
    },
    body,
  }
  const { response, answer } = collectAnswer()
  await nextAuth(asked as never, response as never, options as never)
  return answer()
}

/** As Next.js has it for an API route. */
async function parseBody(request: Request): Promise<object | undefined> {
  const text = await readBody(request)
  // Of several fields with one name the first, as where we read them.
  if (!request.headers.get('content-type')?.includes('application/json'))
    return Object.fromEntries([...new URLSearchParams(text)].toReversed())
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? body : undefined
  } catch {
    throw new EndSessionError('ERR_REQUEST', 'The body is no JSON.')
  }
}

/** The response of an API route, as far as Auth.js uses it. */
interface ApiResponse {
  status(code: number): ApiResponse
  getHeader(name: string): string | readonly string[] | undefined
  setHeader(name: string, value: string | readonly string[]): ApiResponse
  json(body: unknown): void
  send(body: unknown): void
  end(): void
}

function collectAnswer(): { readonly response: ApiResponse; answer(): Response } {
  const headers = new Map<string, string | readonly string[]>()
  let [status, body]: [number, string | null] = [200, null]
  const response: ApiResponse = {
    status(code) {
      status = code
      return response
    },
    getHeader: (name) => headers.get(name.toLowerCase()),
    setHeader(name, value) {
      headers.set(name.toLowerCase(), value)
      return response
    },
    json(value) {
      headers.set('content-type', 'application/json')
      body = JSON.stringify(value)
    },
    send(value) {
      if (typeof value === 'object' && value !== null) response.json(value)
      else if (typeof value === 'string') body = value
    },
    end() {},
  }
  function answer(): Response {
    const all = new Headers()
    for (const [name, value] of headers) for (const one of [value].flat()) all.append(name, one)
    return new Response(body, { status, headers: all })
  }
  return { response, answer }
}
