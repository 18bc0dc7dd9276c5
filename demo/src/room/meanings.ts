import type { Name } from '../plan.ts'

/** Method and path, and what it is for, for people; the first that fits. */
type Meanings = readonly (readonly [pattern: RegExp, words: string])[]

const ofApps: Meanings = [
  [/^GET \/$/, 'opens the app'],
  [/^GET \/auth\/login$/, 'clicks “Log in”'],
  [/^GET \/auth\/callback$/, 'brings the provider’s answer'],
  [/^GET \/auth\/logged-out$/, 'is back from the logout'],
  [/^POST \/auth\/logout$/, 'logs out with endsession'],
  [/^POST \/auth\/backchannel-logout$/, 'says that this login is over'],
  [/^POST \/usual-logout$/, 'logs out the usual way: one cookie is deleted'],
  [/^GET \/api-call$/, 'has the app ask the API'],
  [/^GET \/auth\/feed$/, 'hears what has ended'],
  [/^GET \/devices$/, 'looks at the list of devices'],
  [/^POST \/(auth\/)?devices$/, 'ends a device'],
]

const ofProviders: Meanings = [
  [/^GET \/auth$/, 'is sent to say who this is'],
  [/^GET \/auth\/./, 'goes on with the login'],
  [/^GET \/interaction\/[^/]+$/, 'sees the login screen'],
  [/^POST \/interaction\/[^/]+$/, 'gives name and password'],
  [/^GET \/interaction\/[^/]+\/acme$/, 'chooses “Sign in with Acme”'],
  [/^GET \/(acme\/callback|interaction\/[^/]+\/finish)$/, 'brings Acme’s answer'],
  [/^GET \/acme\/logged-out$/, 'is back from Acme’s logout'],
  [/^POST \/request$/, 'announces the login (PAR)'],
  [/^POST \/token$/, 'fetches tokens'],
  [/^POST \/token\/revocation$/, 'has the refresh token revoked'],
  [/^GET \/jwks$/, 'fetches the keys that tokens are checked with'],
  [/^GET \/\.well-known\//, 'asks what can be done here'],
  [/^GET \/session\/end$/, 'asks to be logged out here, too'],
  [/^POST \/session\/end\/confirm$/, 'the session here ends'],
]

/** What a thief's try has shown. */
export function meaningOfTry(to: Name, refused: boolean): string {
  if (to === 'api') return refused ? 'a copied token gets nothing' : 'a copied token gets Ana’s messages'
  return refused ? 'a copied cookie opens nothing' : `a copied cookie opens Ana’s ${to === 'mail' ? 'inbox' : 'week'}`
}

interface Asked {
  readonly method: string
  readonly url: URL
  readonly requestBody: string
}

export function meaningOf(to: Name, { method, url, requestBody }: Asked): string {
  if (to === 'api') return 'reads Ana’s messages'
  if (url.searchParams.get('prompt') === 'none') return 'is asked quietly whether there still is a login'
  const declined = url.pathname === '/session/end/confirm' && !new URLSearchParams(requestBody).has('logout')
  if (declined) return 'answers “No, stay signed in”'
  const isApp = to === 'mail' || to === 'calendar'
  const found = (isApp ? ofApps : ofProviders).find(([pattern]) => pattern.test(`${method} ${url.pathname}`))
  return found?.[1] ?? ''
}
