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

const ofNext: Meanings = [
  [/^GET \/$/, 'opens the app'],
  [/^POST \/$/, 'clicks “Sign in”: Auth.js begins a login'],
  [/^GET \/api\/auth\/callback\/keycloak$/, 'brings the provider’s answer'],
  [/^GET \/api\/auth\/endsession\/feed$/, 'hears what has ended'],
  [/^GET \/api\/auth\/endsession\/logged-out$/, 'is back from the logout'],
  [/^POST \/api\/auth\/endsession\/backchannel-logout$/, 'says that this login is over'],
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

/** Below a realm. */
const ofKeycloak: Meanings = [
  [/^GET \/protocol\/openid-connect\/auth$/, 'is sent to say who this is'],
  [/^GET \/login-actions\//, 'goes on with the login'],
  [/^POST \/login-actions\/authenticate$/, 'gives name and password'],
  [/^GET \/broker\/acme\/login$/, 'chooses Acme'],
  [/^GET \/broker\/acme\/endpoint$/, 'brings Acme’s answer'],
  [/^GET \/broker\/acme\/endpoint\/logout_response$/, 'is back from Acme’s logout'],
  [/^POST \/protocol\/openid-connect\/ext\/par\/request$/, 'announces the login (PAR)'],
  [/^POST \/protocol\/openid-connect\/token$/, 'fetches tokens'],
  [/^POST \/protocol\/openid-connect\/revoke$/, 'has the refresh token revoked'],
  [/^GET \/protocol\/openid-connect\/certs$/, 'fetches the keys that tokens are checked with'],
  [/^GET \/\.well-known\//, 'asks what can be done here'],
  [/^GET \/protocol\/openid-connect\/logout$/, 'asks to be logged out here, too: the session here ends'],
]

/** What a thief's try has shown. */
export function meaningOfTry(to: Name, refused: boolean): string {
  if (to === 'api') return refused ? 'a copied token gets nothing' : 'a copied token gets Ana’s messages'
  const inside = to === 'mail' ? 'inbox' : to === 'next' ? 'jobs' : 'week'
  return refused ? 'a copied cookie opens nothing' : `a copied cookie opens Ana’s ${inside}`
}

interface Asked {
  readonly method: string
  readonly url: URL
  readonly requestBody: string
}

export function meaningOf(to: Name, { method, url, requestBody }: Asked): string {
  if (to === 'api') return url.pathname === '/jobs' ? 'reads Ana’s jobs' : 'reads Ana’s messages'
  if (url.searchParams.get('prompt') === 'none') return 'is asked quietly whether there still is a login'
  const declined = url.pathname === '/session/end/confirm' && !new URLSearchParams(requestBody).has('logout')
  if (declined) return 'answers “No, stay signed in”'
  const meanings = to === 'next' ? ofNext : to === 'mail' || to === 'calendar' ? ofApps : ofProviders
  const [, inRealm] = /^\/realms\/\w+(\/.*)$/.exec(url.pathname) ?? []
  const asked = `${method} ${inRealm ?? url.pathname}`
  return (inRealm ? ofKeycloak : meanings).find(([pattern]) => pattern.test(asked))?.[1] ?? ''
}
