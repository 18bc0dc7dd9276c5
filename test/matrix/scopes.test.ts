import type { Scope } from 'endsession'
import { afterEach, describe, expect, it } from 'vitest'
import { comeBack, isAlive, leave, loginAt, rows } from './leaving.ts'
import { type Answer, type Browser, makeSetting, type Setting, type SettingOptions, transports } from './setting.ts'

describe.each(transports)('through the %s', (transport) => {
  let setting: Setting
  afterEach(() => setting.close())

  const alive = (browser: Browser) => isAlive(setting, browser.cookies)

  /** Alice on two devices, with one provider session each, and a second login in the laptop's; Bob on his own. */
  async function people(given: SettingOptions = {}) {
    setting = await makeSetting({ transport, ...given })
    const [laptop, phone, bob] = ['laptop', 'phone', 'bob'].map((name) => setting.browser(name)) as [
      Browser,
      Browser,
      Browser,
    ]
    await laptop.login('alice')
    await phone.login('alice')
    await bob.login('bob')
    // The same provider session, another jar: a private window that shares nothing but the provider's cookie.
    const twin = setting.browser('laptop')
    setting.clock.advance(3)
    await twin.login('alice')
    setting.clock.advance(10)
    return { laptop, phone, bob, twin }
  }

  /** Where a click on "sign in" leads, when the provider's session is still there. */
  async function signIn(browser: Browser): Promise<{ readonly asked: URL; readonly back: Answer }> {
    const start = await browser.get('/auth/login?returnTo=/')
    const asked = new URL(start.headers.get('location') ?? '')
    const url = setting.provider.authorize(asked, { browser: browser.name })
    return { asked, back: await browser.get(url.pathname + url.search) }
  }

  const reach: [scope: Scope, ended: string[], lives: string[]][] = [
    ['app', ['laptop'], ['twin', 'phone', 'bob']],
    ['provider', ['laptop', 'twin'], ['phone', 'bob']],
    ['everywhere', ['laptop', 'twin', 'phone'], ['bob']],
  ]
  it.each(reach)('[M4 M5 M6 M7 A14] scope %s ends %j and not %j (needs 14, 15)', async (scope, ended, lives) => {
    const all: Record<string, Browser> = await people()
    const copies = Object.fromEntries(Object.entries(all).map(([name, { cookies }]) => [name, new Map(cookies)]))
    await leave(setting, all['laptop'] as Browser, { scope })
    for (const name of ended)
      expect([name, await isAlive(setting, copies[name] as Map<string, string>)]).toEqual([name, false])
    for (const name of lives)
      expect([name, await isAlive(setting, copies[name] as Map<string, string>)]).toEqual([name, true])
    const revoked = setting.provider.revokedTokens.filter((token) => token.startsWith('refresh'))
    expect(revoked).toHaveLength(ended.length)
    expect(setting.events.filter(({ type }) => type === 'session.ended')).toHaveLength(ended.length)
  })

  it('[M5 A7 L19] scope app: one click signs back in, with the same provider session, in the same second', async () => {
    setting = await makeSetting({ transport })
    const browser = setting.browser()
    await browser.login()
    const { answer, report, there } = await leave(setting, browser, { scope: 'app' })
    expect([answer.status, there]).toEqual([303, ''])
    expect(rows(report)).toMatchObject({
      app: 'ended record_ended',
      provider: 'skipped outside_scope',
      peers: 'skipped outside_scope',
    })
    const landing = await browser.follow(answer)
    expect(landing.text).toContain('goes on')
    const { asked, back } = await signIn(browser)
    expect(asked.searchParams.get('prompt')).toBe(null)
    expect(back.headers.get('location')).toBe('http://localhost:3000/')
    expect(await alive(browser)).toBe(true)
  })

  it.each([
    ['with a lasting sid', {}],
    ['without a sid', { behaviours: { omitSid: true } }],
  ])(
    '[A7 M6 M10] scope provider, %s, declined at the provider: the next sign-in meets the login screen',
    async (_, given) => {
      setting = await makeSetting({ transport, ...given })
      const browser = setting.browser()
      await browser.login()
      setting.clock.advance(10)
      const { there } = await leave(setting, browser)
      await comeBack(setting, browser, there, true)
      expect(setting.provider.signedIn('browser')).toBe(true)
      setting.clock.advance(5)
      const { asked, back } = await signIn(browser)
      expect(asked.searchParams.get('prompt')).toBe('login')
      expect(back.headers.get('location')).toBe('http://localhost:3000/')
      expect(await alive(browser)).toBe(true)
    },
  )

  it('[A7 M6 M10] ... also with the marker cookie lost, by the mark of its sid', async () => {
    setting = await makeSetting({ transport })
    const browser = setting.browser()
    await browser.login()
    setting.clock.advance(10)
    const { there } = await leave(setting, browser)
    await comeBack(setting, browser, there, true)
    browser.cookies.clear()
    setting.clock.advance(5)
    const { asked, back } = await signIn(browser)
    expect(asked.searchParams.get('prompt')).toBe(null)
    expect(new URL(back.headers.get('location') ?? '').searchParams.get('prompt')).toBe('login')
    expect(await alive(browser)).toBe(false)
  })

  it('[A7 M10] without a sid, and with the wish taken out of the address on the way: the old auth_time gives it away', async () => {
    setting = await makeSetting({ transport, behaviours: { omitSid: true } })
    const browser = setting.browser()
    await browser.login()
    setting.clock.advance(10)
    const { there } = await leave(setting, browser)
    await comeBack(setting, browser, there, true)
    setting.clock.advance(5)
    const start = await browser.get('/auth/login?returnTo=/')
    const asked = new URL(start.headers.get('location') ?? '')
    asked.searchParams.delete('prompt')
    asked.searchParams.set('max_age', '9999')
    const url = setting.provider.authorize(asked, { browser: 'browser' })
    const back = await browser.get(url.pathname + url.search)
    expect(new URL(back.headers.get('location') ?? '').searchParams.get('prompt')).toBe('login')
    expect(await alive(browser)).toBe(false)
  })

  it('[A7 L7] a logout without a session: the next sign-in meets the login screen as well', async () => {
    setting = await makeSetting({ transport })
    const browser = setting.browser()
    await browser.login()
    browser.cookies.clear()
    setting.clock.advance(10)
    const { there } = await leave(setting, browser)
    await comeBack(setting, browser, there, true)
    setting.clock.advance(5)
    expect((await signIn(browser)).asked.searchParams.get('prompt')).toBe('login')
  })

  it('[A7 M7 M10] after everywhere from the phone, the laptop meets the login screen before it gets in (needs 7, 15)', async () => {
    const { laptop, phone } = await people()
    await leave(setting, phone, { scope: 'everywhere' })
    setting.clock.advance(5)
    expect((await laptop.get('/')).status).toBe(303)
    const silent = await signIn(laptop)
    expect(silent.asked.searchParams.get('prompt')).toBe(null)
    const again = new URL(silent.back.headers.get('location') ?? '')
    expect(again.searchParams.get('prompt')).toBe('login')
    expect(await alive(laptop)).toBe(false)
    const back = setting.provider.authorize(again, { browser: 'laptop' })
    await laptop.get(back.pathname + back.search)
    expect(await alive(laptop)).toBe(true)
  })

  it('[M7 M9 A4 A13 L19] everywhere again ends nobody who has signed in since, and does not claim to', async () => {
    const { laptop, phone } = await people()
    await leave(setting, laptop, { scope: 'everywhere' })
    setting.clock.advance(20)
    await phone.login('alice')
    expect(await alive(phone)).toBe(false)
    // The mark asks for the login screen first.
    const start = await phone.get('/auth/login?returnTo=/')
    const asked = new URL(start.headers.get('location') ?? '')
    asked.searchParams.set('prompt', 'login')
    const back = setting.provider.authorize(asked, { browser: 'phone' })
    await phone.get(back.pathname + back.search)
    expect(await alive(phone)).toBe(true)

    setting.clock.advance(20)
    const { report } = await leave(setting, laptop, { scope: 'everywhere' })
    expect(await alive(phone)).toBe(true)
    expect(rows(report)).toMatchObject({ app: 'skipped signed_in_since' })
  })

  it('[M9 A4 L19] everywhere from a session that had expired ends who was there then, and names those that it left', async () => {
    setting = await makeSetting({ transport, options: { session: { idleSeconds: 600 } } })
    const [laptop, tablet, phone] = ['laptop', 'tablet', 'phone'].map((name) => setting.browser(name)) as [
      Browser,
      Browser,
      Browser,
    ]
    await laptop.login()
    setting.clock.advance(590)
    await tablet.login()
    setting.clock.advance(15)
    const [expired] = (await setting.store.pending(9)).expired
    await setting.store.end({ by: 'id', id: expired?.id ?? '' }, 'idle')
    setting.clock.advance(100)
    await phone.login()
    const { report } = await leave(setting, laptop, { scope: 'everywhere' })
    expect([await alive(tablet), await alive(phone)]).toEqual([false, true])
    expect(rows(report).app).toBe('skipped signed_in_since')
  })

  it('[L19 A2] everywhere with a cookie that nobody knows: this cookie is dead, and no more is claimed', async () => {
    const { laptop, phone } = await people()
    const stranger = setting.browser('stranger')
    const [name, value] = [...laptop.cookies][0] as [string, string]
    stranger.cookies.set(name, `${value.slice(0, -3)}abc`)
    const { report } = await leave(setting, stranger, { scope: 'everywhere' })
    expect(rows(report)).toMatchObject({
      app: 'impossible person_unknown',
      tokens: 'unknown record_gone',
      services: 'unknown record_gone',
    })
    expect([await alive(laptop), await alive(phone)]).toEqual([true, true])
    expect(rows((await leave(setting, stranger, {})).report).app).toBe('ended unknown_cookie')
  })

  it('[M3 A14] everywhere at one provider leaves the same name at another one alone', async () => {
    setting = await makeSetting({ transport, another: {} })
    const [here, there] = [setting.browser('here'), setting.browser('there')]
    await loginAt(here, setting.provider, 'example')
    await loginAt(there, setting.another, 'another')
    await leave(setting, here, { scope: 'everywhere' })
    expect(await alive(there)).toBe(true)
  })

  it('[A14 A13] a late click with the cookie of a session that was replaced does not end its successor at another provider', async () => {
    setting = await makeSetting({ transport, another: {} })
    const browser = setting.browser()
    await loginAt(browser, setting.provider, 'example')
    const old = setting.browser('old')
    for (const [name, value] of browser.cookies) old.cookies.set(name, value)
    setting.clock.advance(10)
    await loginAt(browser, setting.another, 'another')
    const { report } = await leave(setting, old)
    expect(rows(report).app).toBe('ended ended_before')
    expect(await alive(browser)).toBe(true)
  })

  describe('revocation', () => {
    const tokens: [reach: 'token' | 'grant' | 'session' | 'person', scope: Scope, claimed: string, revoked: number][] =
      [
        ['token', 'app', 'ended revoked', 1],
        ['token', 'provider', 'ended revoked', 2],
        ['token', 'everywhere', 'ended revoked', 3],
        ['grant', 'app', 'skipped revocation_reaches_farther', 0],
        ['grant', 'provider', 'ended revoked', 2],
        ['grant', 'everywhere', 'ended revoked', 3],
        ['session', 'app', 'skipped revocation_reaches_farther', 0],
        ['session', 'provider', 'ended revoked', 2],
        ['session', 'everywhere', 'ended revoked', 3],
        ['person', 'app', 'skipped revocation_reaches_farther', 0],
        ['person', 'provider', 'skipped revocation_reaches_farther', 0],
        ['person', 'everywhere', 'ended revoked', 3],
      ]
    it.each(tokens)('[A14 L10] reach %s, scope %s: %s (need 13)', async (revocationReach, scope, claimed, revoked) => {
      const { laptop } = await people({ profile: { revocationReach, revocationCoversAccessToken: true } })
      const { report } = await leave(setting, laptop, { scope })
      expect(rows(report).tokens).toBe(claimed)
      expect(setting.provider.revokedTokens).toHaveLength(revoked)
    })

    it('[A14 L10] reach grant, scope app, nobody else on the grant: revoked', async () => {
      const { phone } = await people({ profile: { revocationReach: 'grant' } })
      expect(rows((await leave(setting, phone, { scope: 'app' })).report).tokens).toBe('ended revoked')
    })

    it('[A14 M5 L10] reach session, scope app, nobody else on the grant: left alone, or one click would not log back in', async () => {
      const { phone } = await people({ profile: { revocationReach: 'session' } })
      const { report } = await leave(setting, phone, { scope: 'app' })
      expect(rows(report).tokens).toBe('skipped revocation_reaches_farther')
      expect(setting.provider.revokedTokens).toEqual([])
    })

    it.each(['app', 'provider'] as const)(
      '[A14 L10] reach person, scope %s: left alone, also where nobody else is signed in here',
      async (scope) => {
        const { bob } = await people({ profile: { revocationReach: 'person' } })
        expect(rows((await leave(setting, bob, { scope })).report).tokens).toBe('skipped revocation_reaches_farther')
        expect(setting.provider.revokedTokens).toEqual([])
      },
    )

    it.each([
      ['app', 'skipped revocation_reaches_farther'],
      ['provider', 'ended revoked'],
    ])(
      '[A14 L10] reach grant, scope %s, no sid to tell the grants of two devices apart: %s',
      async (scope, claimed) => {
        setting = await makeSetting({ transport, profile: { revocationReach: 'grant' }, behaviours: { omitSid: true } })
        const [laptop, phone] = [setting.browser('laptop'), setting.browser('phone')]
        await laptop.login()
        await phone.login()
        expect(rows((await leave(setting, laptop, { scope })).report).tokens).toBe(claimed)
        expect(await alive(phone)).toBe(true)
      },
    )

    it.each(['grant', 'person'] as const)(
      '[A14 A4 A13] reach %s: a repeated logout leaves alone who has signed in since',
      async (revocationReach) => {
        setting = await makeSetting({ transport, profile: { revocationReach }, behaviours: { revocationStatus: 500 } })
        const browser = setting.browser()
        await browser.login()
        const old = setting.browser('old')
        for (const [name, value] of browser.cookies) old.cookies.set(name, value)
        setting.clock.advance(10)
        expect(rows((await leave(setting, browser, { scope: 'everywhere' })).report).tokens).toBe(
          'failed revocation_failed',
        )
        setting.clock.advance(10)
        await browser.login('alice', { authTime: setting.clock.now() })
        expect(await alive(browser)).toBe(true)
        setting.provider.behaviours.revocationStatus = 200
        const { report } = await leave(setting, old, { scope: 'everywhere' })
        expect(rows(report).tokens).toBe('skipped revocation_reaches_farther')
        expect(setting.provider.revokedTokens).toEqual([])
      },
    )

    it.each([
      ['the same person', 'alice', 'same', {}, 0],
      ['the same person, with a new provider session,', 'alice', 'new', {}, 1],
      ['the same person, no sid to tell by,', 'alice', 'new', { omitSid: true }, 0],
      ['somebody else', 'bob', 'new', {}, 1],
    ])(
      '[A14 L10] reach grant: the session that %s has replaced in this browser',
      async (_, sub, there, how, revoked) => {
        setting = await makeSetting({
          transport,
          behaviours: how,
          profile: { revocationReach: 'grant', revocationCoversAccessToken: true },
        })
        const browser = setting.browser()
        await browser.login('alice')
        setting.clock.advance(10)
        if (there === 'new') setting.provider.endSession(`${setting.provider.issuer}/end-session`)
        await browser.login(sub)
        await setting.settled()
        expect((await setting.store.pending(9)).unsettled).toEqual([])
        expect(await alive(browser)).toBe(true)
        expect(setting.provider.revokedTokens).toHaveLength(revoked)
      },
    )

    it('[A2 L10 L19] everywhere revokes what an earlier logout had to leave alone, before it says so', async () => {
      const { laptop, twin } = await people({
        profile: { revocationReach: 'person', revocationCoversAccessToken: true },
      })
      await leave(setting, laptop, { scope: 'app' })
      setting.provider.behaviours.revocationStatus = 500
      const { report } = await leave(setting, twin, { scope: 'everywhere' })
      expect(rows(report).tokens).toBe('failed revocation_failed')
      setting.provider.behaviours.revocationStatus = 200
      expect(rows((await leave(setting, twin, { scope: 'everywhere' })).report).tokens).toBe('ended revoked')
      expect(new Set(setting.provider.revokedTokens).size).toBe(3)
    })

    it('[L10] refresh token before access token, and the access token only where the first does not cover it', async () => {
      setting = await makeSetting({ transport })
      const browser = setting.browser()
      await browser.login()
      await leave(setting, browser)
      const sent = setting.provider.requests.filter(({ endpoint }) => endpoint === 'revocation')
      expect(sent.map(({ body }) => [body.get('token_type_hint'), body.get('token')])).toEqual([
        ['refresh_token', 'refresh-4'],
        ['access_token', 'access-3'],
      ])
      await setting.close()
      setting = await makeSetting({ transport, profile: { revocationCoversAccessToken: true } })
      const other = setting.browser()
      await other.login()
      await leave(setting, other)
      expect(setting.provider.count('revocation')).toBe(1)
    })

    it('[L10 L19] without a refresh token nothing covers the access token: it is revoked itself', async () => {
      setting = await makeSetting({ transport, behaviours: { omitRefreshToken: true } })
      const browser = setting.browser()
      await browser.login()
      const { report } = await leave(setting, browser)
      expect(setting.provider.revokedTokens).toEqual(['access-3'])
      expect(report.layers.tokens).toMatchObject({
        outcome: 'ended',
        parts: [
          { what: 'refresh token', outcome: 'ended', reason: 'no_refresh_token' },
          { what: 'access token', outcome: 'ended', reason: 'access_token_revoked' },
        ],
      })
    })

    it('[L10 L19] an access token that has expired needs no revocation', async () => {
      setting = await makeSetting({ transport, behaviours: { omitRefreshToken: true, expiresIn: 5 } })
      const browser = setting.browser()
      await browser.login()
      setting.clock.advance(600)
      const { report } = await leave(setting, browser)
      expect(setting.provider.count('revocation')).toBe(0)
      expect(rows(report)).toMatchObject({ tokens: 'ended no_refresh_token', services: 'ended access_tokens_expired' })
    })

    it.each([
      ['no endpoint', { noRevocation: true }, {}, 'impossible no_revocation_endpoint'],
      ['a profile that says no', {}, { revocation: 'none' }, 'impossible no_revocation_endpoint'],
      [
        'an endpoint that knows no refresh tokens',
        { revocationError: 'unsupported_token_type' },
        {},
        'impossible no_revocation_endpoint',
      ],
      ['an endpoint that refuses us', { revocationError: 'invalid_client' }, {}, 'failed revocation_failed'],
      ['an endpoint that redirects', { revocationStatus: 302 }, {}, 'failed revocation_failed'],
    ] as const)('[L10 L19] %s', async (_, behaviours, profile, claimed) => {
      setting = await makeSetting({ transport, behaviours, profile })
      const browser = setting.browser()
      await browser.login()
      expect(rows((await leave(setting, browser)).report).tokens).toBe(claimed)
    })

    it('[A2 L19] several sessions: one that was not revoked is what the row says, at the landing too', async () => {
      setting = await makeSetting({ transport, profile: { revocationCoversAccessToken: true } })
      const devices = Array.from({ length: 12 }, (_, place) => setting.browser(`device-${place}`))
      for (const device of devices) await device.login()
      const [first] = devices as [Browser]
      let asked = 0
      const { behaviours } = setting.provider
      Object.defineProperty(behaviours, 'revocationStatus', {
        get: () => (++asked === 11 ? 500 : 200),
        configurable: true,
      })
      const { report, there } = await leave(setting, first, { scope: 'everywhere' })
      expect(rows(report).tokens).toBe('failed revocation_failed')
      expect(report.layers.tokens.parts).toContainEqual({
        what: 'refresh token',
        outcome: 'failed',
        reason: 'revocation_failed',
      })
      const landing = await comeBack(setting, first, there)
      expect(rows(landing.report).tokens).toBe('failed revocation_failed')
    })
  })

  describe('a provider that must not be asked to revoke first', () => {
    const profile = { revokeBeforeLeaving: false, revocationCoversAccessToken: true } as const

    it('[L10 A13] revokes after the return, once, and says so', async () => {
      const { laptop } = await people({ profile })
      const { report, there } = await leave(setting, laptop)
      expect(setting.provider.revokedTokens).toEqual([])
      expect(rows(report).tokens).toBe('requested revoked_after_return')
      const back = await comeBack(setting, laptop, there)
      expect(setting.provider.revokedTokens).toHaveLength(1)
      // The twin's, of the same provider session, waits for the sweeper: that is not claimed.
      expect(rows(back.report).tokens).toBe('requested revoked_after_return')
    })

    it('[A2 L10 L19] at the return the row still tells what had failed before', async () => {
      const { laptop, phone } = await people({ profile })
      setting.provider.behaviours.revocationStatus = 500
      const { report, there } = await leave(setting, phone, { scope: 'everywhere' })
      expect(rows(report).tokens).toBe('failed revocation_failed')
      setting.provider.behaviours.revocationStatus = 200
      const back = await comeBack(setting, phone, there)
      expect(rows(back.report).tokens).toBe('failed revocation_failed')
      expect(await alive(laptop)).toBe(false)
    })

    it('[L10 L19] alone on its provider session: proved at the return, and again at a reload', async () => {
      setting = await makeSetting({ transport, profile })
      const browser = setting.browser()
      await browser.login()
      const { there } = await leave(setting, browser)
      const back = await comeBack(setting, browser, there)
      expect(rows(back.report).tokens).toBe('ended revoked')
      await comeBack(setting, browser, there)
      expect(setting.provider.revokedTokens).toHaveLength(1)
    })

    it('[L10 L19 A2] a record that is gone at the return proves nothing', async () => {
      setting = await makeSetting({ transport, profile, options: { logout: { endedSeconds: 60 } } })
      const browser = setting.browser()
      await browser.login()
      const { there } = await leave(setting, browser)
      setting.clock.advance(100)
      const back = await comeBack(setting, browser, there)
      expect(rows(back.report).tokens).toBe('unknown record_gone')
    })
  })
})
