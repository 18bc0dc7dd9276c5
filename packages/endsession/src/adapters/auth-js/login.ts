/** Auth.js's login: interactive where a logout has asked for that, and opened as a record on its way back. */
import { EndSessionError } from '../../errors.ts'
import type { Host } from '../../index.ts'
import { loginReturnTo } from '../../login-return.ts'
import { probedProvider } from '../../transactions.ts'
import { errorResponse } from '../../web/error-response.ts'
import { isPrefetch, single } from '../../web/request.ts'
import { type Arrival, type Bound, endUnused } from './arrival.ts'
import { prepareLogin } from './begin.ts'
import { authCookie } from './cookies.ts'
import { makeCsrf } from './csrf.ts'
import { againUrl, type Kit } from './kit.ts'
import { look } from './visit.ts'

/** `POST signin/<provider>`. What stands in its query goes to the provider. */
export async function begin(kit: Kit, request: Request, provider: string): Promise<Response> {
  const { begins, setCookies, allowed } = await prepareLogin(kit, request, provider)
  const url = new URL(request.url)
  url.search = allowed(url.searchParams).toString()
  const { headers, body } = request
  const asked = new Request(url, { method: 'POST', headers, ...(body && { body, duplex: 'half' }) })
  const response = await kit.ask(asked, { begins })
  const copy = new Response(response.body, { status: response.status, headers: withoutCookies(response.headers) })
  for (const line of [...setCookies, ...response.headers.getSetCookie()]) copy.headers.append('set-cookie', line)
  return copy
}

function withoutCookies(headers: Headers): Headers {
  const copy = new Headers(headers)
  copy.delete('set-cookie')
  return copy
}

/**
 * `GET again`, a route of ours: to this provider's login screen, whatever its own session says. Auth.js begins a login by POST
 * only, which a redirect cannot be; so we send it one.
 */
export async function beginAgain(kit: Kit, request: Request): Promise<Response> {
  if (isPrefetch(request)) return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
  const { origin } = kit.options
  const query = new URL(request.url).searchParams
  const provider = single(query, 'provider') ?? ''
  if (!kit.awake || !Object.hasOwn(kit.providers, provider))
    throw new EndSessionError('ERR_REQUEST', 'There is no such provider.')
  const callbackUrl = loginReturnTo(kit.awake(), single(query, 'returnTo'))
  const { token, cookie } = makeCsrf(kit.options.runtime, kit.secret)
  const { name } = authCookie(kit.names, 'csrfToken')
  const post = new Request(`${origin}${kit.authPath}/signin/${provider}`, {
    method: 'POST',
    headers: {
      cookie: `${name}=${encodeURIComponent(cookie)}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ csrfToken: token, callbackUrl }).toString(),
  })
  const response = await kit.ask(post, { begins: [provider] })
  const copy = new Response(response.body, response)
  copy.headers.set('cache-control', 'no-store')
  return copy
}

/** `callback/<provider>`: the answer to a probe of ours, or a login. Throws ERR_STORE before Auth.js has taken the code. */
export async function comeBack(kit: Kit, request: Request, provider: string): Promise<Response> {
  const probed = await answerProbe(kit, request, provider)
  if (probed) return probed

  const visit = await look(kit, request.headers)
  const arrival: Arrival = { request }
  const response = await askForLogin(kit, request, { ...visit, arrival })
  if (arrival.error !== undefined) return failed(kit, request, arrival.error)
  return arrival.handle === undefined ? response : passOn(kit, request, provider, arrival.handle, response)
}

/** On to the page, with Auth.js's cookie: if this browser gets another answer, it has no way to the record. */
async function passOn(
  kit: Kit,
  request: Request,
  provider: string,
  handle: string,
  response: Response,
): Promise<Response> {
  const { endsession, host, options } = kit
  let isGiven = false
  const give = (): Response => {
    isGiven = true
    return response
  }
  // Whether this login is good enough is decided where that is always decided, for the page that it leads to.
  const there = new URL(response.headers.get('location') ?? '/', options.origin)
  const page = new Request(options.origin + there.pathname + there.search, { headers: asNavigation(request) })
  const login: Host['login'] = (how) =>
    how.interactive ? againUrl(kit.authPath, provider, how.returnTo) : host.login(how)
  try {
    return await endsession.protect(page, give, { host: { ...host, handle: () => handle, login } })
  } finally {
    if (!isGiven) await endUnused(kit, handle)
  }
}

/** What comes to another provider's redirect URI is another provider's answer (RFC 9700, section 4.4). */
async function answerProbe(kit: Kit, request: Request, provider: string): Promise<Response | undefined> {
  const { endsession, options, awake } = kit
  const { search } = new URL(request.url)
  const probe = new Request(`${options.origin}${options.basePath}/callback${search}`, { headers: request.headers })
  const isOurs = request.method === 'GET' && awake !== undefined && probedProvider(awake(), probe) === provider
  return isOurs ? endsession.handle(probe) : undefined
}

/** A record that was opened for a session which the browser does not get is ended again. */
async function askForLogin(kit: Kit, request: Request, bound: Bound & { arrival: Arrival }): Promise<Response> {
  let isGiven = false
  try {
    const response = await kit.ask(request, bound)
    isGiven = givesCookie(response, kit.cookieName)
    return response
  } finally {
    const { handle } = bound.arrival
    if (handle !== undefined && !isGiven) await endUnused(kit, handle)
  }
}

/** Whole or in chunks. */
function givesCookie({ headers }: Response, name: string): boolean {
  return headers.getSetCookie().some((line) => {
    const [own = '', value] = line.split(/[=;]/, 2)
    return Boolean(value) && (own === name || own.startsWith(`${name}.`))
  })
}

/** Some providers come back by POST, across sites. */
function asNavigation({ headers }: Request): Headers {
  const copy = new Headers(headers)
  copy.set('sec-fetch-mode', 'navigate')
  return copy
}

/** What is ours to say is not left to Auth.js, whose error page says nothing of it. */
function failed({ awake, options }: Kit, request: Request, error: unknown): Response {
  if (error instanceof EndSessionError && error.code === 'ERR_LOGIN') options.emit({ type: 'login.failed', error })
  if (!awake) throw error
  return errorResponse(awake().page, request, error)
}
