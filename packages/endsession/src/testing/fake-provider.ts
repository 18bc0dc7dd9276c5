import { systemNow } from '../runtime.ts'
import { visitEndSession } from './fake-end-session.ts'
import { answer, endpointOf, type FakeEndpoint } from './fake-endpoints.ts'
import { type FakeAlgorithm, type FakeHeader, fakeKeys } from './fake-keys.ts'
import { createFakeState, type FakeLogin } from './fake-state.ts'

export type { FakeEndpoint } from './fake-endpoints.ts'
export type { FakeAlgorithm, FakeHeader } from './fake-keys.ts'
export type { FakeLogin } from './fake-state.ts'

/** How the fake provider behaves. All of it may be changed while it runs: `provider.behaviours.down = true`. */
export interface FakeProviderBehaviours {
  /** @default 'https://id.example' */
  issuer?: string
  /** @default 'ES256', which is fast */
  algorithm?: FakeAlgorithm
  /** Client id → secret; `undefined`: a public client. @default { app: 'app-secret' } */
  clients?: Record<string, string | undefined>
  /** Epoch seconds. @default the system's clock */
  now?: () => number

  // Faults.
  /** Nothing answers. */
  down?: boolean
  /** Every answer takes this long. */
  slowSeconds?: number
  /** Every answer is this status, with no body to speak of. */
  status?: number
  /** Every answer is a page that is not JSON. */
  garbage?: boolean
  jwksDown?: boolean
  /** Revocation answers this status, and revokes nothing unless it is 200. */
  revocationStatus?: number
  /** `error` of a revocation answered 400. */
  revocationError?: string
  /** The user endpoint answers this status. */
  userStatus?: number
  /** What the token endpoint's errors come with: GitHub's with 200. @default 400 */
  errorStatus?: number

  // What it offers.
  /**
   * OAuth 2.0 alone: no discovery, no ID tokens; who has signed in, its user endpoint says. It answers at the addresses of the
   * profiles that are such providers, their own calls that end tokens among them.
   */
  withoutOpenid?: boolean
  /** The user endpoint's answer. @default `{ id: sub, sub, name: sub }` */
  user?: (sub: string) => unknown
  noEndSession?: boolean
  noRevocation?: boolean
  /** Pushed authorization requests (RFC 9126). */
  par?: boolean
  /** Sends `iss` with the authorization response (RFC 9207). @default true */
  responseIss?: boolean
  /** Laid over the discovery document; a member that is `undefined` leaves it. */
  metadata?: Record<string, unknown>

  // How its logout is. What it refuses is an error page: nothing ends there, and nobody is sent back.
  refusesHint?: boolean
  refusesExpiredHint?: boolean
  /** Without an `id_token_hint` it takes neither a way back nor `state`. */
  wantsHint?: boolean
  wantsClientId?: boolean
  refusesState?: boolean
  refusesPost?: boolean
  /** Its cookie comes along with a POST from another site: without this, such a POST ends nothing. */
  sameSiteNone?: boolean
  /** What the way back is called; `returnTo` and `logout_uri` it wants. @default 'post_logout_redirect_uri' */
  redirectParameter?: 'post_logout_redirect_uri' | 'returnTo' | 'logout_uri' | 'none'
  /** Where it sends people back to by a setting of its own, with `redirectParameter: 'none'`. */
  returnsTo?: string
  /** Does not send `state` back. */
  omitState?: boolean
  /** Sends the browser back, and its own session lives on. */
  keepsSession?: boolean
  /** The person always says "No, stay signed in", and is sent back. */
  declines?: boolean
  /** Answers `login_required` to every `prompt=none`, its session alive or not. */
  neverSilent?: boolean
  /** Ends its session, and shows a page of its own in place of the way back. */
  showsPage?: boolean

  // What its tokens are like.
  /** `null`: left out. @default 3600 */
  expiresIn?: number | null
  omitRefreshToken?: boolean
  omitAuthTime?: boolean
  omitSid?: boolean
  /** Its logout tokens, too, as many are: without `exp`, or with another `typ`; `null`: left out. */
  logoutTokenWithoutExp?: boolean
  /** @default 'logout+jwt' */
  logoutTokenTyp?: string | null
  /** Adds a claim of this size to ID tokens. */
  fatIdTokenBytes?: number
  /** Access tokens are JWTs (RFC 9068). */
  jwtAccessTokens?: boolean
  /** Laid over every ID token; a member that is `undefined` leaves it. */
  idTokenClaims?: Record<string, unknown>
}

export interface FakeRequest {
  readonly endpoint: FakeEndpoint
  readonly url: string
  /** The fields of a POST. */
  readonly body: URLSearchParams
}

/** What the end-session endpoint made of a visit. */
export interface FakeEndSession {
  /** Where it sends the browser; nothing: it shows a page of its own. */
  readonly redirect?: URL
  readonly parameters: Readonly<Record<string, string>>
  /** The claims of the `id_token_hint`. */
  readonly hint?: Readonly<Record<string, unknown>>
  /** Whether a session of this browser ended. */
  readonly ended: boolean
  /** What it did not like: it shows an error page. */
  readonly error?: FakeEndSessionError
}

export type FakeEndSessionError = 'post' | 'hint' | 'expired_hint' | 'client_id' | 'state' | 'redirect'

/** An OpenID or OAuth 2.0 provider as a `fetch` function, with a browser's side that tests call. Opens no sockets. */
export interface FakeProvider {
  readonly fetch: typeof fetch
  readonly issuer: string
  /** The first of `behaviours.clients`. */
  readonly clientId: string
  readonly clientSecret: string | undefined
  readonly behaviours: FakeProviderBehaviours
  /** What was fetched, in order. */
  readonly requests: readonly FakeRequest[]
  count(endpoint: FakeEndpoint): number
  /** A browser visits the authorization endpoint; answers the redirect back to the app. */
  authorize(url: URL | string, login?: FakeLogin): URL
  /**
   * A browser visits the end-session endpoint; `form`: with a POST of these fields. `decline`: the person says "No, stay
   * signed in"; that comes back too.
   */
  endSession(
    url: URL | string,
    how?: { readonly decline?: boolean; readonly browser?: string; readonly form?: Readonly<Record<string, string>> },
  ): FakeEndSession
  /** Whether this browser has a session here. */
  signedIn(browser?: string): boolean
  readonly revokedTokens: readonly string[]
  /** Whether it still takes this refresh token or opaque access token. */
  alive(token: string): boolean
  /**
   * A logout token for the first client: good, but for what `claims` and `header` say; for `alice` unless they hold `sub`
   * or `sid`. A member that is `undefined` is left out.
   */
  logoutToken(claims?: Record<string, unknown>, header?: FakeHeader): Promise<string>
  /** Any claims, signed. */
  sign(claims: object, header?: FakeHeader): Promise<string>
  rotateKeys(how?: { readonly keepOld?: boolean }): string
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/** Times are seconds. Deterministic but for its keys. Not a provider to build on: it trusts everybody. */
export function fakeProvider(behaviours: FakeProviderBehaviours = {}): FakeProvider {
  const issuer = behaviours.issuer ?? 'https://id.example'
  behaviours.clients ??= { app: 'app-secret' }
  const [clientId = 'app', clientSecret] = Object.entries(behaviours.clients)[0] ?? []
  const now = (): number => Math.floor((behaviours.now ?? systemNow)())
  const keys = fakeKeys(behaviours.algorithm ?? 'ES256')
  const state = createFakeState(issuer, behaviours, now)
  const requests: FakeRequest[] = []
  let logoutTokens = 0

  return {
    issuer,
    clientId,
    clientSecret,
    behaviours,
    requests,
    revokedTokens: state.revoked,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const endpoint = endpointOf(request)
      const text = await request.text()
      const body = new URLSearchParams(request.method === 'POST' ? text : '')
      requests.push({ endpoint, url: request.url, body })
      return answer({ endpoint, request, text, body, issuer, behaviours, now, keys, state })
    },
    count: (endpoint) => requests.filter((request) => request.endpoint === endpoint).length,
    authorize: (url, login) => state.authorize(new URL(url), login),
    endSession: (url, { decline = false, browser = 'browser', form } = {}) => {
      const visit = { url: new URL(url), decline, browser, ...(form && { form }) }
      return visitEndSession(visit, behaviours, state, now())
    },
    signedIn: (browser = 'browser') => state.signedIn(browser),
    alive: (token) => state.alive(token),
    logoutToken: (claims = {}, header = {}) => {
      const jti = `logout-${++logoutTokens}`
      const good = { iss: issuer, aud: clientId, iat: now(), exp: now() + 120, jti, events: { [logoutEvent]: {} } }
      const subject = 'sub' in claims || 'sid' in claims ? {} : { sub: 'alice' }
      const { logoutTokenWithoutExp: withoutExp, logoutTokenTyp: typ = 'logout+jwt' } = behaviours
      const without = withoutExp ? { exp: undefined } : {}
      return keys.sign({ ...good, ...without, ...subject, ...claims }, { typ: typ ?? undefined, ...header })
    },
    sign: (claims, header) => keys.sign(claims, header),
    rotateKeys: (how) => keys.rotate(how),
  }
}
