import { createEndSession, memoryStore, type Store, type StoredSession } from 'endsession'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Browser, makeSetting, origin, type Setting, type SettingOptions, transports } from './setting.ts'

const secret = 'a secret of thirty-two bytes or more'
const cookiesOf = (browser: Browser) => [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
const request = (browser: Browser, headers: Record<string, string> = {}, path = '/') =>
  new Request(origin + path, { headers: { cookie: cookiesOf(browser), ...headers } })
const bytesOf = ({ headers }: { headers: Headers }) =>
  [...headers].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)

/** A store whose methods can be laid over while it runs. */
function meddled(): { store: NonNullable<SettingOptions['store']>; over: Partial<Store>; calls: string[] } {
  const over: Partial<Store> = {}
  const calls: string[] = []
  const store = ({ now }: { now(): number }): Store => {
    const real = memoryStore({ now })
    return new Proxy(real, {
      get:
        (_, name: keyof Store) =>
        (...given: never[]) => {
          calls.push(name)
          return ((over[name] ?? real[name]) as (...given: never[]) => unknown)(...given)
        },
    })
  }
  return { store, over, calls }
}

describe.each(transports)('through the %s', (transport) => {
  let setting: Setting
  afterEach(() => setting?.close())
  const make = async (given: SettingOptions = {}) => {
    setting = await makeSetting({ transport, ...given })
    return setting.browser()
  }

  describe('the check', () => {
    it('[L4] reads once and writes nothing', async () => {
      const { store, calls } = meddled()
      const browser = await make({ store })
      await browser.login()
      await setting.settled()
      setting.clock.advance(20_000)
      calls.length = 0
      expect(await setting.endsession.session(request(browser))).toMatchObject({
        sub: 'alice',
        provider: 'example',
        client: 'app',
      })
      await setting.settled()
      expect(calls).toEqual(['get'])
    })

    it.each([
      ['no cookie', ''],
      ['an empty one', 'endsession='],
      ['garbage', 'endsession=\u00ff'],
      ['an unknown id', `endsession=0.${'A'.repeat(43)}`],
      ['a partition that there is not', `endsession=9999.${'A'.repeat(43)}`],
      ['a huge one', `endsession=${'A'.repeat(8000)}`],
      ['another name', `Endsession=0.${'A'.repeat(43)}; xendsession=1`],
      ['a header of separators', ';;;===;;,,, ;'],
    ])('[L4 L18] %s is nobody, and no error', async (_, cookie) => {
      await make()
      expect(await setting.endsession.session(new Request(origin, { headers: { cookie } }))).toBeUndefined()
      const answer = await setting.send('/', { method: 'GET', headers: { cookie, accept: 'text/html' } })
      expect(answer.status).toBe(303)
    })

    it('[M1] a session is over when its idle time, or all its time is over', async () => {
      const browser = await make({ options: { session: { idleSeconds: 100, absoluteSeconds: 250 } } })
      await browser.login()
      for (const [seconds, status] of [
        [99, 200],
        [99, 200],
        [51, 200],
        [1, 303],
      ] as const) {
        setting.clock.advance(seconds)
        expect((await browser.get('/')).status).toBe(status)
        await setting.settled()
      }
      await browser.login()
      setting.clock.advance(100)
      expect((await browser.get('/')).status).toBe(303)
    })

    it('[A6] of two cookies with one name the first counts; a bad one in front signs out, and is no error', async () => {
      await make()
      const [alice, mallory] = [setting.browser('alice'), setting.browser('mallory')]
      await alice.login('alice')
      await mallory.login('mallory')
      const both = `${cookiesOf(alice)}; ${cookiesOf(mallory)}`
      expect(await setting.endsession.session(new Request(origin, { headers: { cookie: both } }))).toMatchObject({
        sub: 'alice',
      })
      const planted = `endsession=x; ${cookiesOf(alice)}`
      expect(await setting.endsession.session(new Request(origin, { headers: { cookie: planted } }))).toBeUndefined()
    })

    it('[A6] nobody changes what the next request gets', async () => {
      const browser = await make()
      await browser.login('alice', { claims: { groups: ['user'] } })
      const session = await setting.endsession.session(request(browser))
      const groups = session?.claims['groups'] as string[]
      expect(groups).toEqual(['user'])
      expect(() => groups.push('admin')).toThrow(TypeError)
      expect((await setting.endsession.session(request(browser)))?.claims['groups']).toEqual(['user'])
    })
  })

  describe('cookie and row', () => {
    it('[A6] the cookie is an id under 200 bytes; the store has its hash and sealed tokens', async () => {
      const browser = await make({ behaviours: { fatIdTokenBytes: 8000 } })
      const back = await browser.login('alice', { claims: { name: 'Alice Canary' } })
      const line = back.headers.getSetCookie().find((each) => each.startsWith('endsession=')) ?? ''
      expect(line.length).toBeLessThan(200)
      expect(line).toMatch(/^endsession=0\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=691200$/)
      const session = await setting.endsession.session(request(browser))
      const row = await setting.store.get(session?.id ?? '')
      const text = `${JSON.stringify({ ...row, sealed: '' })}${Buffer.from(row?.sealed ?? []).toString('latin1')}`
      const tokens = ['access-', 'refresh-', 'Alice Canary', browser.cookies.get('endsession') ?? '']
      for (const token of tokens) expect(text).not.toContain(token)
      expect(JSON.stringify(session)).not.toMatch(/access-|refresh-|eyJ/)
    })

    it('[A6] on https every cookie is `__Host-`, Secure, HttpOnly, Lax, and expires the same way (need 9)', async () => {
      await make()
      const endsession = createEndSession({
        baseUrl: 'https://mail.example',
        secret,
        store: memoryStore({ now: setting.clock.now }),
        unsafeLossyStore: true,
        providers: { example: { issuer: setting.provider.issuer, clientId: 'app', clientSecret: 'app-secret' } },
        runtime: { now: setting.clock.now, fetch: setting.provider.fetch },
      })
      // As a proxy hands it on.
      const visit = async (path: string, cookie = '', init: RequestInit = {}) =>
        (await endsession.handle(
          new Request(`http://10.0.0.7:8080${path}`, { ...init, headers: { cookie, ...init.headers } }),
        )) as Response
      const start = await visit('/auth/login')
      const cookie = start.headers.getSetCookie()[0]?.split(';')[0] ?? ''
      const back = setting.provider.authorize(start.headers.get('location') ?? '')
      expect(back.origin).toBe('https://mail.example')
      const signedIn = await visit(back.pathname + back.search, cookie)
      const own = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
      const out = await visit('/auth/logout', own, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } })
      const lines = [start, signedIn, out].flatMap(({ headers }) => headers.getSetCookie())
      expect(lines.length).toBeGreaterThan(6)
      for (const line of lines)
        expect(line).toMatch(/^__Host-endsession[\w-]*=[\w.-]*; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=\d+$/)
    })

    it("[S14 S12] swapped rows do not open: another person's row is an error, never another person", async () => {
      const { store, over } = meddled()
      await make({ store })
      const [alice, mallory] = [setting.browser('alice'), setting.browser('mallory')]
      await alice.login('alice')
      await mallory.login('mallory')
      const list = async (sub: string) =>
        (await setting.store.list({ iss: setting.provider.issuer, client: 'app', sub }))[0] as StoredSession
      const [his, hers] = [await list('mallory'), await list('alice')]
      for (const row of [{ ...his, sealed: hers.sealed }, hers, { ...hers, id: his.id }, { ...his, sub: 'alice' }]) {
        over.get = async () => row
        await expect(setting.endsession.session(request(mallory))).rejects.toMatchObject({
          code: 'ERR_STORE',
          status: 503,
        })
      }
      over.get = async () => his
      expect(await setting.endsession.session(request(mallory))).toMatchObject({ sub: 'mallory' })
    })

    it('[A6] an app with another secret on the same store opens no session of ours', async () => {
      const browser = await make()
      await browser.login()
      const options = (theirs: string | [string, string]) => ({
        baseUrl: origin,
        secret: theirs,
        store: setting.store,
        unsafeLossyStore: true,
        providers: { example: { issuer: setting.provider.issuer, clientId: 'app', clientSecret: 'app-secret' } },
        runtime: { now: setting.clock.now, fetch: setting.provider.fetch },
      })
      const theirs = createEndSession(options('another secret, of 32 bytes or more'))
      await expect(theirs.session(request(browser))).rejects.toMatchObject({ code: 'ERR_STORE' })
      const rotated = createEndSession(options(['another secret, of 32 bytes or more', secret]))
      expect(await rotated.session(request(browser))).toMatchObject({ sub: 'alice' })
    })
  })

  describe('protect', () => {
    it('[L4] sends a page to the login, and back; a script gets 401', async () => {
      const browser = await make()
      const page = await browser.get('/inbox?a=1')
      expect(page.status).toBe(303)
      expect(page.headers.get('location')).toBe(`${origin}/auth/login?returnTo=%2Finbox%3Fa%3D1`)
      expect(page.headers.get('cache-control')).toBe('no-store')
      const script = await browser.get('/inbox', { 'sec-fetch-mode': 'cors', accept: 'application/json' })
      expect(script.status).toBe(401)
      expect(JSON.parse(script.text)).toEqual({ error: 'signed_out' })
      expect(script.headers.get('cache-control')).toBe('no-store')
    })

    it('[L4] adds `no-store`, over whatever the page says, and leaves the rest of it alone (need 32)', async () => {
      const browser = await make()
      await browser.login()
      const headers = new Headers({ 'cache-control': 'public, max-age=3600', 'x-own': '1' })
      headers.append('set-cookie', 'a=1')
      headers.append('set-cookie', 'b=2')
      for (const made of [
        new Response('text', { status: 201, headers }),
        new Response(null, { status: 204, headers }),
      ]) {
        const answer = await setting.endsession.protect(request(browser), () => made)
        expect(answer.status).toBe(made.status)
        expect(answer.headers.get('cache-control')).toBe('no-store')
        expect(answer.headers.get('x-own')).toBe('1')
        expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
        expect(await answer.text()).toBe(made.status === 201 ? 'text' : '')
      }
      const moved = await setting.endsession.protect(request(browser), () => Response.redirect(`${origin}/b`))
      expect(moved.headers.get('cache-control')).toBe('no-store')
    })

    it('[L4] never calls the page for nobody, and passes its error on', async () => {
      const browser = await make()
      const page = vi.fn(() => new Response())
      await setting.endsession.protect(request(browser), page)
      expect(page).not.toHaveBeenCalled()
      await browser.login()
      await expect(
        setting.endsession.protect(request(browser), () => Promise.reject(new RangeError('mine'))),
      ).rejects.toThrow(RangeError)
    })

    it.each([
      '//evil.example/x',
      '/\\evil.example',
      '/./\\evil.example',
      '//evil.example/..//x',
      '/%5Cevil.example',
      '/@evil.example',
    ])('[A11] the path %s leads back to no other origin', async (path) => {
      const browser = await make()
      const away = await browser.get(path)
      expect(away.headers.get('location')).toMatch(new RegExp(`^${origin}/auth/login\\?`))
      const start = await browser.follow(away)
      const back = setting.provider.authorize(start.headers.get('location') ?? '')
      const { headers } = await browser.get(back.pathname + back.search)
      expect(new URL(headers.get('location') ?? '').origin).toBe(origin)
    })

    it('[A10] a page with a huge address still has small headers (need 23)', async () => {
      const browser = await make()
      const answer = await browser.get(`/${'%C3%BC'.repeat(1000)}?${'/'.repeat(2000)}`)
      expect(answer.status).toBe(303)
      expect(bytesOf(answer)).toBeLessThan(4096)
      expect(answer.headers.get('location')).toBe(`${origin}/auth/login`)
    })

    it('[A5] a prefetch of a page begins no login', async () => {
      const browser = await make()
      const prefetch = { 'sec-purpose': 'prefetch' }
      const away = await browser.get('/', prefetch)
      const answer = await browser.get(new URL(away.headers.get('location') ?? '').pathname, prefetch)
      expect(answer.status).toBe(204)
      expect(browser.cookies.size).toBe(0)
    })
  })

  describe('idle time', () => {
    const idle = { session: { idleSeconds: 1000 } }

    it('[L9] is noted at most once per tenth', async () => {
      const { store, calls } = meddled()
      const browser = await make({ store, options: idle })
      await browser.login()
      const touches = () => calls.filter((name) => name === 'touch').length
      for (const [seconds, expected] of [
        [0, 0],
        [99, 0],
        [1, 1],
        [0, 1],
        [99, 1],
        [1, 2],
      ] as const) {
        setting.clock.advance(seconds)
        await browser.get('/')
        await setting.settled()
        expect(touches()).toBe(expected)
      }
    })

    it('[L9] is noted after the response: nobody waits for the store', async () => {
      const { store, over } = meddled()
      const browser = await make({ store, options: idle })
      await browser.login()
      setting.clock.advance(500)
      let note = () => {}
      over.touch = () =>
        new Promise((resolve) => {
          note = () => resolve()
        })
      expect((await browser.get('/')).text).toBe('Hello alice')
      note()
    })

    it('[L9] a note that is lost shortens the session, never lengthens it, and nobody hears of it', async () => {
      const { store, over } = meddled()
      const browser = await make({ store, options: idle })
      await browser.login()
      over.touch = () => Promise.reject(new Error('lost'))
      setting.clock.advance(999)
      expect((await browser.get('/')).text).toBe('Hello alice')
      await setting.settled()
      setting.clock.advance(1)
      expect((await browser.get('/')).status).toBe(303)
    })

    it('[A3 L9] a page that was on its way when its session ended brings nothing back (need 6)', async () => {
      const { store, over, calls } = meddled()
      const browser = await make({ store, options: idle })
      await browser.login()
      const { id = '' } = (await setting.endsession.session(request(browser))) ?? {}
      setting.clock.advance(500)
      const answer = await setting.endsession.protect(request(browser), async () => {
        await setting.store.end({ by: 'id', id }, 'admin')
        return new Response('late')
      })
      expect(await answer.text()).toBe('late')
      expect(answer.headers.getSetCookie()).toEqual([])
      await setting.settled()
      expect(calls).toContain('touch')
      expect((await browser.get('/')).status).toBe(303)
      expect(over).toEqual({})
    })
  })

  describe('a store that fails', () => {
    it('[S12] is never "signed out": the check throws, a route is 503', async () => {
      const { store, over } = meddled()
      const browser = await make({ store })
      await browser.login()
      over.get = () => Promise.reject(new Error('canary'))
      for (const call of [
        () => setting.endsession.session(request(browser)),
        () => setting.endsession.protect(request(browser), () => new Response()),
        () => setting.endsession.accessToken({ id: 'x' } as never),
      ])
        await expect(call()).rejects.toMatchObject({
          code: 'ERR_STORE',
          status: 503,
          message: expect.not.stringContaining('canary'),
        })
      for (const path of ['/auth/login', '/auth/logged-out']) {
        const page = await browser.get(path)
        expect(page.status).toBe(503)
        expect(page.text).not.toContain('canary')
        expect(page.headers.getSetCookie()).toEqual([])
        const script = await browser.get(path, { 'sec-fetch-mode': 'cors' })
        expect([script.status, JSON.parse(script.text)]).toEqual([503, { error: 'ERR_STORE' }])
      }
      expect(setting.events.filter(({ type }) => type === 'store.failed').length).toBeGreaterThan(5)
      over.get = undefined as never
      delete over.get
      expect((await browser.get('/')).text).toBe('Hello alice')
    })

    it.each([
      ['an object of nothing', {}],
      ['text', 'session'],
      ['yes', true],
      ['a number', 7],
      ['a list', []],
    ])('[S12] one that answers %s is ERR_STORE, too', async (_, garbage) => {
      const { store, over } = meddled()
      const browser = await make({ store })
      await browser.login()
      over.get = async () => garbage as never
      await expect(setting.endsession.session(request(browser))).rejects.toMatchObject({ code: 'ERR_STORE' })
    })

    it('[S12 A12] one that does not answer has failed after 5 s', async () => {
      const { store, over } = meddled()
      const browser = await make({ store })
      await browser.login()
      over.get = () => new Promise(() => {})
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
      const asked = expect(setting.endsession.session(request(browser))).rejects.toMatchObject({ code: 'ERR_STORE' })
      await vi.advanceTimersByTimeAsync(5_500)
      vi.useRealTimers()
      await asked
    })

    it.each(['process', 'second'] as const)('[S13] one that can lose a logout (%s) is refused', async (durability) => {
      const { store, over } = meddled()
      await make({ store, options: { unsafeLossyStore: false } })
      over.open = async () => ({ durability })
      const request = new Request(`${origin}/auth/login`, { headers: { cookie: `endsession=0.${'A'.repeat(43)}` } })
      for (const call of [
        () => setting.endsession.ready(),
        () => setting.endsession.session(request),
        () => setting.endsession.handle(request),
      ])
        await expect(call()).rejects.toMatchObject({
          code: 'ERR_OPTIONS',
          message: expect.stringContaining('unsafeLossyStore'),
        })
    })

    it('[S13] one that keeps them is taken; a first try that failed is tried again', async () => {
      const { store, over } = meddled()
      const browser = await make({ store, options: { unsafeLossyStore: false } })
      over.open = () => Promise.reject(new Error('not yet'))
      expect((await browser.get('/auth/logged-out', { cookie: `endsession=0.${'A'.repeat(43)}` })).status).toBe(503)
      over.open = async () => ({ durability: 'disk' })
      await setting.endsession.ready()
    })
  })

  describe('the access token', () => {
    it('is there while the session lives, and its hash is what the store knows of it', async () => {
      const browser = await make()
      await browser.login()
      const session = await setting.endsession.session(request(browser))
      const access = await setting.endsession.accessToken(session as never)
      expect(access).toMatchObject({ ok: true, expiresAt: setting.clock.now() + 3600 })
      expect(access.ok && setting.provider.alive(access.token)).toBe(true)
      await browser.post('/auth/logout')
      expect(await setting.endsession.accessToken(session as never)).toEqual({ ok: false, why: 'signed_out' })
    })

    it('is none once it has expired and there is nothing to refresh it with', async () => {
      const browser = await make({ behaviours: { omitRefreshToken: true } })
      await browser.login()
      const session = await setting.endsession.session(request(browser))
      setting.clock.advance(3600)
      expect(await setting.endsession.accessToken(session as never)).toEqual({ ok: false, why: 'no_token' })
    })
  })

  it('[A11] tells what to register, of the configured origin', async () => {
    await make()
    const { callback, loggedOut, backchannelLogout } = setting.endsession.urls
    expect([callback, loggedOut, backchannelLogout]).toEqual(
      ['callback', 'logged-out', 'backchannel-logout'].map((name) => `${origin}/auth/${name}`),
    )
  })
})
