/** Un-auth mode: everybody is the one fixed identity, for Auth.js's readers too. */
import { readBody } from './csrf.ts'
import type { Kit } from './kit.ts'

/** As Auth.js has it. */
interface OpenSession {
  readonly user: { readonly id: string; readonly name?: string }
  readonly expires: string
}

/** Never over. */
const never = '9999-12-31T23:59:59.999Z'

export async function unauthenticatedSession({ endsession, options }: Kit): Promise<OpenSession> {
  const everybody = await endsession.session(new Request(options.origin))
  const { sub = '', claims } = everybody ?? {}
  return { user: { id: sub, ...(claims?.name && { name: claims.name }) }, expires: never }
}

/** There is no login and no logout here, and the page says so. */
export async function answerUnauthenticated(kit: Kit, request: Request, action: string): Promise<Response> {
  if (action === 'session')
    return Response.json(await unauthenticatedSession(kit), { headers: { 'cache-control': 'no-store' } })
  const { origin, basePath } = kit.options
  const url = `${origin}${basePath}/${action === 'signout' ? 'logout' : 'login'}`
  const body = request.method === 'POST' ? await readBody(request) : ''
  if (kit.wantsAddress(request, body)) return Response.json({ url }, { headers: { 'cache-control': 'no-store' } })
  const page = new Request(url, { headers: request.headers })
  return (await kit.endsession.handle(page)) ?? new Response(null, { status: 404 })
}
