/** Auth.js's routes and ours, on its own catch-all. */
import { EndSessionError } from '../../errors.ts'
import { logout } from '../../flows/logout.ts'
import { errorResponse } from '../../web/error-response.ts'
import { bindConfig } from './config.ts'
import { authCookie, readCookies } from './cookies.ts'
import { readBody, readBodyToken, readCsrf } from './csrf.ts'
import type { Kit } from './kit.ts'
import { asNext, begin, beginAgain, comeBack } from './login.ts'
import { answerUnauthenticated } from './unauthenticated.ts'
import { look, unlessStore, type Visit } from './visit.ts'

export async function answer(kit: Kit, given: Request): Promise<Response> {
  const request = atOurOrigin(kit, given)
  try {
    return await route(kit, request)
  } catch (error) {
    if (!kit.awake) throw error
    return errorResponse(kit.awake().page, request, error)
  }
}

async function route(kit: Kit, request: Request): Promise<Response> {
  const { endsession, options, authPath } = kit
  const { pathname } = new URL(request.url)
  if (pathname.startsWith(`${options.basePath}/`)) {
    if (request.method === 'GET' && pathname === `${options.basePath}/again`) return beginAgain(kit, request)
    return (await endsession.handle(request)) ?? new Response(null, { status: 404 })
  }
  // Read as Auth.js reads it: of empty parts it takes no notice.
  const [action = '', provider = ''] = pathname.slice(authPath.length).split('/').filter(Boolean)
  if (!kit.awake) return answerUnauthenticated(kit, request, action)
  if (action === 'callback') return comeBack(kit, request, provider)
  if (action === 'signin' && request.method === 'POST') return begin(kit, request, provider)
  if (action === 'signout' && request.method === 'POST') return leave(kit, request)
  return pass(kit, request, await look(kit, request.headers))
}

/** `Host` and its like are whatever their sender says: the origin is the configured one. */
function atOurOrigin({ options }: Kit, request: Request): Request {
  const { pathname, search } = new URL(request.url)
  const { method, headers, body } = request
  const url = options.origin + pathname + search
  return asNext(new Request(url, { method, headers, ...(body && { body, duplex: 'half' }) }))
}

function pass(kit: Kit, request: Request, visit: Visit): Promise<Response> {
  const { handlers } = kit.nextAuth(bindConfig(kit, visit))
  return (request.method === 'POST' ? handlers.POST : handlers.GET)(request as never)
}

/** Auth.js's own logout. The record ends first: what Auth.js does then cannot fail, and what fails is not called done. */
async function leave(kit: Kit, given: Request): Promise<Response> {
  const body = await readBody(given)
  const request = asNext(new Request(given.url, { method: 'POST', headers: given.headers, body }))
  // Auth.js says no as well, in its own way, and nothing has ended.
  if (!isCsrfGood(kit, request, body)) return pass(kit, request, {})
  // The logout knows what to do without it, and says what it could not.
  const visit = await look(kit, request.headers).catch(unlessStore)
  const { response } = await logout(appOf(kit), request, { stays: true })
  if (response.status >= 400) return failed(kit, request, response)
  return withCookies(await pass(kit, request, visit), response.headers.getSetCookie())
}

/** An app that has switched Auth.js's check off has the logout's own, by origin. */
function isCsrfGood({ config, secure }: Kit, { headers }: Request, body: string): boolean {
  if (config.skipCSRFCheck !== undefined) return true
  const cookie = readCookies(headers.get('cookie')).get(authCookie(config, secure, 'csrfToken').name)
  const token = readCsrf(cookie, config.secret)
  return token !== undefined && readBodyToken(body, headers.get('content-type')) === token
}

export function appOf(kit: Kit): NonNullable<ReturnType<NonNullable<Kit['awake']>>> {
  if (!kit.awake) throw new EndSessionError('ERR_REQUEST', 'Authentication is disabled here: there are no logins.')
  return { ...kit.awake(), host: kit.host }
}

/** Auth.js's own script takes no page: it is told where one is. */
function failed({ options }: Kit, request: Request, response: Response): Response {
  if (!request.headers.has('x-auth-return-redirect')) return response
  const url = `${options.origin}${options.basePath}/logout`
  return withCookies(
    Response.json({ url }, { status: response.status, headers: { 'cache-control': 'no-store' } }),
    response.headers.getSetCookie(),
  )
}

function withCookies(response: Response, lines: readonly string[]): Response {
  const copy = new Response(response.body, response)
  for (const line of lines) copy.headers.append('set-cookie', line)
  return copy
}
