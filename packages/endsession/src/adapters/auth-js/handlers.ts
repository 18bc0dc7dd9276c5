/** Auth.js's routes and ours, on its own catch-all. */
import { EndSessionError } from '../../errors.ts'
import { logout } from '../../flows/logout.ts'
import { errorResponse } from '../../web/error-response.ts'
import { authCookie, readCookies, readSessionToken } from './cookies.ts'
import { readBody, readBodyField, readCsrf } from './csrf.ts'
import type { Kit } from './kit.ts'
import { begin, beginAgain, comeBack } from './login.ts'
import { isRowToken } from './rows.ts'
import { answerUnauthenticated } from './unauthenticated.ts'
import { look, lookBack } from './visit.ts'

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
    const leaves = request.method === 'POST' && pathname === `${options.basePath}/logout`
    const response = await endsession.handle(request, leaves ? { host: kit.leaving } : {})
    if (leaves && response) removeRow(kit, request, response)
    return response ?? new Response(null, { status: 404 })
  }
  // Read as Auth.js reads it: of empty parts it takes no notice.
  const [action = '', provider = ''] = pathname.slice(authPath.length).split('/').filter(Boolean)
  if (!kit.awake) return answerUnauthenticated(kit, request, action)
  if (action === 'callback') return comeBack(kit, request, provider)
  if (action === 'signin' && request.method === 'POST') return begin(kit, request, provider)
  if (action === 'signout' && request.method === 'POST') return leave(kit, request)
  return kit.ask(request, await look(kit, request.headers))
}

/** `Host` and its like are whatever their sender says: the origin is the configured one. */
function atOurOrigin({ options }: Kit, request: Request): Request {
  const { pathname, search } = new URL(request.url)
  const { method, headers, body } = request
  const url = options.origin + pathname + search
  return new Request(url, { method, headers, ...(body && { body, duplex: 'half' }) })
}

/** Auth.js's own logout. The record ends first: what Auth.js does then cannot fail, and what fails is not called done. */
async function leave(kit: Kit, given: Request): Promise<Response> {
  const body = await readBody(given)
  const request = new Request(given.url, { method: 'POST', headers: given.headers, body })
  // Auth.js says no as well, in its own way, and nothing has ended.
  if (!isCsrfGood(kit, request, body)) return kit.ask(request, {})
  // The logout knows what to do without it, and says what it could not.
  const visit = await lookBack(kit, request.headers)
  const { response } = await logout(appOf(kit), request, { stays: true })
  if (response.status >= 400) return kit.wantsAddress(request, body) ? addressOf(kit, response) : response
  return withCookies(await kit.ask(request, visit), response.headers.getSetCookie())
}

/** An app that has switched Auth.js's check off has the logout's own, by origin. */
function isCsrfGood({ names, secret, checksCsrf }: Kit, { headers }: Request, body: string): boolean {
  if (!checksCsrf) return true
  const cookie = readCookies(headers.get('cookie')).get(authCookie(names, 'csrfToken').name)
  const token = readCsrf(cookie, secret)
  return token !== undefined && readBodyField(body, headers.get('content-type'), 'csrfToken') === token
}

export function appOf(kit: Kit): NonNullable<ReturnType<NonNullable<Kit['awake']>>> {
  if (!kit.awake) throw new EndSessionError('ERR_REQUEST', 'Authentication is disabled here: there are no logins.')
  return { ...kit.awake(), host: kit.leaving }
}

/** Its row in Auth.js's own database goes as well; also while the end of the record is still being tried. */
function removeRow({ rows, options, cookieName }: Kit, { headers }: Request, { status }: Response): void {
  const token = readSessionToken(readCookies(headers.get('cookie')), cookieName)
  if (!rows || !isRowToken(token) || (status >= 400 && status !== 503)) return
  options.runtime.waitUntil(rows.remove(token).catch(() => {}))
}

/** Of the page that tries again. */
function addressOf({ options }: Kit, response: Response): Response {
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
