import * as client from 'openid-client'

/** "Sign in with Acme": Example ID as a client of Acme. */
export interface Upstream {
  /** Where to send the browser for the interaction `uid`. */
  start(uid: string): Promise<string>
  /** Which interaction an answer of Acme belongs to; `undefined`: none that we know of. */
  interactionOf(answer: URL): string | undefined
  /** The person's id at Acme. Each answer is good once. */
  finish(answer: URL): Promise<string>
}

interface Login {
  readonly uid: string
  readonly verifier: string
  readonly nonce: string
}

/** More than that many at once, and the oldest is dropped. */
const loginsAtMost = 1000

export function makeUpstream(issuer: string, clientId: string, clientSecret: string, callback: string): Upstream {
  const logins = new Map<string, Login>()
  let discovered: Promise<client.Configuration> | undefined
  const acme = () => {
    discovered ??= client.discovery(new URL(issuer), clientId, clientSecret, undefined, {
      // Plain http is for loopback, and the whole demo is on loopback.
      execute: [client.allowInsecureRequests],
    })
    return discovered
  }
  const loginOf = (answer: URL) => logins.get(answer.searchParams.get('state') ?? '')

  return {
    async start(uid) {
      const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()]
      const oldest = logins.keys().next().value
      if (logins.size >= loginsAtMost && oldest) logins.delete(oldest)
      logins.set(state, { uid, verifier, nonce })
      const url = client.buildAuthorizationUrl(await acme(), {
        redirect_uri: callback,
        scope: 'openid profile email',
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
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
      return tokens.claims()?.sub ?? ''
    },
  }
}
