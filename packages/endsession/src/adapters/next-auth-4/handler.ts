/** Auth.js's route, on either router: both are translated, and answered in one way. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { authCookie, readCookies } from '../auth-js/cookies.ts'
import { answer } from '../auth-js/handlers.ts'
import { bodyOf, type Parsed, sendResponse, toRequest } from '../translate.ts'
import type { NextAuthKit } from './kit.ts'

/** The names of the route's files: `[...nextauth]`. */
interface Place {
  readonly nextauth?: string | readonly string[] | undefined
}

/** For `app/api/auth/[...nextauth]/route.ts` (`GET` and `POST`) and `pages/api/auth/[...nextauth].ts` (`default`). */
export interface NextAuthHandler {
  (request: Request, context: { readonly params: Place | Promise<Place> }): Promise<Response>
  (request: IncomingMessage & { readonly query: Place }, response: ServerResponse): Promise<void>
}

export function makeHandler(kitOf: () => NextAuthKit): NextAuthHandler {
  async function handle(request: Request, { nextauth }: Place): Promise<Response> {
    const kit = kitOf()
    const response = await answer(kit, nextauth === undefined ? request : atPlace(kit, request, [nextauth].flat()))
    return kit.awake ? response : withEverybody(kit, request, response)
  }

  async function handleNode(request: Parsed & { readonly query: Place }, response: ServerResponse): Promise<void> {
    const body = jsonOf(request) ?? bodyOf(request)
    const asked = toRequest(request, kitOf().options.origin, body)
    await sendResponse(await handle(asked, request.query), response)
  }

  return ((first: never, second: { readonly params: Place } | ServerResponse) =>
    'params' in second ? handleHere(first, second.params) : handleNode(first, second)) as NextAuthHandler

  async function handleHere(request: Request, place: Place | Promise<Place>): Promise<Response> {
    return handle(request, await place)
  }
}

/** Next.js has taken the address apart, whatever it begins with. */
function atPlace({ options, authPath }: NextAuthKit, request: Request, parts: readonly string[]): Request {
  const { search } = new URL(request.url)
  const { method, headers, body } = request
  const url = `${options.origin}${authPath}/${parts.map(encodeURIComponent).join('/')}${search}`
  return new Request(url, { method, headers, ...(body && { body, duplex: 'half' }) })
}

/** What Next.js has parsed, fields that may be deep; also of a GET that says it is JSON, as those of Auth.js's script do. */
function jsonOf({ body, headers, method }: Parsed): string | undefined {
  const isJson = method === 'POST' && headers['content-type']?.includes('application/json')
  return isJson && typeof body === 'object' && body !== null ? JSON.stringify(body) : undefined
}

/** Without a cookie version 4 asks nobody: so that its readers know the one identity, everybody has the same. */
function withEverybody({ names, cookieName }: NextAuthKit, request: Request, response: Response): Response {
  if (readCookies(request.headers.get('cookie')).has(cookieName)) return response
  const { path, secure } = authCookie(names, 'sessionToken').attributes
  const copy = new Response(response.body, response)
  const line = `${cookieName}=unauthenticated; Path=${path}; HttpOnly${secure ? '; Secure' : ''}; SameSite=Lax`
  copy.headers.append('set-cookie', line)
  return copy
}
