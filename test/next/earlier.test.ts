import { encode } from 'next-auth/jwt'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { allSay, copyOf, everyReader } from './readers.ts'
import { type Browser, makeSetting, type Setting, type SettingOptions } from './setting.ts'

vi.mock('next/headers.js', () => import('./next-request.ts'))

const secret = 'a secret of thirty-two bytes or more'
const salt = 'authjs.session-token'
let setting: Setting
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(async () => {
  await setting.close()
  vi.useRealTimers()
})
const now = () => Math.floor(Date.now() / 1000)
const advance = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000)

/** A browser with the cookie of plain Auth.js, whose callback had copied the tokens into it; `big`: in chunks. */
async function fromBefore(given: SettingOptions = {}, { tokens = true, big = false } = {}): Promise<Browser> {
  setting = await makeSetting({ ...given, options: { adoptUntil: now() + 30 * 86_400, ...given.options } })
  const { issuer, clientId } = setting.provider
  const idToken = await setting.provider.sign({
    iss: issuer,
    aud: clientId,
    sub: 'alice',
    sid: 'sid-1',
    iat: now() - 600,
    exp: now() - 300,
    ...(big && { groups: 'x'.repeat(6000) }),
  })
  const token = {
    name: 'Alice',
    sub: 'a-random-id-of-this-login',
    ...(tokens && { idToken, accessToken: 'old-access', refreshToken: 'old-refresh', expiresAt: now() + 300 }),
  }
  const value = await encode({ token, secret, salt })
  const browser = setting.browser()
  if (!big) browser.cookies.set(salt, value)
  else
    for (const [place, part] of (value.match(/.{1,3936}/g) ?? []).entries())
      browser.cookies.set(`${salt}.${place}`, part)
  return browser
}

describe('a login from before endsession', () => {
  it.each([false, true])(
    'is taken over at the first read, its tokens leave the cookie, and no reader misses it (big: %s)',
    async (big) => {
      const browser = await fromBefore({}, { big })
      expect(await everyReader(setting, browser.cookies)).toMatchObject({
        ...allSay('Alice'),
        'getToken()': big ? 'Alice' : 'Alice',
        'endsession.session': null,
        'endsession.session(req)': null,
      })
      const session = await browser.get('/api/auth/session')
      expect(session.text).not.toContain('old-')
      expect(browser.cookies.get(salt)).toMatch(/^es1\./)
      expect([...browser.cookies.keys()].filter((name) => name.startsWith(salt))).toEqual([salt])
      expect(setting.events.filter(({ type }) => type === 'session.created')).toHaveLength(1)
      expect(await browser.within(() => setting.app.endsession.accessToken())).toMatchObject({
        ok: true,
        token: 'old-access',
      })
    },
  )

  it('[L22 A3] once ended, no copy of its old cookie is taken over again', async () => {
    const browser = await fromBefore()
    const old = copyOf(browser)
    await browser.get('/api/auth/session')
    advance(5)
    const left = await browser.post('/api/auth/endsession/logout')
    expect(left.text).toContain('id_token_hint')
    expect(await everyReader(setting, old)).toMatchObject({
      'auth() in a component': null,
      '/api/auth/session': null,
      'auth(proxy)': null,
    })
    expect(setting.events.filter(({ type }) => type === 'session.created')).toHaveLength(1)
  })

  it('[M8] the provider’s logout token ends it', async () => {
    const browser = await fromBefore()
    await browser.auth()
    advance(5)
    const token = await setting.provider.logoutToken({ sid: 'sid-1' })
    await browser.post('/api/auth/endsession/backchannel-logout', { logout_token: token })
    expect(await browser.auth()).toBe(null)
  })

  it('without an ID token it is taken over by its name alone, and an event counts it', async () => {
    const browser = await fromBefore({}, { tokens: false })
    expect(await browser.auth()).toMatchObject({ user: { name: 'Alice' } })
    expect(setting.events.map(({ type }) => type)).toContain('adoption.limited')
    const old = copyOf(browser)
    advance(5)
    await browser.post('/api/auth/endsession/logout')
    expect(await everyReader(setting, old)).toMatchObject({ 'auth() in a component': null })
  })

  it('[M3] with people in a database it is its owner’s, not the person’s whom the provider calls by that number', async () => {
    const adapter = { getUser: () => null } as never
    const browser = await fromBefore({ config: { adapter, session: { strategy: 'jwt' } } }, { tokens: false })
    expect(await browser.auth()).toMatchObject({ user: { name: 'Alice' } })
    await browser.get('/api/auth/session')
    const session = await browser.within(() => setting.app.endsession.session())
    expect(session).toMatchObject({ sub: 'authjs:a-random-id-of-this-login' })
  })

  it('is over where nothing says until when it may be taken over, and afterwards', async () => {
    const browser = await fromBefore()
    advance(30 * 86_400 + 1)
    expect(await browser.auth()).toBe(null)
    await setting.close()
    const late = await fromBefore({ options: { adoptUntil: 1 } })
    expect(await late.auth()).toBe(null)
  })

  it('a cookie that somebody else has made is nobody’s', async () => {
    const browser = await fromBefore()
    for (const value of [
      'x',
      'es1.',
      'es1.AAAA',
      await encode({ token: { sub: 'alice' }, secret: 'another secret of thirty-two bytes!', salt }),
    ]) {
      browser.cookies.set(salt, value)
      expect([value.slice(0, 8), await browser.auth()]).toEqual([value.slice(0, 8), null])
    }
  })
})

describe('the session cookie', () => {
  it('opens with not a bit changed, and not once it is too old', async () => {
    setting = await makeSetting({
      behaviours: { idTokenClaims: { name: 'Alice' } },
      options: { session: { absoluteSeconds: 90 * 86_400, idleSeconds: 90 * 86_400 } },
    })
    const browser = setting.browser()
    await browser.login()
    const value = browser.cookies.get(salt) as string
    const { endsession } = setting.app
    const ask = (cookie: string) => endsession.session(new Request(setting.origin, { headers: { cookie } }))
    expect((await ask(`${salt}=${value}`))?.sub).toBe('alice')
    const flipped = value.slice(0, -3) + (value.at(-3) === 'A' ? 'B' : 'A') + value.slice(-2)
    expect(await ask(`${salt}=${flipped}`)).toBe(undefined)
    advance(30 * 86_400 + 1)
    expect(await ask(`${salt}=${value}`)).toBe(undefined)
  })

  it('opens under its own name only', async () => {
    const { sealed, store } = await withOnly(secret)
    setting = await makeSetting({ options: { store }, config: { cookies: { sessionToken: { name: 'sid' } } } })
    expect(await setting.app.endsession.session(asking(`sid=${sealed}`))).toBe(undefined)
    await setting.close()
    setting = await makeSetting({ options: { store } })
    expect(await setting.app.endsession.session(asking(`${salt}=${sealed}`))).toMatchObject({ sub: 'alice' })
  })

  it('is read with every secret of the list, and sealed with the first', async () => {
    const [newer, older] = ['a newer secret of thirty-two bytes or more', secret]
    const options = { baseUrl: 'http://localhost:3999' }
    setting = await makeSetting({ config: { secret: [newer, older] }, options })
    await setting.app.endsession.ready()
    const earlier = setting.browser()
    const { sealed, store } = await withOnly(older)
    await setting.close()
    setting = await makeSetting({ config: { secret: [newer, older] }, options: { ...options, store } })
    earlier.cookies.set(salt, sealed)
    expect(
      await setting.app.endsession.session(
        new Request('http://localhost', { headers: { cookie: `${salt}=${sealed}` } }),
      ),
    ).toMatchObject({ sub: 'alice' })
    await setting.close()
    setting = await makeSetting({ config: { secret: newer }, options: { ...options, store } })
    expect(
      await setting.app.endsession.session(
        new Request('http://localhost', { headers: { cookie: `${salt}=${sealed}` } }),
      ),
    ).toBe(undefined)
  })
})

const asking = (cookie: string) => new Request('http://localhost', { headers: { cookie } })

/** A login under this secret alone. */
async function withOnly(only: string) {
  const { memoryStore } = await import('endsession')
  const store = { ...memoryStore(), close: async () => {} }
  const old = await makeSetting({ config: { secret: only }, options: { store } })
  const browser = old.browser()
  await browser.login()
  await old.close()
  return { sealed: browser.cookies.get(salt) as string, store }
}
