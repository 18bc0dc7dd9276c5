import { decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose'
import { findPerson } from '../servers/people.ts'

/**
 * Secrets by name. Everything that is not known to be harmless counts as one: what is new is hidden, not shown.
 * Whoever films calls this before anything leaves the process.
 */

/** Fields of queries, forms and JSON whose values are no secrets. */
const harmless = new Set(
  [
    'access_denied alg audience cause claims_supported client_id complete current end error error_description',
    'expires_in for grant_type id_token_signing_alg_values_supported issuer iss jwks_uri kid kty logout max_age mode name',
    'prompt resource response_type response_types_supported scope token_endpoint token_type token_type_hint typ',
    'unread use wait auth authorization_endpoint end_session_endpoint revocation_endpoint code_challenge_method',
  ].flatMap((line) => line.split(' ')),
)

const addresses = new Set(['redirect_uri', 'post_logout_redirect_uri', 'returnTo'])

const meanings: Readonly<Record<string, string>> = {
  access_token: 'access token',
  code: 'login code',
  state: 'state',
  nonce: 'nonce',
  code_challenge: 'PKCE challenge',
  code_verifier: 'PKCE verifier',
  password: 'password',
  refresh_token: 'refresh token',
  token: 'refresh token',
  client_secret: 'client secret',
  xsrf: 'form’s own secret',
}

function nameField(name: string, value: string): string {
  if (value === '') return value
  if (addresses.has(name)) return nameAddress(value)
  if (looksLikeToken(value)) return nameToken(value)
  return harmless.has(name) ? plain(value) : `… (${meanings[name] ?? plain(name)})`
}

/** A URL with its origin and path; of its query what is harmless. Long segments of a path are ids. */
export function nameAddress(address: string): string {
  if (!URL.canParse(address)) return address.startsWith('/') ? nameTarget(address) : '…'
  const url = new URL(address)
  return `${url.origin}${nameTarget(url.pathname + url.search)}`
}

/** What stands in a request's first line. */
export function nameTarget(target: string): string {
  const [path = '', query = ''] = target.split('?', 2)
  const segments = path.split('/').map((segment) => (looksLikeId(segment) ? '…' : plain(segment)))
  const fields = nameFields(query, '&')
  return segments.join('/') + (fields && `?${fields}`)
}

/** Words with hyphens are names of routes. */
function looksLikeId(segment: string): boolean {
  return /^[\w-]{16,}$/.test(segment) && !/^[a-z]+(-[a-z]+)*$/.test(segment)
}

/** Form fields, or those of a query. */
export function nameFields(text: string, between: string): string {
  return [...new URLSearchParams(text)].map(([name, value]) => `${plain(name)}=${nameField(name, value)}`).join(between)
}

function looksLikeToken(value: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(value) && value.startsWith('eyJ')
}

/** `eyJ… (ID token, Ana, mail)` */
function nameToken(token: string): string {
  try {
    const claims = decodeJwt(token)
    const person = findPerson(claims.sub ?? '')?.name
    return `eyJ… (${[kindOf(token, claims), person, clientOf(claims)].filter(Boolean).join(', ')})`
  } catch {
    return 'eyJ… (token)'
  }
}

function kindOf(token: string, claims: JWTPayload): string {
  const { typ = '' } = decodeProtectedHeader(token)
  if (typ.includes('at+jwt') || claims['typ'] === 'Bearer') return 'access token'
  if (claims['typ'] === 'Refresh') return 'refresh token'
  return typ.includes('logout') || 'events' in claims ? 'logout token' : 'ID token'
}

function clientOf({ client_id: client, aud }: JWTPayload): string {
  const name = client ?? (Array.isArray(aud) ? aud[0] : aud)
  return typeof name === 'string' && name.length < 30 ? plain(name) : ''
}

/** The `Cookie` header. */
export function nameCookies(header: string, owner: string): string {
  return header
    .split(';')
    .map((pair) => nameCookie(pair, owner))
    .join('; ')
}

/** One `name=value`, perhaps with attributes: those of `Set-Cookie` are no secrets. */
export function nameCookie(line: string, owner: string): string {
  const [pair = '', ...attributes] = line.split(';')
  const at = pair.indexOf('=')
  const [name, value] = at < 0 ? ['', pair] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
  const named = value === '' ? `${plain(name)}=` : `${plain(name)}=… (${meaningOfCookie(name, owner)})`
  return [named, ...attributes.map((attribute) => plain(attribute.trim()))].join('; ')
}

function meaningOfCookie(name: string, owner: string): string {
  if (name.endsWith('.sig')) return 'its signature'
  if (/^(__Host-)?endsession$/.test(name)) return `${owner}’s session cookie`
  if (/^(__Secure-)?authjs\.session-token/.test(name)) return `${owner}’s session cookie`
  if (name === 'KEYCLOAK_IDENTITY' || name === 'KEYCLOAK_SESSION') return `${owner}’s session cookie`
  if (name === 'AUTH_SESSION_ID' || name === 'KC_AUTH_SESSION_HASH') return 'a login in progress'
  if (name === '_session') return `${owner}’s session cookie`
  if (name.startsWith('_interaction')) return 'a login in progress'
  if (name.includes('endsession-in-')) return 'a login in progress'
  if (name.includes('endsession-out')) return 'the logout’s report, sealed'
  if (name.includes('endsession-fresh')) return 'asks for the login screen'
  if (name === 'acme_login') return 'which login at Acme it was'
  return `a cookie of ${owner}’s`
}

/** Of `Authorization`: the kind, and whose it is. */
export function nameAuthorization(value: string, from: string): string {
  const [scheme = '', secret = ''] = value.split(' ', 2)
  if (looksLikeToken(secret)) return `Bearer ${nameToken(secret)}`
  return scheme.toLowerCase() === 'basic' ? `Basic … (${from}’s client secret)` : `${plain(scheme)} … (${from}’s key)`
}

/** JSON with its harmless values; the rest by name. */
export function nameJson(value: unknown, name = ''): unknown {
  if (typeof value === 'string') return nameField(name, value)
  if (Array.isArray(value)) return value.slice(0, 20).map((item) => nameJson(item, name))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [plain(key), nameJson(inner, key)]))
}

/** What came from a stranger can be long; and what is as long as a secret, without a blank, is not shown. */
function plain(text: string): string {
  return text.replace(/[\w+/=~-]{33,}/g, '…').slice(0, 200)
}
