/** Where Auth.js's login begins: interactive where a logout has asked for that, whatever the app asks of the provider itself. */
import { freshProviders } from '../../fresh.ts'
import { writeAsked } from '../../hosted-login.ts'
import { readCookie } from '../../web/cookies.ts'
import { parametersOf } from './arrival.ts'
import type { Kit } from './kit.ts'
import { look, unlessStore } from './visit.ts'

export interface Beginning {
  /** The providers whose login screen this browser's person must meet: a logout has asked for it, or a login was refused. */
  readonly begins: readonly string[]
  /** `Set-Cookie` lines, in front of Auth.js's own. */
  readonly setCookies: readonly string[]
  /** Of the app's own parameters for this provider, those that take nothing back. */
  allowed(own: URLSearchParams): URLSearchParams
}

/** `id`: the provider's; nothing where it is still to be chosen. */
export async function prepareLogin(kit: Kit, { headers }: Request, id = ''): Promise<Beginning> {
  const request = new Request(kit.options.origin, { headers: { cookie: headers.get('cookie') ?? '' } })
  const begins = askedOf(kit, request)
  const app = begins.includes(id) ? kit.awake?.() : undefined
  const asked = Object.keys(app ? parametersOf(kit, id, begins) : {})
  return {
    begins,
    setCookies: [
      ...(await expireDead(kit, request)),
      // Nobody else can say, when the login comes back, that the person was asked.
      ...(app?.providers.get(id)?.config.profile.authTime === 'never' ? [writeAsked(app)] : []),
    ],
    allowed: (own) => new URLSearchParams([...own].filter(([name]) => !asked.includes(name))),
  }
}

function askedOf({ awake }: Kit, request: Request): readonly string[] {
  if (!awake) return []
  const app = awake()
  const names = [...app.providers.keys()]
  if (readCookie(request, app.cookies.names.asked) === 'interactive') return names
  const fresh = freshProviders(app, request)
  return names.filter((name) => fresh.some((provider) => provider === app.providers.get(name)))
}

/** So that a session which the browser still has when the login comes back was alive when it began. */
async function expireDead(kit: Kit, request: Request): Promise<readonly string[]> {
  const { token, stored } = await look(kit, request.headers).catch(unlessStore)
  if (token === undefined || stored) return []
  return kit.host.expire(request).filter((line) => line.startsWith(kit.cookieName))
}
