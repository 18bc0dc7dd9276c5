import { sha256, sleep } from '../runtime.ts'
import type { FakeKeys } from './fake-keys.ts'
import type { FakeProviderBehaviours } from './fake-provider.ts'
import type { FakeGrant, FakeState } from './fake-state.ts'

export type FakeEndpoint =
  | 'discovery'
  | 'jwks'
  | 'authorization'
  | 'par'
  | 'token'
  | 'revocation'
  | 'end_session'
  | 'user'
  | 'own_revocation'
  | 'unknown'

/** One request, and all that an endpoint may need to answer it. */
export interface FakeExchange {
  readonly endpoint: FakeEndpoint
  readonly request: Request
  readonly text: string
  /** The fields of a POST. */
  readonly body: URLSearchParams
  readonly issuer: string
  readonly behaviours: FakeProviderBehaviours
  readonly now: () => number
  readonly keys: FakeKeys
  readonly state: FakeState
}

const paths: Readonly<Record<Exclude<FakeEndpoint, 'user' | 'own_revocation' | 'unknown'>, string>> = {
  discovery: '/.well-known/openid-configuration',
  jwks: '/jwks',
  authorization: '/authorize',
  par: '/par',
  token: '/token',
  revocation: '/revoke',
  end_session: '/end-session',
}

/** What other addresses end in, of providers whose addresses no discovery names. */
const otherPaths: readonly (readonly [FakeEndpoint, string])[] = [
  ['token', '/access_token'],
  ['token', '/accessToken'],
  ['user', '/user'],
  ['user', '/users/@me'],
  ['user', '/me'],
  ['user', '/userinfo'],
]

export function endpointOf({ url, method }: Request): FakeEndpoint {
  if (method === 'DELETE') return 'own_revocation'
  const { pathname } = new URL(url)
  const found = [...Object.entries(paths), ...otherPaths].find(([, path]) => pathname.endsWith(path))
  return (found?.[0] ?? 'unknown') as FakeEndpoint
}

export async function answer(exchange: FakeExchange): Promise<Response> {
  const { behaviours, request } = exchange
  if (behaviours.slowSeconds) await Promise.race([sleep(behaviours.slowSeconds), aborted(request.signal)])
  if (behaviours.down) throw new TypeError('fetch failed')
  if (behaviours.status !== undefined) return new Response('', { status: behaviours.status })
  if (behaviours.garbage) return new Response('<h1>It works!</h1>', { headers: { 'content-type': 'text/html' } })
  const isOpenid = exchange.endpoint === 'discovery' || exchange.endpoint === 'jwks'
  return endpoints[behaviours.withoutOpenid && isOpenid ? 'unknown' : exchange.endpoint](exchange)
}

const endpoints: Readonly<Record<FakeEndpoint, (exchange: FakeExchange) => Response | Promise<Response>>> = {
  discovery: ({ issuer, behaviours }) => Response.json(discoveryOf(issuer, behaviours)),
  jwks: async ({ behaviours, keys }) => {
    return behaviours.jwksDown ? new Response('', { status: 503 }) : Response.json(await keys.jwks())
  },
  authorization: ({ request, state }) => redirectTo(state.authorize(new URL(request.url))),
  par: (exchange) => {
    const client = clientOf(exchange)
    if (client === undefined) return oauthError(401, 'invalid_client')
    return Response.json({ request_uri: exchange.state.push(exchange.body), expires_in: 60 }, { status: 201 })
  },
  token: answerToken,
  revocation: answerRevocation,
  end_session: () => new Response('call endSession()', { status: 501 }),
  user: answerUser,
  own_revocation: answerOwnRevocation,
  unknown: () => new Response('', { status: 404 }),
}

function discoveryOf(issuer: string, behaviours: FakeProviderBehaviours): object {
  const at = (endpoint: keyof typeof paths): string => issuer.replace(/\/$/, '') + paths[endpoint]
  return {
    issuer,
    authorization_endpoint: at('authorization'),
    token_endpoint: at('token'),
    jwks_uri: at('jwks'),
    ...(!behaviours.noEndSession && { end_session_endpoint: at('end_session') }),
    ...(!behaviours.noRevocation && { revocation_endpoint: at('revocation') }),
    ...(behaviours.par && { pushed_authorization_request_endpoint: at('par') }),
    ...(behaviours.responseIss !== false && { authorization_response_iss_parameter_supported: true }),
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [behaviours.algorithm ?? 'ES256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    code_challenge_methods_supported: ['S256'],
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    ...behaviours.metadata,
  }
}

function answerToken(exchange: FakeExchange): Response | Promise<Response> {
  const { behaviours, body, state } = exchange
  const refuse = (error: string): Response => oauthError(behaviours.errorStatus ?? 400, error)
  const clientId = clientOf(exchange)
  if (clientId === undefined) return oauthError(401, 'invalid_client')
  if (body.get('grant_type') === 'authorization_code') {
    const grant = state.redeem(body.get('code') ?? '')
    return grant && redeems(grant, clientId, body) ? issueTokens(exchange, grant) : refuse('invalid_grant')
  }
  if (body.get('grant_type') === 'refresh_token') {
    const grant = state.grantOf(body.get('refresh_token') ?? '')
    return grant?.clientId === clientId ? issueTokens(exchange, grant) : refuse('invalid_grant')
  }
  return refuse('unsupported_grant_type')
}

/** RFC 6749, section 4.1.3, and RFC 7636, section 4.6. */
function redeems(grant: FakeGrant, clientId: string, body: URLSearchParams): boolean {
  const verifier = body.get('code_verifier')
  const proof = verifier === null ? '' : sha256(verifier)
  return grant.clientId === clientId && grant.redirectUri === body.get('redirect_uri') && grant.challenge === proof
}

async function issueTokens(exchange: FakeExchange, grant: FakeGrant): Promise<Response> {
  const { behaviours, state } = exchange
  const { expiresIn = 3600 } = behaviours
  const jwt = behaviours.jwtAccessTokens ? await signAccessToken(exchange, grant) : undefined
  return Response.json({
    token_type: 'Bearer',
    access_token: state.issue('access', grant, jwt),
    ...(!behaviours.withoutOpenid && { id_token: await signIdToken(exchange, grant) }),
    ...(!behaviours.omitRefreshToken && { refresh_token: state.issue('refresh', grant) }),
    ...(expiresIn !== null && { expires_in: expiresIn }),
  })
}

function signIdToken({ behaviours, issuer, keys, now }: FakeExchange, grant: FakeGrant): Promise<string> {
  const iat = grant.signInAt ?? now()
  return keys.sign({
    iss: issuer,
    aud: grant.clientId,
    sub: grant.sub,
    iat,
    exp: iat + 3600,
    nonce: grant.nonce,
    ...(!behaviours.omitSid && { sid: grant.sid }),
    ...(!behaviours.omitAuthTime && { auth_time: grant.authTime }),
    ...(behaviours.fatIdTokenBytes && { groups: 'x'.repeat(behaviours.fatIdTokenBytes) }),
    ...behaviours.idTokenClaims,
    ...grant.claims,
  })
}

function signAccessToken({ behaviours, issuer, keys, now, state }: FakeExchange, grant: FakeGrant): Promise<string> {
  const lives = behaviours.expiresIn ?? 3600
  const claims = { iss: issuer, aud: 'api', sub: grant.sub, client_id: grant.clientId, iat: now(), exp: now() + lives }
  return keys.sign({ ...claims, jti: state.name('jti') }, { typ: 'at+jwt' })
}

async function answerRevocation(exchange: FakeExchange): Promise<Response> {
  const { behaviours, body, state } = exchange
  if (clientOf(exchange) === undefined) return oauthError(401, 'invalid_client')
  if (behaviours.noRevocation) return new Response('', { status: 404 })
  if (behaviours.revocationError !== undefined) return oauthError(400, behaviours.revocationError)
  const status = behaviours.revocationStatus ?? 200
  if (status === 200) state.revoke(body.get('token') ?? '')
  return new Response(status === 204 ? null : '', { status })
}

function answerUser(exchange: FakeExchange): Response {
  const { behaviours, state } = exchange
  if (behaviours.userStatus !== undefined) return new Response('', { status: behaviours.userStatus })
  const grant = state.grantOf(bearerOf(exchange))
  if (!grant) return unauthorized()
  const { sub } = grant
  return Response.json(behaviours.user ? behaviours.user(sub) : { id: sub, sub, name: sub })
}

/** GitHub's call, with the client's secret, ends one token; Facebook's, with the token, all of the person's. */
function answerOwnRevocation(exchange: FakeExchange): Response {
  const { behaviours, request, state, text } = exchange
  const { pathname } = new URL(request.url)
  const asClient = /\/applications\/([^/]+)\/token$/.exec(pathname)?.[1]
  if (behaviours.noRevocation) return new Response('', { status: 404 })
  if (behaviours.revocationStatus !== undefined) return new Response('', { status: behaviours.revocationStatus })
  if (asClient !== undefined && clientOf(exchange) !== decodeURIComponent(asClient)) return unauthorized()
  const token =
    asClient === undefined ? bearerOf(exchange) : (JSON.parse(text) as { access_token: string }).access_token
  if (!state.alive(token)) return asClient === undefined ? unauthorized() : new Response('', { status: 404 })
  state.revoke(token, asClient !== undefined)
  return asClient === undefined ? Response.json({ success: true }) : new Response(null, { status: 204 })
}

function bearerOf({ request }: FakeExchange): string {
  return /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1] ?? ''
}

function unauthorized(): Response {
  const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
  return Response.json({ message: 'Bad credentials' }, { status: 401, headers })
}

/** Who authenticates, by Basic, in the body, or not at all for a public client; nobody when the secret is wrong. */
function clientOf({ request, body, behaviours }: FakeExchange): string | undefined {
  const basic = /^Basic (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
  const [id, secret] = basic
    ? atob(basic)
        .split(':')
        .map((part) => decodeURIComponent(part.replaceAll('+', ' ')))
    : [body.get('client_id') ?? undefined, body.get('client_secret') ?? undefined]
  const clients = behaviours.clients ?? {}
  return id !== undefined && Object.hasOwn(clients, id) && clients[id] === secret ? id : undefined
}

function oauthError(status: number, error: string): Response {
  return Response.json({ error }, { status })
}

function redirectTo(url: URL): Response {
  return new Response(null, { status: 303, headers: { location: url.href } })
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
