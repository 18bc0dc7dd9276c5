import { createEndSession } from 'endsession'
import { fakeProvider } from 'endsession/testing'

const origin = 'https://mail.example'

/** An app of ours with a provider that is a function; logins go through the whole flow. */
export function makeApp(store, profile = {}) {
  const provider = fakeProvider({
    algorithm: 'ES256',
    idTokenClaims: { name: 'Alice Example', email: 'alice@mail.example', groups: 'x'.repeat(300) },
  })
  const endsession = createEndSession({
    baseUrl: origin,
    secret: 'a secret of thirty-two bytes or more',
    store,
    unsafeLossyStore: true,
    providers: {
      example: { issuer: provider.issuer, clientId: provider.clientId, clientSecret: provider.clientSecret, profile },
    },
    runtime: { fetch: provider.fetch },
  })

  /** Signs somebody in, in a browser of their own; answers the session cookie. */
  async function login(sub) {
    const start = await endsession.handle(new Request(`${origin}/auth/login`))
    const back = provider.authorize(start.headers.get('location'), { sub, browser: sub, sid: `sid of ${sub}` })
    const cookie = cookiesOf(start)
    const answer = await endsession.handle(new Request(back, { headers: { cookie } }))
    return cookiesOf(answer)
  }

  return { origin, provider, endsession, login }
}

function cookiesOf(response) {
  const kept = response.headers.getSetCookie().filter((line) => !line.includes('Max-Age=0'))
  return kept.map((line) => line.split(';', 1)[0]).join('; ')
}
