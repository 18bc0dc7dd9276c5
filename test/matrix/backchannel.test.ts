import { memoryStore } from 'endsession'
import { afterEach, describe, expect, it } from 'vitest'
import { type FaultyStore, fails, faultyStore } from './faulty-store.ts'
import { isAlive, loginAt } from './leaving.ts'
import { type Answer, type Browser, makeSetting, type Setting, type SettingOptions, transports } from './setting.ts'

const refused = JSON.stringify({ error: 'invalid_request', error_description: 'The logout was not done.' })

describe.each(transports)('through the %s', (transport) => {
  let setting: Setting
  let faulty: FaultyStore
  afterEach(() => setting.close())

  async function make(given: SettingOptions = {}): Promise<Browser> {
    setting = await makeSetting({
      transport,
      store: (clock) => {
        faulty = faultyStore(memoryStore({ now: clock.now }))
        return faulty.store
      },
      ...given,
    })
    const browser = setting.browser()
    await loginAt(browser, setting.provider, 'example')
    setting.clock.advance(10)
    return browser
  }

  /** As a provider sends it: no cookies, no `Origin`, no `Sec-Fetch-*`. */
  function send(logoutToken: string, headers: Record<string, string> = {}): Promise<Answer> {
    const none = { origin: undefined, 'sec-fetch-site': undefined, 'sec-fetch-mode': undefined, accept: '*/*' }
    const given = { ...none, ...headers } as unknown as Record<string, string>
    return setting.browser('provider').post('/auth/backchannel-logout', { logout_token: logoutToken }, given)
  }

  const alive = (browser: Browser) => isAlive(setting, browser.cookies)

  it('[M8 L13 L16] ends the session that its sid names: 200, no-store, once told (need 4)', async () => {
    const browser = await make()
    const phone = setting.browser('phone')
    await phone.login()
    const answer = await send(await setting.provider.logoutToken({ sid: 'sid-1', sub: 'alice' }))
    expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([200, '', 'no-store'])
    expect([await alive(browser), await alive(phone)]).toEqual([false, true])
    await setting.settled()
    expect(setting.events.filter(({ type }) => type === 'session.ended')).toEqual([
      expect.objectContaining({ cause: 'backchannel' }),
    ])
    expect(setting.provider.revokedTokens).toContain('refresh-4')
  })

  it('[M8 M3] with a sub alone: all of that person, nobody else (need 15)', async () => {
    const browser = await make()
    const [phone, bob] = [setting.browser('phone'), setting.browser('bob')]
    await phone.login('alice')
    await bob.login('bob')
    expect((await send(await setting.provider.logoutToken({ sub: 'alice' }))).status).toBe(200)
    expect([await alive(browser), await alive(phone), await alive(bob)]).toEqual([false, false, true])
  })

  it('[M8] a sub that does not agree with the sid ends nothing', async () => {
    const browser = await make()
    expect((await send(await setting.provider.logoutToken({ sid: 'sid-1', sub: 'bob' }))).status).toBe(200)
    expect(await alive(browser)).toBe(true)
  })

  it('[L14 A14 L10] the reach of the revocation holds here, too: a shared grant is left alone', async () => {
    const browser = await make({ profile: { revocationReach: 'person' } })
    expect((await send(await setting.provider.logoutToken({ sid: 'sid-1' }))).status).toBe(200)
    await setting.settled()
    expect(await alive(browser)).toBe(false)
    expect(setting.provider.revokedTokens).toEqual([])
  })

  it('[L16 A4 M8] the same token again: 200, nothing told twice; after a new login it ends nothing newer', async () => {
    const browser = await make()
    const token = await setting.provider.logoutToken({ sub: 'alice', exp: setting.clock.now() + 3600 })
    expect((await send(token)).status).toBe(200)
    expect((await send(token)).status).toBe(200)
    expect(setting.events.filter(({ type }) => type === 'session.ended')).toHaveLength(1)
    setting.clock.advance(30)
    await browser.login()
    expect(await alive(browser)).toBe(true)
    expect((await send(token)).status).toBe(200)
    expect(await alive(browser)).toBe(true)
  })

  it('[L16 A4 M8] a late token for a sid ends what was older than itself', async () => {
    const browser = await make()
    const late = await setting.provider.logoutToken({
      sub: 'alice',
      iat: setting.clock.now() - 20,
      exp: setting.clock.now() + 60,
    })
    expect((await send(late)).status).toBe(200)
    expect(await alive(browser)).toBe(true)
  })

  it('[A3 M8] a login that is on its way when the token comes opens nothing', async () => {
    await make()
    const late = setting.browser('late')
    const start = await late.get('/auth/login?returnTo=/')
    const back = setting.provider.authorize(start.headers.get('location') ?? '', {
      sub: 'alice',
      browser: 'late',
      sid: 'sid-late',
    })
    expect((await send(await setting.provider.logoutToken({ sid: 'sid-late' }))).status).toBe(200)
    await late.get(back.pathname + back.search)
    expect(await alive(late)).toBe(false)
  })

  describe('what is refused', () => {
    const bad: [check: string, claims: object, header?: { typ?: string; kid?: string }][] = [
      ['iss', { iss: 'https://evil.example' }],
      ['iss', { aud: 'somebody-else' }],
      ['typ', {}, { typ: 'at+jwt' }],
      ['iat', { iat: 1_800_000_072 }],
      ['exp', { exp: 1_799_999_000 }],
      ['exp', { exp: undefined }],
      ['events', { events: { 'http://schemas.openid.net/event/backchannel-logout': null } }],
      ['nonce', { nonce: 'n' }],
      ['subject', { sub: undefined }],
      ['jti', { jti: undefined }],
      ['key', {}, { kid: 'unknown' }],
    ]
    it.each(bad)('[L13 M11 A5] %s %o: 400 in fixed words, no mark (need 12)', async (check, claims, header) => {
      const browser = await make()
      const before = await setting.store.head()
      const answer = await send(await setting.provider.logoutToken({ ...claims }, header ?? {}))
      expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([400, refused, 'no-store'])
      expect(answer.headers.get('set-cookie')).toBe(null)
      expect(setting.events).toContainEqual({ type: 'backchannel.rejected', check })
      expect(await setting.store.head()).toBe(before)
      expect(await alive(browser)).toBe(true)
    })

    it('[L13 M11] a broken signature, and one of our own ID tokens', async () => {
      const browser = await make()
      const token = await setting.provider.logoutToken({ sub: 'alice' })
      const [head, body, signature] = token.split('.') as [string, string, string]
      const forged = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
      expect((await send(forged)).text).toBe(refused)
      expect(setting.events).toContainEqual({ type: 'backchannel.rejected', check: 'signature' })
      const idToken = await setting.provider.sign({
        iss: setting.provider.issuer,
        aud: 'app',
        sub: 'alice',
        iat: setting.clock.now(),
        exp: setting.clock.now() + 60,
        jti: 'j',
        nonce: 'n',
      })
      expect((await send(idToken)).status).toBe(400)
      expect(await alive(browser)).toBe(true)
    })

    it('[L13 L14 A12] garbage causes no fetch', async () => {
      setting = await makeSetting({ transport })
      for (const token of ['', 'x', 'a.b.c', 'x'.repeat(20_000), `${'e30.'.repeat(2)}x`])
        expect((await send(token)).status).toBe(400)
      expect(setting.provider.requests).toEqual([])
    })

    it('[L13 L18 A12] bodies that are no form of one token: 400, 413, 415', async () => {
      await make()
      const browser = setting.browser('provider')
      const path = '/auth/backchannel-logout'
      const token = await setting.provider.logoutToken({})
      const answers = [
        [400, await browser.post(path, {})],
        [415, await browser.post(path, { logout_token: token }, { 'content-type': 'application/json' })],
        [413, await browser.post(path, { logout_token: token, fill: 'x'.repeat(70_000) })],
        [405, await browser.get(`${path}?logout_token=${token}`)],
      ] as const
      for (const [status, answer] of answers)
        expect([answer.status, answer.headers.get('cache-control')]).toEqual([status, 'no-store'])
      for (const [, { text }] of answers.slice(0, 3)) expect(text).toBe(refused)
      const twice = new Request('http://localhost:3000/auth/backchannel-logout', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `logout_token=${token}&logout_token=${token}`,
      })
      expect((await setting.endsession.handle(twice))?.status).toBe(400)
    })

    it('[L13 M3] a token for another client, and another provider, ends nothing of this one', async () => {
      const browser = await make({ another: {} })
      const other = setting.browser('other')
      await loginAt(other, setting.another, 'another')
      setting.clock.advance(5)
      expect((await send(await setting.another.logoutToken({ sub: 'alice' }))).status).toBe(200)
      expect([await alive(browser), await alive(other)]).toEqual([true, false])
      const crossed = await setting.another.logoutToken({ sub: 'alice', iss: setting.provider.issuer, aud: 'app' })
      expect((await send(crossed)).status).toBe(400)
      expect(await alive(browser)).toBe(true)
    })

    it('[L13 A8 M3] two providers that know us by one name: each token to its own', async () => {
      const browser = await make({ another: { clients: { app: 'app-secret' } } })
      const other = setting.browser('other')
      await loginAt(other, setting.another, 'another')
      setting.clock.advance(5)
      expect((await send(await setting.another.logoutToken({ sub: 'alice' }))).status).toBe(200)
      expect([await alive(browser), await alive(other)]).toEqual([true, false])
    })

    it('[L13 A1] keys that cannot be had: 400, said as such', async () => {
      await make({ behaviours: { jwksDown: true } }).catch(() => {})
      expect((await send(await setting.provider.logoutToken({ sub: 'alice' }))).text).toBe(refused)
      expect(setting.events).toContainEqual({ type: 'backchannel.rejected', check: 'keys' })
    })
  })

  describe('a store that fails', () => {
    it('[L15 S12] for a moment: the provider waits, and gets its 200', async () => {
      const browser = await make()
      let failures = 2
      faulty.before.end = () => failures-- > 0 && fails()
      expect((await send(await setting.provider.logoutToken({ sub: 'alice' }))).status).toBe(200)
      expect(await alive(browser)).toBe(false)
    })

    it('[L15 S12 A3] for longer: 400 after 3 s, kept, and done as soon as the store works, once', async () => {
      const browser = await make()
      faulty.before.end = fails
      const token = await setting.provider.logoutToken({ sub: 'alice' })
      const began = performance.now()
      const answers = await Promise.all([send(token), send(token)])
      expect(performance.now() - began).toBeGreaterThan(2900)
      for (const { status, text } of answers) expect([status, text]).toEqual([400, refused])
      expect(await alive(browser)).toBe(true)
      delete faulty.before.end
      let applied = 0
      faulty.tell = (step) => void (step === 'end answered' && applied++)
      await setting.settled()
      expect(await alive(browser)).toBe(false)
      expect(applied).toBe(1)
      expect(setting.events.filter(({ type }) => type === 'session.ended')).toHaveLength(1)
    })
  })
})
