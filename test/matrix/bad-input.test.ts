import { afterEach, describe, expect, it } from 'vitest'
import { type Browser, makeSetting, origin, type Setting, transports } from './setting.ts'

const routes = {
  login: 'GET',
  callback: 'GET',
  logout: 'GET POST',
  'logged-out': 'GET',
  'backchannel-logout': 'POST',
} as const
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'] as const
const wrong = Object.entries(routes).flatMap(([route, allowed]) =>
  methods
    .filter((method) => !allowed.split(' ').includes(method))
    .map((method) => [method, route, allowed.split(' ')] as const),
)
const posts = ['logout', 'backchannel-logout'] as const
const form = { 'content-type': 'application/x-www-form-urlencoded' }
/** What a page of ours sends. */
const ours = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', origin }

const bytesOf = ({ headers }: { headers: Headers }) =>
  [...headers].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)

describe.each(transports)('through the %s', (transport) => {
  let setting: Setting
  let browser: Browser
  afterEach(() => setting?.close())

  async function signedIn(): Promise<{ cookie: string; head: string }> {
    setting = await makeSetting({ transport })
    browser = setting.browser()
    await browser.login()
    return {
      cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      head: await setting.store.head(),
    }
  }

  /** Nothing has ended, nothing has opened, no token has been touched. */
  async function expectUnchanged(head: string): Promise<void> {
    await setting.settled()
    expect(await setting.store.head()).toBe(head)
    expect((await browser.get('/')).text).toBe('Hello alice')
    expect(await setting.store.list({ iss: setting.provider.issuer, client: 'app', sub: 'alice' })).toHaveLength(1)
    expect(setting.events.map(({ type }) => type).filter((type) => type !== 'backchannel.rejected')).toEqual([
      'session.created',
    ])
    expect(setting.provider.revokedTokens).toEqual([])
  }

  it.each(wrong)('[L18] %s %s is 405, says what works, and changes nothing', async (method, route, allowed) => {
    const { cookie, head } = await signedIn()
    const body = method === 'GET' || method === 'OPTIONS' ? {} : { body: 'scope=everywhere' }
    const length = 'body' in body ? { 'content-length': '16' } : {}
    const answer = await setting.send(`/auth/${route}`, {
      method,
      headers: { cookie, ...ours, ...form, ...length },
      ...body,
    })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe(allowed.join(', '))
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await answer.text()).toBe('')
    await expectUnchanged(head)
  })

  it.each(Object.keys(routes))('[A5 L18] HEAD %s ends nothing and has no body', async (route) => {
    const { cookie, head } = await signedIn()
    const answer = await setting.send(`/auth/${route}`, { method: 'HEAD', headers: { cookie, ...ours } })
    expect(answer.status).toBeGreaterThanOrEqual(200)
    await expectUnchanged(head)
  })

  it.each([
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    '',
    '/',
    '.',
    '..',
    'login/',
    'Login',
    'LOGOUT',
    'logout%2F',
    '%6cogout',
    'logout;x',
    'logout/everywhere',
    'x'.repeat(4000),
    '%00',
    '%FF%FE',
  ])('[L18] %.20j is no route of ours', async (name) => {
    const { cookie, head } = await signedIn()
    for (const method of ['GET', 'POST', 'DELETE']) {
      const request = new Request(`${origin}/auth/${name}`, { method, headers: { cookie, ...ours } })
      expect(await setting.endsession.handle(request)).toBeUndefined()
    }
    const answer = await setting.send(`/auth/${name}`, { method: 'GET', headers: { cookie, ...ours } })
    expect(await answer.text()).toBe('Hello alice')
    await expectUnchanged(head)
  })

  it.each(['/authlogout', '/AUTH/logout', '/auth', '/x/auth/logout', '//auth/logout', '/auth//logout'])(
    '[L18] %s is not ours',
    async (path) => {
      await signedIn()
      expect(
        await setting.endsession.handle(new Request(origin + path, { method: 'POST', headers: ours })),
      ).toBeUndefined()
    },
  )

  describe.each(posts)('POST %s', (route) => {
    it.each([
      'application/json',
      'multipart/form-data; boundary=x',
      'text/plain',
      'text/html',
      'x',
      'application/x-www-form-urlencoded-not',
    ])('[L18] of type %s is 415', async (type) => {
      const { cookie, head } = await signedIn()
      const headers = { cookie, ...ours, 'content-type': type }
      const answer = await setting.send(`/auth/${route}`, { method: 'POST', headers, body: '{"scope":"everywhere"}' })
      expect(answer.status).toBe(415)
      await expectUnchanged(head)
    })

    it.each([
      ['said at once', {}],
      ['in pieces', { 'transfer-encoding': 'chunked' }],
    ] as const)('[A12 L18] of 10 MB, %s, is 413', async (_, encoding) => {
      const { cookie, head } = await signedIn()
      const headers = { cookie, ...ours, ...form, ...encoding }
      const answer = await setting.send(`/auth/${route}`, {
        method: 'POST',
        headers,
        body: `logout_token=${'x'.repeat(10_000_000)}`,
      })
      expect(answer.status).toBe(413)
      expect(bytesOf(answer)).toBeLessThan(4096)
      await expectUnchanged(head)
    })

    it('[A12 L18] of a length that is a lie is no more than what came', async () => {
      const { cookie, head } = await signedIn()
      for (const length of ['99999999999999999999', '65537']) {
        const request = new Request(`${origin}/auth/${route}`, {
          method: 'POST',
          headers: { cookie, ...ours, ...form, 'content-length': length },
          body: 'a=1',
        })
        expect((await setting.endsession.handle(request))?.status).toBe(413)
      }
      await expectUnchanged(head)
    })
  })

  it.each([
    ['an unknown scope', 'scope=all'],
    ['a scope of Object', 'scope=constructor'],
    ['a scope in capitals', 'scope=APP'],
  ])('[L18] POST logout with %s is refused, and ends nothing', async (_, body) => {
    const { cookie, head } = await signedIn()
    const answer = await setting.send('/auth/logout', { method: 'POST', headers: { cookie, ...ours, ...form }, body })
    expect(answer.status).toBe(400)
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await answer.text()).not.toContain('everywhere')
    await expectUnchanged(head)
  })

  it.each(['scope=app&scope=everywhere', 'returnTo=/a&returnTo=/b'])(
    '[L18] POST logout with %s is refused, and ends nothing',
    async (body) => {
      const { cookie, head } = await signedIn()
      const answer = await setting.send('/auth/logout', { method: 'POST', headers: { cookie, ...ours, ...form }, body })
      expect(answer.status).toBe(400)
      await expectUnchanged(head)
    },
  )

  it.each([
    ['nobody vouches', {}],
    ['another site sends it', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['another site sends it and lies about its origin', { 'sec-fetch-site': 'cross-site', origin }],
    ['a sibling sends it', { 'sec-fetch-site': 'same-site', origin: 'http://evil.localhost' }],
    ['an old browser sends it from elsewhere', { origin: 'https://evil.example' }],
    ['an old browser says null', { origin: 'null' }],
    ['it is typed into the address bar', { 'sec-fetch-site': 'none' }],
    [
      'Host agrees with a foreign origin',
      { host: 'evil.example', 'x-forwarded-host': 'evil.example', origin: 'http://evil.example' },
    ],
  ])('[A5 A11] POST logout is refused when %s (need 19)', async (_, headers) => {
    const { cookie, head } = await signedIn()
    const answer = await setting.send('/auth/logout', {
      method: 'POST',
      headers: { cookie, ...form, ...headers },
      body: '',
    })
    expect(answer.status).toBe(403)
    expect(answer.headers.getSetCookie()).toEqual([])
    await expectUnchanged(head)
  })

  it("[A5] a form on a page with `Referrer-Policy: no-referrer`, helmet's default, does log out", async () => {
    await signedIn()
    expect((await browser.post('/auth/logout', {}, { origin: 'null' })).status).toBe(200)
    expect((await browser.get('/')).status).toBe(303)
  })

  it.each([
    '',
    'logout_token=',
    'logout_token=x',
    'logout_token=x.y.z',
    'logout_token=a&logout_token=b',
    'token=x',
    '%',
    '\u0000',
    '&&&===',
    '__proto__=x',
    `logout_token=${'.'.repeat(60_000)}`,
    `logout_token=e30.e30.${'A'.repeat(50_000)}`,
  ])('[L18] POST backchannel-logout with %.30j is 400 in fixed words, and no key is fetched', async (body) => {
    const { head } = await signedIn()
    const keys = setting.provider.count('jwks')
    const answer = await setting.send('/auth/backchannel-logout', { method: 'POST', headers: form, body })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toEqual({ error: 'invalid_request', error_description: expect.any(String) })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(setting.provider.count('jwks')).toBe(keys)
    await expectUnchanged(head)
  })

  it.each([
    ['login', '?returnTo=/a&returnTo=/b'],
    ['login', '?provider=example&provider=example'],
    ['login', '?provider=constructor'],
    ['callback', ''],
    ['callback', '?state=x&code=y'],
    ['callback', '?code=y'],
    ['callback', '?error=x'],
    ['callback', '?state=x&state=x&code=y'],
    ['callback', `?state=${'x'.repeat(7000)}`],
    ['callback', '?%00=%FF&state=%E0%A4'],
    ['callback', '?state=__proto__.x&code=1'],
    ['logged-out', '?state=a&state=b'],
  ])('[L18] GET %s%s: a page in fixed words, or a code for a script; nothing changes', async (route, query) => {
    const { cookie, head } = await signedIn()
    const held = await browser.post('/auth/logout', {}, { 'sec-fetch-site': 'cross-site' })
    expect(held.status).toBe(403)
    const page = await setting.send(`/auth/${route}${query}`, { method: 'GET', headers: { cookie, ...ours } })
    const text = await page.text()
    // Without a logout of this browser's own the landing has nothing to ask `state` for.
    expect(page.status).toBe(route === 'logged-out' ? 200 : 400)
    expect(text).toContain('<!doctype html>')
    expect(text).not.toMatch(/constructor|__proto__|xxxx/)
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.headers.getSetCookie()).toEqual([])
    if (route !== 'logged-out') {
      const script = await setting.send(`/auth/${route}${query}`, {
        method: 'GET',
        headers: { cookie, 'sec-fetch-mode': 'cors' },
      })
      expect([script.status, script.headers.get('content-type')]).toEqual([400, 'application/json'])
      expect(Object.keys((await script.json()) as object)).toEqual(['error'])
    }
    await expectUnchanged(head)
  })

  it('[L18] headers full of nonsense break nothing', async () => {
    const { cookie, head } = await signedIn()
    const headers = {
      cookie: `;;=;=x; ${'j=k; '.repeat(500)}${cookie}; ${'x'.repeat(2000)}`,
      origin: 'x',
      'sec-fetch-site': ',',
      'sec-fetch-mode': '\u00ff',
      purpose: 'x'.repeat(1000),
      accept: '*',
      'content-length': '0',
    }
    for (const path of Object.keys(routes)) {
      const answer = await setting.send(`/auth/${path}`, {
        method: path === 'backchannel-logout' ? 'POST' : 'GET',
        headers,
      })
      expect(answer.status).toBeLessThan(500)
      expect(bytesOf(answer)).toBeLessThan(4096)
    }
    await expectUnchanged(head)
  })
})
