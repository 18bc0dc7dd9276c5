/** The object that exists before anything is asked of it: `next build` has no secrets. */
import { deferEndSession } from '../../create.ts'
import type { Access, EndSession, Session } from '../../index.ts'
import type { Kit } from './kit.ts'
import { readHeaders } from './next-headers.ts'

interface PagesHeaders {
  readonly cookie?: string | undefined
}

/** What the Pages Router hands over: the request of an API route, or the context of `getServerSideProps`. */
export type PagesRequest = { readonly headers: PagesHeaders } | { readonly req: { readonly headers: PagesHeaders } }

export interface NextEndSession extends Omit<EndSession, 'accessToken' | 'session'> {
  /**
   * Who is signed in, asked of the store each time: in the App Router without an argument, in the Pages Router with the
   * request or context. Writes nothing, and is no visit. Throws ERR_STORE when it cannot know.
   */
  session(request?: Request | PagesRequest): Promise<Session | undefined>
  /**
   * This person's access token, refreshed when it is about to expire: for server components, actions and route handlers; in
   * the Pages Router with the request or context. Writes no cookie. Throws ERR_STORE.
   */
  accessToken(request?: Request | PagesRequest): Promise<Access>
}

/** Asks for the object when it is asked itself. */
export function lateEndSession(kitOf: () => Kit): NextEndSession {
  const deferred = deferEndSession(() => kitOf().endsession)
  async function session(given?: Request | PagesRequest): Promise<Session | undefined> {
    // First: this is what tells Next.js that the page cannot be built ahead.
    const cookie = given ? cookieOf(given) : (await readHeaders()).get('cookie')
    const { endsession, options } = kitOf()
    return endsession.session(new Request(options.origin, { headers: { cookie: cookie ?? '' } }))
  }
  return Object.assign(deferred, {
    session,
    /** As our own route does it: what Auth.js takes for over ends as well. */
    async logout(request: Request, how?: Parameters<EndSession['logout']>[1]) {
      const { endsession, leaving } = kitOf()
      return endsession.logout(request, { host: leaving, ...how })
    },
    async accessToken(given?: Request | PagesRequest): Promise<Access> {
      const found = await session(given)
      return found ? kitOf().endsession.accessToken(found) : { ok: false, why: 'signed_out' }
    },
  })
}

/** A request may be of another realm: it is told by what it can do. */
function cookieOf(given: Request | PagesRequest): string | null | undefined {
  const { headers } = 'req' in given ? given.req : given
  return 'get' in headers ? (headers as Headers).get('cookie') : headers.cookie
}
