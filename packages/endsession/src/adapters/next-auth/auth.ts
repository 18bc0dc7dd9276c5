/** `auth`, `signIn`, `signOut` and `unstable_update` of Auth.js, each in all its forms, each asking the store. */
import type { NextAuthResult } from 'next-auth'
import { EndSessionError } from '../../errors.ts'
import { logout } from '../../flows/logout.ts'
import { errorResponse } from '../../web/error-response.ts'
import { safeReturnTo } from '../../web/return-to.ts'
import { prepareLogin } from '../auth-js/begin.ts'
import { appOf } from '../auth-js/handlers.ts'
import { readHeaders, redirectTo, setCookies } from '../auth-js/next-headers.ts'
import { unauthenticatedSession } from '../auth-js/unauthenticated.ts'
import { look, lookBack, note } from '../auth-js/visit.ts'
import { bindConfig } from './config.ts'
import type { NextAuthKit } from './kit.ts'

type Actions = Omit<NextAuthResult, 'handlers'>
/** The last form of a function that has several: TypeScript takes each apart by itself. */
type Call = (...args: unknown[]) => unknown

export function makeActions(kitOf: () => NextAuthKit): Actions {
  /** Auth.js for one request, which counts as a visit or not. Throws ERR_STORE. */
  async function visited(kit: NextAuthKit, headers: Headers, counts = true): Promise<Call> {
    const visit = await look(kit, headers)
    if (counts) note(kit, visit)
    return kit.nextAuth(bindConfig(kit, visit)).auth as Call
  }

  /** Server components and actions, route handlers. Throws ERR_STORE: a page is not to take that for "signed out". */
  async function inNext(): Promise<unknown> {
    // First: this is what tells Next.js that the page cannot be built ahead.
    const headers = await readHeaders()
    const kit = kitOf()
    return kit.awake ? (await visited(kit, headers))() : unauthenticatedSession(kit)
  }

  /** `proxy.ts`, and handlers that are wrapped: the answer is ours where the store fails. */
  async function around(
    call: (auth: Call) => unknown,
    request: Request,
    inner?: Call,
    rest?: unknown,
  ): Promise<unknown> {
    const kit = kitOf()
    if (!kit.awake) {
      if (!inner) return undefined
      const session = await unauthenticatedSession(kit)
      return inner(Object.defineProperty(request, 'auth', { value: session, configurable: true }), rest)
    }
    try {
      // What an open tab asks by itself comes through the app's proxy as well: it is not the person who is there.
      const isPage = !new URL(request.url).pathname.startsWith(`${kit.authPath}/`)
      return await call(await visited(kit, request.headers, isPage))
    } catch (error) {
      return errorResponse(kit.awake().page, request, error)
    }
  }

  /** API routes and `getServerSideProps` of the Pages Router. */
  async function inPages(args: readonly unknown[]): Promise<unknown> {
    const kit = kitOf()
    const [first] = args as [{ req?: { headers: Record<string, string> }; headers?: Record<string, string> }]
    const { cookie = '' } = first.req?.headers ?? first.headers ?? {}
    return kit.awake ? (await visited(kit, new Headers({ cookie })))(...args) : unauthenticatedSession(kit)
  }

  function auth(...args: unknown[]): unknown {
    const [first, second] = args
    if (args.length === 0) return inNext()
    if (first instanceof Request) return around((read) => read(first, second), first)
    if (typeof first !== 'function') return inPages(args)
    return (request: Request, rest: unknown) =>
      around((read) => (read(first) as Call)(request, rest), request, first as Call, rest)
  }

  async function signIn(...args: Parameters<Actions['signIn']>): Promise<unknown> {
    const [provider, how, own] = args
    const cookie = (await readHeaders()).get('cookie') ?? ''
    const kit = kitOf()
    if (!kit.awake) return stayHere(how, homeOf(kit, how))
    const request = new Request(kit.options.origin, { headers: { cookie } })
    const { begins, setCookies: lines, allowed } = await prepareLogin(kit, request, provider)
    await setCookies(lines)
    return kit.nextAuth(bindConfig(kit, { begins })).signIn(provider, how, allowed(new URLSearchParams(own)))
  }

  async function signOut(...args: Parameters<Actions['signOut']>): Promise<unknown> {
    const headers = await readHeaders()
    const kit = kitOf()
    const [how] = args
    // There is no logout either, and the page says so.
    const said = `${kit.options.origin}${kit.options.basePath}/logout`
    if (!kit.awake) return how?.redirect === false ? { redirect: said, cookies: [] } : redirectTo(said)
    const visit = await lookBack(kit, headers)
    const request = new Request(`${kit.options.origin}/`, { method: 'POST', headers: withoutBody(headers) })
    const { response } = await logout(appOf(kit), request, { stays: true })
    if (response.status >= 400)
      throw new EndSessionError('ERR_STORE', 'The logout failed: the session may still be alive.')
    await setCookies(response.headers.getSetCookie())
    return kit.nextAuth(bindConfig(kit, visit)).signOut(...args)
  }

  async function update(...args: Parameters<Actions['unstable_update']>): ReturnType<Actions['unstable_update']> {
    const headers = await readHeaders()
    const kit = kitOf()
    return kit.nextAuth(bindConfig(kit, await look(kit, headers))).unstable_update(...args)
  }

  return {
    auth: auth as Actions['auth'],
    signIn: signIn as Actions['signIn'],
    signOut: signOut as Actions['signOut'],
    unstable_update: update,
  }
}

type SignInHow = Parameters<Actions['signIn']>[1]

/** There is no login: everybody is in, and goes on to where they wanted to go. */
function homeOf({ options }: NextAuthKit, how: SignInHow): string {
  const { redirectTo: wanted } = fieldsOf(how)
  const { origin, trustedOrigins } = options
  return safeReturnTo(typeof wanted === 'string' ? wanted : undefined, origin, trustedOrigins) ?? `${origin}/`
}

function stayHere(how: SignInHow, url: string): string | Promise<never> {
  return fieldsOf(how).redirect === false ? url : redirectTo(url)
}

function fieldsOf(how: SignInHow): Readonly<Record<string, unknown>> {
  return how instanceof FormData ? Object.fromEntries(how) : (how ?? {})
}

function withoutBody(headers: Headers): Headers {
  const copy = new Headers(headers)
  for (const name of ['content-length', 'content-type', 'transfer-encoding']) copy.delete(name)
  return copy
}
