/** Un-auth mode: everybody is the one fixed identity, for Auth.js's readers too. */
import type { Session } from 'next-auth'
import type { Kit } from './kit.ts'

/** Never over. */
const never = '9999-12-31T23:59:59.999Z'

export async function unauthenticatedSession({ endsession, options }: Kit): Promise<Session> {
  const everybody = await endsession.session(new Request(options.origin))
  const { sub = '', claims } = everybody ?? {}
  return { user: { id: sub, ...(claims?.name && { name: claims.name }) }, expires: never }
}

/** There is no login and no logout here, and the page says so. */
export async function answerUnauthenticated(kit: Kit, request: Request, action: string): Promise<Response> {
  if (action === 'session')
    return Response.json(await unauthenticatedSession(kit), { headers: { 'cache-control': 'no-store' } })
  const { origin, basePath } = kit.options
  const page = new Request(`${origin}${basePath}/${action === 'signout' ? 'logout' : 'login'}`, {
    headers: request.headers,
  })
  return (await kit.endsession.handle(page)) ?? new Response(null, { status: 404 })
}
