import * as client from 'openid-client'

/** "Sign in with Acme": Example ID as a client of Acme. */
export interface Upstream {
  /** Where to send the browser for the interaction `uid`. `fresh`: Acme shows its login screen, whoever it knows. */
  start(uid: string, fresh: boolean): Promise<string>
  /** Which interaction an answer of Acme belongs to; `undefined`: none that we know of. */
  interactionOf(answer: URL): string | undefined
  /** Who it is at Acme. Each answer is good once. */
  finish(answer: URL): Promise<UpstreamLogin>
  /** Where to send the browser so that Acme ends its session, too; it comes back to `loggedOut`, and from there to `then`. */
  leave(idToken: string, then: string): Promise<string>
  /** Where a browser goes on that comes back from Acme's logout. Each return is good once. */
  afterLeaving(back: URL): string | undefined
}

export interface UpstreamLogin {
  readonly accountId: string
  /** The hint for the logout. */
  readonly idToken: string
}

interface Login {
  readonly uid: string
  readonly verifier: string
  readonly nonce: string
}

/** More than that many at once, and the oldest is dropped. */
const loginsAtMost = 1000

export interface UpstreamOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly callback: string
  readonly loggedOut: string
  readonly fetch: typeof fetch
}

export function makeUpstream(options: UpstreamOptions): Upstream {
  const { issuer, clientId, clientSecret, callback, loggedOut } = options
  const logins = new Map<string, Login>()
  const departures = new Map<string, string>()
  let discovered: Promise<client.Configuration> | undefined
  const acme = () => {
    discovered ??= client.discovery(new URL(issuer), clientId, clientSecret, undefined, {
      // Plain http is for loopback, and the whole demo is on loopback.
      execute: [client.allowInsecureRequests],
      [client.customFetch]: (url, init) => options.fetch(url, init as RequestInit),
    })
    return discovered
  }
  const loginOf = (answer: URL) => logins.get(answer.searchParams.get('state') ?? '')

  return {
    async start(uid, fresh) {
      const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()]
      keep(logins, state, { uid, verifier, nonce })
      const url = client.buildAuthorizationUrl(await acme(), {
        redirect_uri: callback,
        scope: 'openid profile email',
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(fresh && { prompt: 'login' }),
      })
      return url.href
    },
    interactionOf: (answer) => loginOf(answer)?.uid,
    async finish(answer) {
      const state = answer.searchParams.get('state') ?? ''
      const login = logins.get(state)
      logins.delete(state)
      if (!login) throw new Error('this login is not known, or used')
      const tokens = await client.authorizationCodeGrant(await acme(), answer, {
        expectedState: state,
        expectedNonce: login.nonce,
        pkceCodeVerifier: login.verifier,
        idTokenExpected: true,
      })
      return { accountId: tokens.claims()?.sub ?? '', idToken: tokens.id_token ?? '' }
    },
    async leave(idToken, then) {
      const state = client.randomState()
      keep(departures, state, then)
      const url = client.buildEndSessionUrl(await acme(), {
        id_token_hint: idToken,
        post_logout_redirect_uri: loggedOut,
        state,
      })
      return url.href
    },
    afterLeaving(back) {
      const state = back.searchParams.get('state') ?? ''
      const then = departures.get(state)
      departures.delete(state)
      return then
    },
  }
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  const oldest = map.keys().next().value
  if (map.size >= loginsAtMost && oldest !== undefined) map.delete(oldest)
  map.set(key, value)
}
