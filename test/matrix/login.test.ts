import { createEndSession, memoryStore, type Store } from 'endsession'
import { type FakeLogin, type FakeProvider, fakeProvider } from 'endsession/testing'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type Answer,
  type Browser,
  makeSetting,
  origin,
  type Setting,
  type SettingOptions,
  transports,
} from './setting.ts'

const locationOf = (answer: Answer) => new URL(answer.headers.get('location') ?? '', origin)
const bytesOf = ({ headers }: { headers: Headers }) =>
  [...headers].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
const request = (browser: Browser) =>
  new Request(`${origin}/`, {
    headers: { cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
  })
const transactionsOf = (browser: Browser) =>
  [...browser.cookies.keys()].filter((name) => name.startsWith('endsession-in-'))

/** The way to the provider. */
async function begin(browser: Browser, query = ''): Promise<URL> {
  return locationOf(await browser.get(`/auth/login${query}`))
}

const visit = (browser: Browser, { pathname, search }: URL) => browser.get(pathname + search)

/** A provider that lets the person through whatever the app asks for. */
function careless(url: URL): URL {
  url.searchParams.delete('prompt')
  url.searchParams.set('max_age', '315360000')
  return url
}

/** Follows a login until the app answers with something else than another visit to the provider. */
async function loginAll(setting: Setting, browser: Browser, how: FakeLogin & { careless?: true } = {}) {
  let answer = await browser.get('/auth/login?returnTo=/inbox')
  let visits = 0
  const asked: boolean[] = []
  while (answer.status === 303 && locationOf(answer).origin === setting.provider.issuer) {
    if (++visits > 10) throw new Error('a loop')
    const url = locationOf(answer)
    asked.push(url.searchParams.get('prompt') === 'login')
    answer = await visit(
      browser,
      setting.provider.authorize(how.careless ? careless(url) : url, { browser: browser.name, ...how }),
    )
  }
  return { answer, visits, asked }
}

describe.each(transports)('through the %s', (transport) => {
  let setting: Setting
  afterEach(() => setting?.close())
  const make = async (given: SettingOptions = {}) => {
    setting = await makeSetting({ transport, ...given })
    return setting.browser()
  }

  /** Nothing is in the store, and no event says anything else. */
  async function expectNothingOpened(browser: Browser): Promise<void> {
    expect(await setting.endsession.session(request(browser))).toBeUndefined()
    expect(browser.cookies.has('endsession')).toBe(false)
    expect(setting.events.filter(({ type }) => type === 'session.created')).toEqual([])
    for (const sub of ['alice', 'bob', 'mallory'])
      expect(
        await setting.store.list({ iss: setting.provider.issuer, client: setting.provider.clientId, sub }),
      ).toEqual([])
  }

  describe('the way there', () => {
    it('[L1] asks for a code, with PKCE, state, nonce and auth_time; each login has its own', async () => {
      const browser = await make()
      const [one, two] = [await begin(browser), await begin(browser)]
      expect(one.origin + one.pathname).toBe('https://id.example/authorize')
      expect(Object.fromEntries(one.searchParams)).toMatchObject({
        response_type: 'code',
        client_id: 'app',
        redirect_uri: `${origin}/auth/callback`,
        code_challenge_method: 'S256',
        max_age: '315360000',
      })
      for (const name of ['state', 'nonce', 'code_challenge']) {
        expect(one.searchParams.get(name)).toMatch(/[\w-]{43}$/)
        expect(one.searchParams.get(name)).not.toBe(two.searchParams.get(name))
      }
    })

    it('[L1] pushes the request where the provider offers that', async () => {
      const browser = await make({ behaviours: { par: true } })
      const url = await begin(browser)
      expect([...url.searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri'])
      expect((await visit(browser, setting.provider.authorize(url))).status).toBe(303)
      expect((await browser.get('/')).text).toBe('Hello alice')
    })

    it('[A6] what the browser keeps of it tells nothing, and no secret is in the URL', async () => {
      const browser = await make()
      const url = await begin(browser, '?returnTo=/canary')
      const [name = ''] = transactionsOf(browser)
      const kept = Buffer.from(browser.cookies.get(name) ?? '', 'base64url').toString('latin1')
      expect(kept).not.toMatch(/canary|example|alice/)
      const grant = setting.provider.authorize(url)
      await visit(browser, grant)
      const verifier =
        setting.provider.requests.find(({ endpoint }) => endpoint === 'token')?.body.get('code_verifier') ?? ''
      expect(verifier).toMatch(/^[\w-]{43}$/)
      expect(url.href + kept).not.toContain(verifier)
    })

    it.each([
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { 'next-router-prefetch': '1' },
      { rsc: '1' },
    ])('[A5] a prefetch (%j) begins nothing (need 18)', async (headers) => {
      const browser = await make()
      const answer = await browser.get('/auth/login', headers as unknown as Record<string, string>)
      expect(answer.status).toBe(204)
      expect(answer.headers.getSetCookie()).toEqual([])
      expect(setting.provider.requests).toEqual([])
    })

    it('[A5] a login that is only begun ends nothing', async () => {
      const browser = await make()
      await browser.login()
      await begin(browser)
      expect((await browser.get('/')).text).toBe('Hello alice')
    })

    it('[A11] whatever Host and X-Forwarded-* say, the way back is the configured one (need 10)', async () => {
      const browser = await make()
      const headers = {
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        forwarded: 'host=evil.example',
      }
      const answer = await browser.get('/auth/login?returnTo=/inbox', headers)
      expect(locationOf(answer).searchParams.get('redirect_uri')).toBe(`${origin}/auth/callback`)
      const back = await visit(browser, setting.provider.authorize(locationOf(answer)))
      expect(back.headers.get('location')).toBe(`${origin}/inbox`)
      const away = await setting.browser('other').get('/', headers)
      expect(away.headers.get('location')).toMatch(new RegExp(`^${origin}/auth/login`))
    })

    it('[A12] five at most are under way: the oldest is dropped, the newest works', async () => {
      const browser = await make()
      const urls: URL[] = []
      for (let count = 0; count < 8; count++) {
        urls.push(await begin(browser))
        setting.clock.advance(1)
        expect(transactionsOf(browser).length).toBeLessThanOrEqual(5)
      }
      const last = [...browser.cookies]
      expect((await visit(browser, setting.provider.authorize(urls[2] as URL))).status).toBe(400)
      await expectNothingOpened(browser)
      for (const place of [3, 7]) {
        browser.cookies.clear()
        for (const [name, value] of last) browser.cookies.set(name, value)
        expect((await visit(browser, setting.provider.authorize(urls[place] as URL))).status).toBe(303)
      }
    })

    it('[A10 A12] cookies that somebody else has planted cannot fill our headers (need 23)', async () => {
      await make()
      const planted = [
        `endsession-in-0${'x'.repeat(3000)}=x`,
        ...Array.from({ length: 20 }, (_, number) => `endsession-in-0${'y'.repeat(200)}${number}=x`),
        ...Array.from({ length: 60 }, (_, number) => `endsession-in-sz${String(number).padStart(4, '0')}-abcdefgh=x`),
      ].join('; ')
      for (const [method, path] of [
        ['GET', '/auth/login'],
        ['POST', '/auth/logout'],
      ] as const) {
        const answer = await setting.send(path, {
          method,
          headers: { cookie: planted, 'sec-fetch-site': 'same-origin' },
        })
        expect(answer.status).toBeLessThan(400)
        expect(bytesOf(answer)).toBeLessThan(4096)
        expect(answer.headers.getSetCookie().length).toBeLessThan(20)
      }
    })

    it('[A10] with everything at its longest, each answer has less than 4 KiB of headers (need 23)', async () => {
      const scope = `openid ${'a-long-scope '.repeat(75)}`.trim()
      const browser = await make({
        behaviours: { fatIdTokenBytes: 20_000 },
        options: {
          trustedOrigins: ['https://a-long-name-of-an-app.that-is-trusted.example'],
          providers: {
            'a-provider-name': { issuer: 'https://id.example', clientId: 'app', clientSecret: 'app-secret', scope },
          },
        },
      })
      const returnTo = encodeURIComponent(`/${'\\?"'.repeat(120)}?${'\\'.repeat(100)}`)
      for (let count = 0; count < 6; count++) {
        const answer = await browser.get(`/auth/login?returnTo=${returnTo}`)
        expect(answer.status).toBe(303)
        expect(bytesOf(answer)).toBeLessThan(4096)
        for (const value of browser.cookies.values()) expect(value.length).toBeLessThan(2048)
        setting.clock.advance(1)
      }
      const back = await visit(browser, setting.provider.authorize(await begin(browser, `?returnTo=${returnTo}`)))
      expect(back.status).toBe(303)
      expect(bytesOf(back)).toBeLessThan(4096)
    })

    it('[A12] a provider that does not answer is a page, and an event; nothing begins (need 20)', async () => {
      const browser = await make({ behaviours: { down: true } })
      const answer = await browser.get('/auth/login')
      expect(answer.status).toBe(502)
      expect(answer.text).toContain('does not answer')
      expect(browser.cookies.size).toBe(0)
      expect(setting.events).toMatchObject([{ type: 'provider.failed', error: { code: 'ERR_PROVIDER' } }])
    })
  })

  describe('where it leads to', () => {
    it.each([
      ['/inbox?a=1#x', '/inbox?a=1#x'],
      ['//evil.example', '/'],
      ['/\\evil.example', '/'],
      ['\\\\evil.example', '/'],
      ['https:evil.example', '/'],
      ['https://evil.example/', '/'],
      ['http://localhost:3000@evil.example/', '/'],
      ['http://localhost:3000.evil.example/', '/'],
      ['http://localhost:30000/', '/'],
      ['javascript:alert(1)', '/'],
      ['data:text/html,x', '/'],
      ['blob:http://localhost:3000/2f4c9b1e', '/'],
      ['/\t/evil.example', '/'],
      ['/\n/evil.example', '/'],
      ['\u00a0//evil.example', '/%C2%A0//evil.example'],
      ['/\u00fc', '/%C3%BC'],
      ['/auth', '/'],
      ['/auth/login', '/'],
      ['/auth/logout?x', '/'],
      ['/auth/callback', '/'],
      ['/x/../auth/logout', '/'],
      ['http://localhost:3000/auth/logout', '/'],
      ['/auth/./logged-out', '/'],
      ['/authors', '/authors'],
      [`/${'x'.repeat(600)}`, '/'],
      ['', '/'],
    ])('[A11] returnTo %j comes out at %s (need 7)', async (returnTo, path) => {
      const browser = await make()
      const url = await begin(browser, `?${new URLSearchParams({ returnTo })}`)
      const back = await visit(browser, setting.provider.authorize(url))
      expect(back.status).toBe(303)
      expect(back.headers.get('location')).toBe(origin + path)
    })

    it('[A11 L18] twice is a mistake', async () => {
      const browser = await make()
      const answer = await browser.get('/auth/login?returnTo=/a&returnTo=//evil.example')
      expect(answer.status).toBe(400)
      expect(browser.cookies.size).toBe(0)
    })

    it('[A11] an allowed origin is allowed', async () => {
      const browser = await make({ options: { trustedOrigins: ['https://www.example'] } })
      const url = await begin(browser, '?returnTo=https://www.example/inbox')
      expect((await visit(browser, setting.provider.authorize(url))).headers.get('location')).toBe(
        'https://www.example/inbox',
      )
    })
  })

  describe('the way back', () => {
    it('[L1] two tabs log in at once', async () => {
      const browser = await make()
      const [one, two] = [await begin(browser, '?returnTo=/one'), await begin(browser, '?returnTo=/two')]
      const first = await visit(browser, setting.provider.authorize(one))
      expect(first.headers.get('location')).toBe(`${origin}/one`)
      const second = await visit(browser, setting.provider.authorize(two))
      expect(second.headers.get('location')).toBe(`${origin}/two`)
      expect((await browser.get('/')).text).toBe('Hello alice')
      expect(transactionsOf(browser)).toEqual([])
      const sessions = await setting.store.list({ iss: setting.provider.issuer, client: 'app', sub: 'alice' })
      expect(sessions).toHaveLength(1)
    })

    it('[L2 A6] a new login has a new id, whatever cookie was there before: nobody can plant one', async () => {
      const browser = await make()
      const planted = `0.${'A'.repeat(43)}`
      browser.cookies.set('endsession', planted)
      await browser.login()
      const cookie = browser.cookies.get('endsession') ?? ''
      expect(cookie).not.toBe(planted)
      expect(`endsession=${cookie}; Path=/; HttpOnly; SameSite=Lax; Secure`.length).toBeLessThan(200)
      const thief = setting.browser('thief')
      thief.cookies.set('endsession', planted)
      expect((await thief.get('/')).status).toBe(303)
    })

    it('[S2 L2 A3] a second login takes the place of the first, whose cookie is dead', async () => {
      const browser = await make()
      await browser.login('alice')
      const old = browser.cookies.get('endsession') ?? ''
      await browser.login('bob')
      await setting.settled()
      expect((await browser.get('/')).text).toBe('Hello bob')
      const thief = setting.browser('thief')
      thief.cookies.set('endsession', old)
      expect((await thief.get('/')).status).toBe(303)
      expect(setting.events).toMatchObject([
        { type: 'session.created' },
        { type: 'session.created' },
        { type: 'session.ended', cause: 'replaced' },
      ])
    })

    it('[S2] in one step: also when whatever comes after the login fails', async () => {
      const browser = await make({
        store: ({ now }) => ({ ...memoryStore({ now }), end: () => Promise.reject(new Error('later')) }),
      })
      await browser.login('alice')
      const old = browser.cookies.get('endsession') ?? ''
      expect((await browser.login('bob')).status).toBe(303)
      await setting.settled()
      const thief = setting.browser('thief')
      thief.cookies.set('endsession', old)
      expect((await thief.get('/')).status).toBe(303)
    })

    it('[L2] a login is used once: the same callback again changes nothing, also with its cookie', async () => {
      const browser = await make()
      const url = await begin(browser)
      const kept = [...browser.cookies]
      const back = setting.provider.authorize(url)
      await visit(browser, back)
      const cookie = browser.cookies.get('endsession')
      expect((await visit(browser, back)).status).toBe(400)
      for (const [name, value] of kept) browser.cookies.set(name, value)
      const again = await visit(browser, back)
      expect(again.status).toBe(400)
      expect(again.headers.getSetCookie()).toEqual([])
      expect(browser.cookies.get('endsession')).toBe(cookie)
      expect((await browser.get('/')).text).toBe('Hello alice')
      expect(setting.provider.count('token')).toBe(1)
    })

    it('[L2] two callbacks of one login at the same moment open one session', async () => {
      const browser = await make()
      const back = setting.provider.authorize(await begin(browser))
      const answers = await Promise.all([visit(browser, back), visit(browser, back)])
      expect(answers.map(({ status }) => status).toSorted()).toEqual([303, 400])
      expect(setting.provider.count('token')).toBe(1)
    })

    it("[L2] another browser's callback signs nobody in here: no login by a link", async () => {
      await make()
      const mallory = setting.browser('mallory')
      const back = setting.provider.authorize(await begin(mallory), { sub: 'mallory' })
      const victim = setting.browser('victim')
      const answer = await visit(victim, back)
      expect(answer.status).toBe(400)
      expect(answer.headers.getSetCookie()).toEqual([])
      await begin(victim)
      expect((await visit(victim, back)).status).toBe(400)
      await expectNothingOpened(victim)
    })

    it('[L2] the code of another login does not fit', async () => {
      await make()
      const mallory = setting.browser('mallory')
      const stolen = setting.provider.authorize(await begin(mallory), { sub: 'mallory', browser: 'mallory' })
      const victim = setting.browser('victim')
      const own = setting.provider.authorize(await begin(victim), { browser: 'victim' })
      own.searchParams.set('code', stolen.searchParams.get('code') ?? '')
      expect((await visit(victim, own)).status).toBe(400)
      await expectNothingOpened(victim)
    })

    it.each([
      ['no state', (url: URL) => url.searchParams.delete('state')],
      ['an empty state', (url: URL) => url.searchParams.set('state', '')],
      ['two states', (url: URL) => url.searchParams.append('state', url.searchParams.get('state') ?? '')],
      ['another state', (url: URL) => url.searchParams.set('state', `x${url.searchParams.get('state')}`)],
      [
        'half the state',
        (url: URL) => url.searchParams.set('state', (url.searchParams.get('state') ?? '').slice(0, 20)),
      ],
      [
        'a state of another time',
        (url: URL) => url.searchParams.set('state', `0.${url.searchParams.get('state')?.split('.')[1]}`),
      ],
      ['a huge state', (url: URL) => url.searchParams.set('state', 'x'.repeat(8000))],
      ['a state full of separators', (url: URL) => url.searchParams.set('state', '__proto__.; =,\r\n')],
      ['no code', (url: URL) => url.searchParams.delete('code')],
      ['two codes', (url: URL) => url.searchParams.append('code', 'x')],
      ['an unknown code', (url: URL) => url.searchParams.set('code', 'x')],
      ['the issuer of somebody else', (url: URL) => url.searchParams.set('iss', 'https://evil.example')],
      ['no issuer, though it was promised', (url: URL) => url.searchParams.delete('iss')],
      ['an error beside the code', (url: URL) => url.searchParams.set('error', 'access_denied')],
      ['an id_token of the front channel', (url: URL) => url.searchParams.set('id_token', 'x')],
      [
        'a response object',
        (url: URL) => {
          url.search = '?response=x'
        },
      ],
      [
        'all of it in the fragment',
        (url: URL) => {
          url.search = ''
        },
      ],
    ] as const)('[L2 L18] with %s the callback changes nothing', async (_, change) => {
      const browser = await make()
      const back = setting.provider.authorize(await begin(browser))
      change(back)
      const answer = await visit(browser, back)
      expect(answer.status).toBe(400)
      expect(answer.text).not.toMatch(/evil|access_denied/)
      expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      await expectNothingOpened(browser)
    })

    it('[L2 A12] the cookie of one login under the name of another is refused before anything is claimed', async () => {
      const claimed: string[] = []
      const browser = await make({
        store: ({ now }) => {
          const store = memoryStore({ now })
          const claim = (key: string, seconds: number) => {
            claimed.push(key)
            return store.claim(key, seconds)
          }
          return { ...store, claim }
        },
      })
      const [one, two] = [await begin(browser), await begin(browser)]
      const [first = '', second = ''] = transactionsOf(browser)
      const [a = '', b = ''] = [browser.cookies.get(first), browser.cookies.get(second)]
      browser.cookies.set(first, b).set(second, a)
      for (const url of [one, two]) expect((await visit(browser, setting.provider.authorize(url))).status).toBe(400)
      expect(claimed).toEqual([])
      await expectNothingOpened(browser)
    })

    it('[L2] when the person says no, the page says so, and the next try works', async () => {
      const browser = await make()
      const back = await visit(
        browser,
        setting.provider.authorize(await begin(browser, '?returnTo=/inbox'), { error: 'access_denied' }),
      )
      expect(back.status).toBe(400)
      expect(back.text).toContain('id.example did not sign you in')
      expect(back.text).toMatch(/href="http:\/\/localhost:3000\/auth\/login\?provider=example&amp;returnTo=/)
      expect(transactionsOf(browser)).toEqual([])
      await expectNothingOpened(browser)
      await browser.login()
      expect((await browser.get('/')).text).toBe('Hello alice')
    })

    it.each(['<script>alert(1)</script>', 'x'.repeat(5000), '\u00fc'])(
      '[L18] an error code like %.20s is not shown',
      async (error) => {
        const browser = await make()
        const answer = await visit(browser, setting.provider.authorize(await begin(browser), { error }))
        expect(answer.status).toBe(400)
        expect(answer.text).not.toContain(error)
      },
    )

    it('[L2] a login of a quarter of an hour ago is over', async () => {
      const browser = await make()
      const url = await begin(browser)
      setting.clock.advance(900)
      expect((await visit(browser, setting.provider.authorize(url))).status).toBe(400)
      await expectNothingOpened(browser)
    })

    it('[A6 L2] of an app with another secret nothing opens; while a secret is exchanged both do', async () => {
      const browser = await make()
      const old = 'a secret of thirty-two bytes or more'
      const other = 'another secret, of 32 bytes or more'
      const make2 = (secret: string | [string, string]) =>
        createEndSession({
          baseUrl: origin,
          secret,
          store: setting.store,
          unsafeLossyStore: true,
          providers: { example: { issuer: setting.provider.issuer, clientId: 'app', clientSecret: 'app-secret' } },
          runtime: { now: setting.clock.now, fetch: setting.provider.fetch },
        })
      const callback = async (secret: string | [string, string]) => {
        const back = setting.provider.authorize(await begin(browser))
        const cookie = request(browser).headers.get('cookie') ?? ''
        return (await make2(secret).handle(new Request(back, { headers: { cookie } })))?.status
      }
      expect(await callback(other)).toBe(400)
      expect(await callback([other, old])).toBe(303)
    })

    it('[M2] the session counts from the `iat` of its ID token; one from the future opens nothing', async () => {
      const browser = await make()
      const iat = setting.clock.now() - 7
      await browser.login('alice', { signInAt: iat })
      setting.clock.advance(100)
      expect(await setting.endsession.session(request(browser))).toMatchObject({ sub: 'alice', signedInAt: iat })
      const late = setting.browser('late')
      expect((await late.login('bob', { signInAt: setting.clock.now() + 61 })).status).toBe(400)
      expect((await late.get('/')).status).toBe(303)
    })

    it("the provider's own ceiling shortens a session, and one that is over opens none", async () => {
      const browser = await make()
      await browser.login('alice', { claims: { session_expiry: setting.clock.now() + 100 } })
      expect((await browser.get('/')).text).toBe('Hello alice')
      setting.clock.advance(100)
      expect((await browser.get('/')).status).toBe(303)
      expect((await browser.login('alice', { claims: { session_expiry: setting.clock.now() } })).status).toBe(400)
    })

    it('[S12 L18] a store that fails at the callback is 503, and nothing is claimed', async () => {
      let broken = false
      const browser = await make({
        store: ({ now }) => {
          const store = memoryStore({ now })
          return {
            ...store,
            create: (...given: Parameters<Store['create']>) =>
              broken ? Promise.reject(new Error('canary')) : store.create(...given),
          }
        },
      })
      broken = true
      const answer = await browser.login()
      expect(answer.status).toBe(503)
      expect(answer.text).not.toContain('canary')
      await expectNothingOpened(browser)
    })
  })

  describe('fresh authentication', () => {
    it('[A7 M10] after a logout the person meets the login screen; then they are in (need 7)', async () => {
      const browser = await make()
      await browser.login()
      await browser.post('/auth/logout')
      setting.clock.advance(10)
      const { answer, visits, asked } = await loginAll(setting, browser)
      expect(asked).toEqual([true])
      expect(visits).toBe(1)
      expect(answer.headers.get('location')).toBe(`${origin}/inbox`)
      setting.clock.advance(10)
      expect((await loginAll(setting, browser)).asked).toEqual([false])
    })

    it.each([
      ['the marker and the mark', false, false],
      ['the mark alone', false, true],
      ['the marker alone: the provider gives no sid', true, false],
    ])(
      '[A7 M10 L3] a provider that asks nobody is asked twice, then there is a page: never a loop (%s)',
      async (_, omitSid, loseCookie) => {
        const browser = await make({ behaviours: { omitSid } })
        await browser.login()
        await browser.post('/auth/logout')
        if (loseCookie) for (const name of browser.cookies.keys()) browser.cookies.delete(name)
        setting.clock.advance(10)
        for (const time of ['first', 'second']) {
          const { answer, visits } = await loginAll(setting, browser, { careless: true })
          expect([time, visits]).toEqual([time, 2])
          expect(answer.status).toBe(403)
          expect(answer.text).toContain('signed you in without asking')
          expect(answer.text).toMatch(/<a class="button" href="http:\/\/localhost:3000\/auth\/login\?/)
          expect(transactionsOf(browser)).toEqual([])
          expect((await browser.get('/')).status).toBe(303)
        }
        const { answer } = await loginAll(setting, browser)
        expect(answer.headers.get('location')).toBe(`${origin}/inbox`)
      },
    )

    it('[A7 M10] an `auth_time` of the very second of the logout is not after it', async () => {
      const browser = await make({ behaviours: { omitSid: true } })
      await browser.login()
      setting.clock.advance(10)
      const ended = setting.clock.now()
      await browser.post('/auth/logout')
      setting.clock.advance(10)
      expect((await loginAll(setting, browser, { authTime: ended })).answer.status).toBe(403)
      expect((await loginAll(setting, browser, { authTime: ended + 1 })).answer.status).toBe(303)
    })

    it.each([
      ['from the future', 3600],
      ['in milliseconds', 1_800_000_000_000],
    ])('[M10] an `auth_time` %s proves nothing: it would be after every logout there will be', async (_, ahead) => {
      const browser = await make()
      await browser.login()
      await browser.post('/auth/logout')
      setting.clock.advance(10)
      const { answer } = await loginAll(setting, browser, { authTime: setting.clock.now() + ahead })
      expect(answer.status).toBe(400)
      expect((await browser.get('/')).status).toBe(303)
    })

    it('[A7 M7 M10] after `everywhere` the other browser meets the login screen, too (need 15)', async () => {
      const phone = await make()
      const laptop = setting.browser('laptop')
      await phone.login()
      await laptop.login()
      setting.clock.advance(5)
      await phone.post('/auth/logout', { scope: 'everywhere' })
      expect((await laptop.get('/')).status).toBe(303)
      setting.clock.advance(5)
      expect((await loginAll(setting, laptop, { careless: true })).answer.status).toBe(403)
      const { answer, asked } = await loginAll(setting, laptop)
      expect(asked).toEqual([false, true])
      expect(answer.status).toBe(303)
      expect((await laptop.get('/')).text).toBe('Hello alice')
    })

    it('[M5 A7] after scope `app` one click is enough: same provider session, no question', async () => {
      const browser = await make()
      await browser.login()
      await browser.post('/auth/logout', { scope: 'app' })
      const { answer, asked } = await loginAll(setting, browser)
      expect(asked).toEqual([false])
      expect(answer.status).toBe(303)
    })

    it.each([
      ['the marker', false],
      ['the mark', true],
    ])(
      '[M10] an `auth_time` that was promised and does not come is an error, not a login (%s)',
      async (_, loseCookie) => {
        const browser = await make()
        await browser.login()
        await browser.post('/auth/logout')
        if (loseCookie) for (const name of browser.cookies.keys()) browser.cookies.delete(name)
        setting.clock.advance(10)
        setting.provider.behaviours.omitAuthTime = true
        const { answer, visits } = await loginAll(setting, browser)
        expect(visits).toBe(2)
        expect(answer.status).toBe(400)
        expect((await browser.get('/')).status).toBe(303)
      },
    )

    const undated: [string, object, string][] = [
      [
        'Google',
        { issuer: 'https://accounts.google.com', omitSid: true, noEndSession: true, noRevocation: true },
        'select_account',
      ],
      ['Entra', { issuer: 'https://login.microsoftonline.com/tenant/v2.0', noRevocation: true }, 'login'],
    ]
    describe.each(undated)('%s says no `auth_time`', (_, behaviours, prompt) => {
      it.each([
        ['the marker', 'provider'],
        ['the mark', 'everywhere'],
      ])(
        '[M10 A7] known by its issuer, it signs the person in again after a logout, once they were asked (%s)',
        async (_, scope) => {
          const browser = await make({ behaviours: { ...behaviours, omitAuthTime: true } })
          await browser.login()
          await browser.post('/auth/logout', { scope })
          if (scope === 'everywhere') browser.cookies.clear()
          setting.clock.advance(10)
          const asked: (string | null)[] = []
          let answer = await browser.get('/auth/login?returnTo=/inbox')
          while (locationOf(answer).origin === new URL(setting.provider.issuer).origin && asked.length < 5) {
            asked.push(locationOf(answer).searchParams.get('prompt'))
            answer = await visit(browser, setting.provider.authorize(locationOf(answer)))
          }
          expect(asked).toEqual(scope === 'everywhere' ? [null, prompt] : [prompt])
          expect(answer.headers.get('location')).toBe(`${origin}/inbox`)
          expect((await browser.get('/')).text).toBe('Hello alice')
        },
      )
    })

    it('[M10 L19] of a provider that nobody knows, and that never says it, the event tells what to do', async () => {
      const browser = await make({ behaviours: { omitAuthTime: true } })
      await browser.login()
      await browser.post('/auth/logout')
      setting.clock.advance(10)
      expect((await loginAll(setting, browser)).answer.status).toBe(400)
      const failed = setting.events.findLast((event) => event.type === 'login.failed')
      expect(failed?.type === 'login.failed' && failed.error.message).toMatch(/auth_time.*its profile/)
      expect((await browser.get('/')).status).toBe(303)
    })

    it.each([
      ['the marker', false, [true]],
      ['the mark', true, [false, true]],
    ])(
      '[M10] one that nobody promised is not asked for, once the person was sent to the login screen (%s)',
      async (_, loseCookie, expected) => {
        const browser = await make({ profile: { authTime: 'never' }, behaviours: { omitAuthTime: true } })
        await browser.login()
        await browser.post('/auth/logout')
        if (loseCookie) for (const name of browser.cookies.keys()) browser.cookies.delete(name)
        setting.clock.advance(10)
        const { answer, asked } = await loginAll(setting, browser)
        expect(asked).toEqual(expected)
        expect(answer.status).toBe(303)
        expect((await browser.get('/')).text).toBe('Hello alice')
      },
    )

    it("[A7] a marker that is garbage, or another cookie's value, asks for nothing and breaks nothing", async () => {
      const browser = await make()
      await browser.login()
      await browser.post('/auth/logout')
      const name = [...browser.cookies.keys()].find((each) => each.startsWith('endsession-fresh')) ?? ''
      expect(name).not.toBe('')
      for (const value of ['', 'x', browser.cookies.get('endsession-out') ?? '']) {
        browser.cookies.set(name, value)
        expect((await begin(browser)).searchParams.get('prompt')).toBeNull()
      }
    })
  })

  describe('a login against an end', () => {
    it('[S2 L3 A3] logged out in one tab while logging in in another: the person is asked again (need 6)', async () => {
      const browser = await make()
      await browser.login()
      const url = await begin(browser, '?returnTo=/inbox')
      const kept = [...browser.cookies].filter(([name]) => name.startsWith('endsession-in-'))
      await browser.post('/auth/logout', { scope: 'app' })
      expect(transactionsOf(browser)).toEqual([])
      // The other tab's answer was on its way already, with the cookies of before.
      for (const [name, value] of kept) browser.cookies.set(name, value)
      const answer = await visit(browser, setting.provider.authorize(url))
      expect(answer.status).toBe(303)
      expect(locationOf(answer).searchParams.get('prompt')).toBe('login')
      expect((await browser.get('/')).status).toBe(303)
      const back = await visit(browser, setting.provider.authorize(locationOf(answer)))
      expect(back.headers.get('location')).toBe(`${origin}/inbox`)
    })

    it('[A3 S2 L3] begun with a session that an admin has ended since: also when another one has come meanwhile', async () => {
      const browser = await make()
      await browser.login()
      const begun = await begin(browser, '?returnTo=/inbox')
      const first = await setting.endsession.session(request(browser))
      await setting.endsession.end({ id: first?.id ?? '' }, 'left')
      setting.clock.advance(30)
      await browser.login('bob', { sid: 'sid-bob' })
      expect((await browser.get('/')).text).toBe('Hello bob')
      const answer = await visit(
        browser,
        setting.provider.authorize(begun, { sub: 'carol', sid: 'sid-carol', browser: 'x' }),
      )
      expect(locationOf(answer).searchParams.get('prompt')).toBe('login')
      expect((await browser.get('/')).text).toBe('Hello bob')
    })

    describe.each([
      ['app', {}],
      ['provider', { omitSid: true }],
    ])('whose answer is on its way already, scope %s', (scope, behaviours) => {
      /** Begun when nobody was signed in; by the time it comes back, this browser has another session. */
      async function late(meanwhile: (browser: Browser) => Promise<unknown>) {
        let holds = false
        let arrive = (): void => {}
        let release = (): void => {}
        const arrived = new Promise<void>((resolve) => (arrive = resolve))
        const released = new Promise<void>((resolve) => (release = resolve))
        const browser = await make({
          behaviours,
          async wire(pass, url) {
            if (holds && url.endsWith('/token')) {
              arrive()
              await released
            }
            return pass()
          },
        })
        const back = setting.provider.authorize(await begin(browser, '?returnTo=/inbox'))
        await browser.login()
        holds = true
        const answer = visit(browser, back)
        await arrived
        setting.clock.advance(30)
        await meanwhile(browser)
        release()
        return { browser, answer: await answer }
      }

      it('[A3 S2 L3] a logout meanwhile is meant for it as well: the person is asked (need 6)', async () => {
        const { browser, answer } = await late((tab) => tab.post('/auth/logout', { scope }))
        expect(locationOf(answer).origin).toBe(setting.provider.issuer)
        expect(locationOf(answer).searchParams.get('prompt')).toBe('login')
        expect((await browser.get('/')).status).toBe(303)
        setting.clock.advance(5)
        const again = await visit(browser, setting.provider.authorize(locationOf(answer)))
        expect(again.headers.get('location')).toBe(`${origin}/inbox`)
      })

      it('[S2] and without a logout it signs in', async () => {
        const { browser, answer } = await late(async () => {})
        expect(answer.headers.get('location')).toBe(`${origin}/inbox`)
        expect((await browser.get('/')).text).toBe('Hello alice')
      })
    })

    it('[S2 L3] an end during the second try is heard, too: then there is a page', async () => {
      const browser = await make()
      await browser.login()
      const iss = setting.provider.issuer
      setting.clock.advance(5)
      const [{ id } = { id: '' }] = await setting.store.list({ iss, client: 'app', sub: 'alice' })
      // A mark of another person refuses the first try; this browser's own session lives on.
      await setting.store.end({ by: 'sub', iss, client: 'app', sub: 'bob' }, 'everywhere')
      const first = await visit(
        browser,
        setting.provider.authorize(careless(await begin(browser)), { sub: 'bob', authTime: setting.clock.now() - 100 }),
      )
      expect(first.status).toBe(303)
      expect((await browser.get('/')).text).toBe('Hello alice')
      await setting.store.end({ by: 'id', id }, 'admin')
      setting.clock.advance(5)
      const second = await visit(browser, setting.provider.authorize(locationOf(first), { sub: 'bob' }))
      expect(second.status).toBe(403)
      expect((await browser.get('/')).status).toBe(303)
    })

    it('[S2] a session that was replaced meanwhile is no obstacle', async () => {
      const browser = await make()
      await browser.login()
      const [one, two] = [await begin(browser), await begin(browser)]
      await visit(browser, setting.provider.authorize(one))
      expect((await visit(browser, setting.provider.authorize(two))).headers.get('location')).toBe(`${origin}/`)
    })

    it('[S2] nor one that has expired', async () => {
      const browser = await make({ options: { session: { idleSeconds: 60 } } })
      await browser.login()
      const url = await begin(browser)
      setting.clock.advance(120)
      expect((await visit(browser, setting.provider.authorize(url))).headers.get('location')).toBe(`${origin}/`)
      expect((await browser.get('/')).text).toBe('Hello alice')
    })
  })

  describe('several providers', () => {
    const app = { issuer: 'https://id.example', clientId: 'app', clientSecret: 'app-secret' }
    const other = { issuer: 'https://other.example', clientId: 'mail', clientSecret: 'mail-secret' }
    let second: FakeProvider

    async function makeTwo(): Promise<Browser> {
      const now = () => setting.clock.now()
      second = fakeProvider({ issuer: other.issuer, clients: { mail: 'mail-secret' }, now })
      return make({
        options: {
          providers: { first: app, second: other },
          runtime: {
            now,
            fetch: (input, init) =>
              (String(input).startsWith(other.issuer) ? second : setting.provider).fetch(input, init),
          },
        },
      })
    }

    it('[A8] are chosen by name; without a name there is a page (need 27)', async () => {
      const browser = await makeTwo()
      const page = await browser.get('/auth/login?returnTo=/in"box')
      expect(page.status).toBe(200)
      expect(page.text).toMatch(/href="[^"]*provider=first&amp;returnTo=[^"]*"/)
      expect(page.text).toContain('other.example')
      expect(browser.cookies.size).toBe(0)
      const back = await visit(browser, second.authorize(await begin(browser, '?provider=second')))
      expect(back.status).toBe(303)
      expect(await setting.endsession.session(request(browser))).toMatchObject({
        provider: 'second',
        iss: other.issuer,
        client: 'mail',
      })
    })

    it.each(['third', 'constructor', '__proto__', 'toString', 'FIRST', 'first\u0000', 'x'.repeat(5000)])(
      '[A8 L18] there is no %.12j',
      async (name) => {
        const browser = await makeTwo()
        const answer = await browser.get(`/auth/login?${new URLSearchParams({ provider: name })}`)
        expect(answer.status).toBe(400)
        expect(answer.text).toContain('This request was refused')
        expect(browser.cookies.size).toBe(0)
      },
    )

    it('[A8 L2] the answer of one provider is none to a login at the other', async () => {
      const browser = await makeTwo()
      const back = second.authorize(await begin(browser, '?provider=first'))
      expect((await visit(browser, back)).status).toBe(400)
      expect((await browser.get('/')).status).toBe(303)
      expect(setting.provider.count('token') + second.count('token')).toBe(0)
    })

    it('[A7 A8] a login at one of them does not take off what the other one has to ask for', async () => {
      const browser = await makeTwo()
      await visit(browser, setting.provider.authorize(await begin(browser, '?provider=first')))
      await browser.post('/auth/logout')
      setting.clock.advance(10)
      const elsewhere = await begin(browser, '?provider=second')
      expect(elsewhere.searchParams.get('prompt')).toBeNull()
      await visit(browser, second.authorize(elsewhere))
      await browser.post('/auth/logout')
      for (const name of ['first', 'second'])
        expect((await begin(browser, `?provider=${name}`)).searchParams.get('prompt')).toBe('login')
    })

    it('[A8 M3] two clients of one issuer are two providers', async () => {
      const clients = { app: 'app-secret', admin: 'admin-secret' }
      const admin = { ...app, clientId: 'admin', clientSecret: 'admin-secret' }
      const browser = await make({ behaviours: { clients }, options: { providers: { app, admin } } })
      await visit(browser, setting.provider.authorize(await begin(browser, '?provider=admin')))
      expect(await setting.endsession.session(request(browser))).toMatchObject({ provider: 'admin', client: 'admin' })
      await browser.post('/auth/logout')
      setting.clock.advance(10)
      expect((await begin(browser, '?provider=app')).searchParams.get('prompt')).toBeNull()
      expect((await begin(browser, '?provider=admin')).searchParams.get('prompt')).toBe('login')
    })

    it('[A8] a provider that has left the options: its sessions live, its logins do not finish', async () => {
      const browser = await makeTwo()
      await visit(browser, second.authorize(await begin(browser, '?provider=second')))
      const late = second.authorize(await begin(browser, '?provider=second'))
      const left = createEndSession({
        baseUrl: origin,
        secret: 'a secret of thirty-two bytes or more',
        store: setting.store,
        unsafeLossyStore: true,
        providers: { first: app },
        runtime: { now: setting.clock.now, fetch: setting.provider.fetch },
      })
      expect(await left.session(request(browser))).toMatchObject({ iss: other.issuer })
      const answer = await left.handle(new Request(late, { headers: request(browser).headers }))
      expect(answer?.status).toBe(400)
      expect(second.count('token')).toBe(1)
    })
  })

  it('[L2 A6] a login of ours that does not hold is told; what strangers send for one is not', async () => {
    const browser = await make({ behaviours: { idTokenClaims: { nonce: 'of another login' } } })
    const told = () => setting.events.filter(({ type }) => type === 'login.failed')
    await browser.get('/auth/callback?code=x&state=unknown')
    expect(told()).toEqual([])
    expect((await browser.login()).status).toBe(400)
    expect(told()).toHaveLength(1)
  })
})
