/** Un-auth mode: no login, everybody is one and the same; whoever asks is told so. Guards learn of it from the feed. */
import type { EndSession } from './api.ts'
import { urlsOf } from './app.ts'
import type { Session } from './current.ts'
import { EndSessionError } from './errors.ts'
import { layer, makeReport } from './report.ts'
import type { Resolved } from './resolve-options.ts'
import { feedContentType, writeLine } from './session/feed-wire.ts'
import { keyOwner } from './web/bearer.ts'
import { pageResponse } from './web/page.ts'
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
  const told = new Set(['login', 'callback', 'logout', 'logged-out'])

  return {
    async handle(request) {
      const { pathname } = new URL(request.url)
      const route = pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length + 1) : ''
      if (route === 'feed') return tellMode(options, request)
      return told.has(route) ? sayPage() : undefined
    },
    session: async () => everybody,
    protect: async (_request, page) => page(everybody),
    accessToken: async () => ({ ok: false, why: 'no_token' }),
    logout: async () => ({ report: nothingEnds(), response: sayPage() }),
    devices: async () => [],
    endDevice: async () => nothingEnds(),
    end: async () => nothingEnds(),
    onEnded: () => () => {},
    open: noLogin,
    adopt: async () => undefined,
    resume: async () => everybody,
    urls: urlsOf((name) => `${origin}${basePath}/${name}`),
    async ready() {},
    close: () => options.store.close(),
  }
}

/** A guard that believes in logins has to learn that there are none, and refuse. */
async function tellMode({ feedKeys, runtime, emit }: Resolved, request: Request): Promise<Response> {
  if (keyOwner(request, feedKeys) === undefined) return new Response(null, { status: 401, headers: { 'cache-control': 'no-store' } })
  if (new URL(request.url).searchParams.get('auth') === 'enabled')
    emit({ type: 'mode.disagreed', detail: 'A guard believes in logins; authentication is disabled here.' })
  const head = { mode: 'disabled', clients: [], now: runtime.now(), snapshot: true } as const
  const lines = [head, { position: 'disabled', complete: true }].map(writeLine)
  return new Response(lines.join(''), { headers: { 'content-type': feedContentType, 'cache-control': 'no-store' } })
}
