import { createRequire, register } from 'node:module'
import { pathToFileURL } from 'node:url'
import { memoryStore } from 'endsession'
import { withEndSession } from 'endsession/next-auth'
import { sqliteStore } from 'endsession/sqlite'
import { fakeProvider } from 'endsession/testing'
import { openDatabase } from './database.mjs'

const people = 500
const ours = { memory: 'withEndSession, memory', sqlite: 'withEndSession, sqlite' }
const plain = 'plain Auth.js 5'
const origin = 'http://localhost:3000'

/**
 * `await auth(request, response)` of a page or an API route: the same config, plain and wrapped; logins go through the
 * whole of Auth.js. That of a server component does the same, but its request is inside of Next.js.
 */
export async function authjsContenders(say) {
  const { NextAuth, Keycloak, customFetch } = await importAuthjs()
  const provider = fakeProvider({
    metadata: { userinfo_endpoint: 'https://id.example/userinfo' },
    jwtAccessTokens: true,
    idTokenClaims: { name: 'Alice Example', email: 'alice@mail.example', groups: 'x'.repeat(300) },
  })
  const { issuer, clientId, clientSecret } = provider
  const config = {
    secret: 'a secret of thirty-two bytes or more',
    trustHost: true,
    providers: [Keycloak({ issuer, clientId, clientSecret, [customFetch]: provider.fetch })],
    callbacks: {
      jwt: ({ token, account }) =>
        account
          ? { ...token, id: account.id_token, access: account.access_token, refresh: account.refresh_token }
          : token,
    },
  }
  const wrap = (store) => {
    const options = { baseUrl: origin, store, unsafeLossyStore: true, runtime: { fetch: provider.fetch } }
    return withEndSession(NextAuth, config, () => options)
  }
  const { database, driver, close } = await openDatabase()
  const apps = {
    [ours.memory]: wrap(memoryStore()),
    [ours.sqlite]: wrap(sqliteStore(database)),
    [plain]: NextAuth(config),
  }
  const contenders = []
  const bytes = {}
  for (const [name, app] of Object.entries(apps)) {
    say(`  signing in ${people} people: ${name}`)
    const cookies = []
    for (let number = 0; number < people; number++) cookies.push(await signIn(app, provider, `person ${number}`))
    bytes[name] = cookies[0].length
    const operate = async () => {
      const headers = { host: new URL(origin).host, 'x-forwarded-proto': 'http', cookie: any(cookies) }
      const session = await app.auth({ headers }, { appendHeader() {} })
      if (!session?.user) throw new Error(`${name}: nobody is signed in`)
    }
    contenders.push({ name, operate })
  }
  return {
    contenders,
    targets: Object.values(ours).map((mine) => ({ ours: mine, theirs: plain, least: 1 })),
    notes: [
      `auth(request, response), ${people} people in random order, one config; sqlite is ${driver}.`,
      `Cookies: plain, with three tokens, ${bytes[plain]} bytes; wrapped, with the tokens in the store, ${bytes[ours.memory]}.`,
    ],
    async close() {
      for (const name of Object.values(ours)) await apps[name].endsession.close()
      close()
    },
  }
}

/** The one that the library is tested with. */
async function importAuthjs() {
  register(new URL('next-resolution.mjs', import.meta.url))
  const library = createRequire(new URL('../packages/endsession/package.json', import.meta.url))
  const part = (name) => import(pathToFileURL(library.resolve(name)).href)
  const [{ default: NextAuth, customFetch }, { default: Keycloak }] = await Promise.all([
    part('next-auth'),
    part('next-auth/providers/keycloak'),
  ])
  return { NextAuth, Keycloak, customFetch }
}

/** Auth.js's own login, from its button to the page behind it; answers the cookies. */
async function signIn({ handlers }, provider, sub) {
  const cookies = new Map()
  const send = async (method, path, body) => {
    const headers = {
      cookie: headerOf(cookies),
      origin,
      ...(body && { 'content-type': 'application/x-www-form-urlencoded' }),
    }
    const answer = await handlers[method](new Request(origin + path, { method, headers, body }))
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (/Max-Age=0/.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return answer
  }
  const { csrfToken } = await (await send('GET', '/api/auth/csrf')).json()
  const start = await send(
    'POST',
    '/api/auth/signin/keycloak',
    new URLSearchParams({ csrfToken, callbackUrl: '/' }).toString(),
  )
  const back = provider.authorize(start.headers.get('location'), { sub, browser: sub, sid: `sid of ${sub}` })
  await send('GET', back.pathname + back.search)
  return headerOf(cookies)
}

const headerOf = (cookies) => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
const any = (list) => list[Math.floor(Math.random() * list.length)]
