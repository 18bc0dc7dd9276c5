import { NextRequest } from 'next/server.js'
import type { HttpBrowser } from '../next/browser.ts'
import { next } from '../next/next-request.ts'
import { getServerSession, getToken, withAuth } from './next-auth.ts'
import { cookiesOf } from './routers.ts'
import { type Setting, secret } from './setting.ts'

/** Every way of version 4 to ask who is signed in: the name, or nothing. */
export async function everyReader(
  { authOptions, endsession, ask, origin }: Setting,
  cookies: ReadonlyMap<string, string>,
) {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const request = () => new NextRequest(`${origin}/page`, { headers: { cookie } })
  type Person = { name?: string } | null
  // Whoever has no name is somebody all the same.
  const nameIn = (token: unknown) => token && ((token as Person)?.name ?? 'somebody')
  const nameOf = (session: unknown) => nameIn((session as { user?: Person } | null)?.user ?? null)
  next.headers = new Headers({ cookie })
  const pages = [
    { headers: { cookie }, cookies: cookiesOf(cookie) },
    { getHeader() {}, setHeader() {} },
  ] as never as [never, never]
  const session = await ask(new Request(`${origin}/api/auth/session`, { headers: { cookie } }))
  const passes = async (how: object) => {
    let seen: unknown = null
    const page = (asked: { nextauth: { token: unknown } }) => {
      seen = asked.nextauth.token
    }
    const guard = withAuth(page, { secret, ...how })
    await guard(request() as never, {} as never)
    return nameIn(seen)
  }
  return {
    'getServerSession(authOptions)': nameOf(await getServerSession(authOptions)),
    'getServerSession(req, res, authOptions)': nameOf(await getServerSession(...pages, authOptions)),
    '/api/auth/session': nameOf(await session.json()),
    'endsession.session': (await endsession.session(request() as never))?.claims.name ?? null,
    'getToken({ decode })': nameIn(await getToken({ req: request() as never, secret, decode: authOptions.jwt.decode })),
    'withAuth({ jwt })': await passes({ jwt: authOptions.jwt }),
    'getToken()': nameIn(await getToken({ req: request() as never, secret })),
    'withAuth()': await passes({}),
  }
}

/** What all of them say; without our decoding nobody is ever there. */
export const allSay = (name: string | null) => ({
  'getServerSession(authOptions)': name,
  'getServerSession(req, res, authOptions)': name,
  '/api/auth/session': name,
  'endsession.session': name,
  'getToken({ decode })': name,
  'withAuth({ jwt })': name,
  'getToken()': null,
  'withAuth()': null,
})

/** Runs as a server component of this browser's request. */
export async function inRequestOf<T>(browser: HttpBrowser, work: () => Promise<T>): Promise<T> {
  next.headers = new Headers({ cookie: browser.cookieHeader() })
  return work()
}
