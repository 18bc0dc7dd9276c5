/** Un-auth mode: no login, everybody is one and the same; whoever asks is told so. Guards learn of it from the feed. */
import type { EndSession } from './api.ts'
import { urlsOf } from './app.ts'
import type { Session } from './current.ts'
import { EndSessionError } from './errors.ts'
import { layer, makeReport } from './report.ts'
import type { Resolved } from './resolve-options.ts'
import { sleep } from './runtime.ts'
import { feedContentType, writeLine } from './session/feed-wire.ts'
import { keyOwner } from './web/bearer.ts'
import { pageResponse } from './web/page.ts'
import { isNavigation } from './web/request.ts'
import { tabHeaders } from './web/tabs.ts'
import type { Report } from './words.ts'

/** Who everybody is. */
const everybody: Session = Object.freeze({
  id: 'unauthenticated',
  provider: 'none',
  iss: '',
  client: '',
  sub: 'unauthenticated',
  claims: Object.freeze({ sub: 'unauthenticated', name: 'Unauthenticated' }),
  signedInAt: 0,
  expiresAt: Number.MAX_SAFE_INTEGER,
})

export function createUnauthenticated(options: Resolved): EndSession {
  const { origin, basePath, texts, runtime } = options
  const setting = { texts, app: new URL(origin).host, basePath }
  const nothingEnds = (): Report => {
    const row = layer('auth_disabled')
    const at = Math.floor(runtime.now())
    const rows = { browser: row, app: row, tokens: row, services: row, peers: row, provider: row, upstream: row }
    return makeReport('everywhere', at, rows)
  }
  const sayPage = (): Response => {
    const action = { kind: 'link', text: 'homeButton', href: `${origin}/` } as const
    return pageResponse(setting, { title: 'authDisabledTitle', sentence: 'authDisabledSentence', action }, 200)
  }
  const noLogin = async (): Promise<never> => {
    throw new EndSessionError('ERR_REQUEST', 'Authentication is disabled here: there are no logins.')
  }
  const told = new Set(['login', 'callback', 'logout', 'logged-out', 'devices'])

  return {
    async handle(request) {
      const { pathname } = new URL(request.url)
      const route = pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length + 1) : ''
      if (route === 'feed') return tellMode(options, request)
      if (route === 'devices' && !isNavigation(request))
        return Response.json(request.method === 'POST' ? { report: nothingEnds() } : { devices: [] }, {
          headers: noStore,
        })
      // Signed in as nobody in particular: there is nothing that a tab could wait for.
      if (route === 'session') return Response.json({ signedIn: true }, { headers: tabHeaders })
      if (route === 'events') return new Response(null, { status: 204, headers: tabHeaders })
      return told.has(route) ? sayPage() : undefined
    },
    session: async () => everybody,
    async protect(_request, page) {
      const response = await page(everybody)
      const copy = new Response(response.body, response)
      copy.headers.set('cache-control', 'no-store')
      return copy
    },
    accessToken: async () => ({ ok: false, why: 'no_token' }),
    logout: async () => ({ report: nothingEnds(), response: sayPage() }),
    devices: async () => [],
    endDevice: async () => nothingEnds(),
    end: async () => nothingEnds(),
    onEnded: () => () => {},
    open: noLogin,
    adopt: async () => undefined,
    resume: async () => everybody,
    urls: urlsOf((name) => `${origin}${basePath}/${name}`, options.providers),
    async ready() {},
    close: () => options.store.close(),
  }
}

const noStore = { 'cache-control': 'no-store' }

/** Where a follower stands that has been told. */
const position = 'disabled'
const mostWaitSeconds = 25

/** A guard that believes in logins has to learn that there are none, and refuse. */
async function tellMode({ feedKeys, runtime, emit }: Resolved, request: Request): Promise<Response> {
  if (keyOwner(request, feedKeys) === undefined) return new Response(null, { status: 401, headers: noStore })
  const asked = new URL(request.url).searchParams
  if (asked.get('auth') === 'enabled' && asked.get('after') !== position)
    emit({ type: 'mode.disagreed', detail: 'A guard believes in logins; authentication is disabled here.' })
  // Nothing will come: who has been told asks again after the wait, and not at once.
  const wait = Number(asked.get('wait') ?? 0)
  if (asked.get('after') === position && wait > 0) await sleep(Math.min(wait, mostWaitSeconds))
  const head = { mode: 'disabled', clients: [], now: runtime.now(), snapshot: true } as const
  const lines = [head, { position, complete: true }].map(writeLine)
  return new Response(lines.join(''), { headers: { 'content-type': feedContentType, ...noStore } })
}
