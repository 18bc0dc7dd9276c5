import { NextRequest } from 'next/server.js'
import { getToken } from 'next-auth/jwt'
import { next } from './next-request.ts'
import type { Browser, Setting } from './setting.ts'

/** Every way of Auth.js to ask who is signed in: the name, or nothing. */
export async function everyReader({ app, origin }: Setting, cookies: ReadonlyMap<string, string>) {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const request = () => new NextRequest(`${origin}/page`, { headers: { cookie } })
  const nameOf = (session: unknown) => (session as { user?: { name?: string } } | null)?.user?.name ?? null
  next.headers = new Headers({ cookie })
  let wrapped: unknown
  const handler = app.auth((req) => {
    wrapped = req.auth
    return new Response()
  })
  await handler(request(), { params: Promise.resolve({}) })
  let proxied: unknown
  const proxy = app.auth((req) => {
    proxied = req.auth
  })
  await (proxy as (...args: unknown[]) => unknown)(request(), {})
  const pages = { appendHeader() {} }
  const session = await app.handlers.GET(new Request(`${origin}/api/auth/session`, { headers: { cookie } }) as never)
  return {
    'auth() in a component': nameOf(await app.auth()),
    'auth(handler)': nameOf(wrapped),
    'auth(proxy)': nameOf(proxied),
    'auth(req, res)': nameOf(await app.auth({ headers: { cookie } } as never, pages as never)),
    'auth(context)': nameOf(await app.auth({ req: { headers: { cookie } }, res: pages } as never)),
    '/api/auth/session': nameOf(await session.json()),
    'endsession.session': (await app.endsession.session(request() as never))?.claims.name ?? null,
    'endsession.session(req)': (await app.endsession.session({ headers: { cookie } }))?.claims.name ?? null,
    'getToken()': nameOf({ user: await getToken({ req: request(), secret: 'a secret of thirty-two bytes or more' }) }),
  }
}

/** What all of them say; `getToken` without our decoding never says anything. */
export const allSay = (name: string | null) => ({
  'auth() in a component': name,
  'auth(handler)': name,
  'auth(proxy)': name,
  'auth(req, res)': name,
  'auth(context)': name,
  '/api/auth/session': name,
  'endsession.session': name,
  'endsession.session(req)': name,
  'getToken()': null,
})

/** A copy of what a browser has. */
export const copyOf = ({ cookies }: Browser): Map<string, string> => new Map(cookies)
