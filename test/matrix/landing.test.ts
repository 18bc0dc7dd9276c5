import { memoryStore } from 'endsession'
import { afterEach, describe, expect, it } from 'vitest'
import { fails, faultyStore } from './faulty-store.ts'
import { comeBack, formOf, isAlive, lastReport, leave, rows } from './leaving.ts'
import { type Answer, type Browser, makeSetting, type Setting, type SettingOptions, transports } from './setting.ts'

describe.each(transports)('through the %s', (transport) => {
  let setting: Setting
  afterEach(() => setting.close())

  async function make(given: SettingOptions = {}): Promise<Browser> {
    setting = await makeSetting({ transport, ...given })
    const browser = setting.browser()
    await browser.login()
    setting.clock.advance(10)
    return browser
  }

  describe('where the browser comes back to', () => {
    it('[L12 A2 L17 L19] coming back proves nothing: asked, not ended (needs 1, 11, 21)', async () => {
      const browser = await make()
      const { report, there } = await leave(setting, browser)
      expect(rows(report)).toEqual({
        browser: 'ended cookies_expired',
        app: 'ended record_ended',
        tokens: 'ended revoked',
        services: 'impossible no_guard_follows',
        peers: 'requested peers_told_by_provider',
        provider: 'requested sent_to_provider',
        upstream: 'unknown upstream_unknown',
      })
      const declined = await comeBack(setting, browser, there, true)
      expect(rows(declined.report)).toEqual({ ...rows(report), provider: 'requested came_back' })
      expect(declined.answer.text).toContain('was asked to sign you out')
      expect(declined.answer.headers.get('cache-control')).toBe('no-store')
      expect(declined.answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    })

    it('[L12 L19] services say until when', async () => {
      const browser = await make()
      const { report, there } = await leave(setting, browser)
      // Whoever takes tokens may allow their clocks some difference, on top of the token's own hour.
      expect(report.layers.services.until).toBeGreaterThanOrEqual(1_800_003_600)
      expect(report.layers.services.until).toBeLessThanOrEqual(1_800_003_600 + 300)
      const landing = await comeBack(setting, browser, there)
      expect(landing.report.layers.services).toEqual(report.layers.services)
    })

    it.each([
      ['no state', ''],
      ['an empty one', '?state='],
      ['a forged one', `?state=${'x'.repeat(43)}`],
    ])('[L12 A3] %s gets no report and no event', async (_, query) => {
      const browser = await make()
      const { there } = await leave(setting, browser)
      setting.provider.endSession(there)
      const answer = await browser.get(`/auth/logged-out${query}`)
      expect(answer.status).toBe(200)
      expect(answer.text).toContain('You are not signed in')
      expect(answer.text).not.toContain('<details')
      expect(setting.events.some(({ type }) => type === 'logout.landed')).toBe(false)
    })

    it('[L12 L18] two states are refused', async () => {
      const browser = await make()
      const { there } = await leave(setting, browser)
      const state = new URL(there).searchParams.get('state')
      expect((await browser.get(`/auth/logged-out?state=${state}&state=${state}`)).status).toBe(400)
    })

    it("[L12] another browser's state gets nothing, and another's cookie opens nothing", async () => {
      const browser = await make()
      const { there } = await leave(setting, browser)
      const stranger = setting.browser('stranger')
      const query = new URL(there).search
      expect((await stranger.get(`/auth/logged-out${query}`)).text).toContain('You are not signed in')
      await stranger.login('bob')
      const other = await leave(setting, stranger)
      expect(new URL(other.there).searchParams.get('state')).not.toBe(new URL(there).searchParams.get('state'))
      expect((await stranger.get(`/auth/logged-out${query}`)).text).toContain('You are not signed in')
      expect(await isAlive(setting, browser.cookies)).toBe(false)
    })

    it('[L12 A13] reloaded: the same page, one event', async () => {
      const browser = await make()
      const { there } = await leave(setting, browser)
      const first = await comeBack(setting, browser, there)
      const again = await browser.get(`/auth/logged-out?state=${new URL(there).searchParams.get('state')}`)
      expect(again.text).toBe(first.answer.text)
      expect(setting.events.filter(({ type }) => type === 'logout.landed')).toHaveLength(1)
    })

    it('[L12 A3] after logging in again it says who is signed in, and not that anybody is out', async () => {
      const browser = await make()
      const { there } = await leave(setting, browser)
      setting.clock.advance(10)
      await browser.login()
      const answer = await browser.get(`/auth/logged-out?state=${new URL(there).searchParams.get('state')}`)
      expect(answer.text).toContain('You are still signed in')
      expect(await isAlive(setting, browser.cookies)).toBe(true)
    })

    it('[L12] without its cookie, or after 10 minutes, there is nothing to tell', async () => {
      const browser = await make()
      const { there } = await leave(setting, browser)
      setting.clock.advance(661)
      expect((await comeBack(setting, browser, there)).answer.text).toContain('You are not signed in')
      browser.cookies.clear()
      expect((await comeBack(setting, browser, there)).answer.text).toContain('You are not signed in')
    })

    it('[L12] a provider that does not echo state: known by the cookie, and only where the browser had left', async () => {
      const browser = await make({ profile: { echoesState: false } })
      const { there } = await leave(setting, browser)
      expect(new URL(there).searchParams.has('state')).toBe(false)
      const landing = await comeBack(setting, browser, there)
      expect(landing.answer.text).toContain('You are signed out of')
      expect(rows(landing.report).provider).toBe('requested came_back')
      expect((await browser.get('/auth/logged-out?state=forged')).text).toContain('You are not signed in')
      await browser.login()
      await leave(setting, browser, { scope: 'app' })
      expect((await browser.get('/auth/logged-out')).text).toContain('You are not signed in')
    })

    it('[A7 L12] never signs in: no redirect, no form that goes by itself, no login begun (need 7)', async () => {
      const browser = await make()
      const { there } = await leave(setting, browser)
      const landing = await comeBack(setting, browser, there)
      expect(landing.answer.status).toBe(200)
      expect(landing.answer.text).not.toContain('<script')
      expect(landing.answer.text).not.toContain('http-equiv')
      expect([...browser.cookies.keys()].some((name) => name.startsWith('endsession-in-'))).toBe(false)
      expect(await isAlive(setting, browser.cookies)).toBe(false)
    })

    it.each([
      '/auth/login',
      '/auth/login?provider=example',
      '/auth/../auth/login',
      '/auth/logout',
      'https://evil.example/',
      '//evil.example',
    ])('[A7 A11] returnTo %s is not gone to (needs 7, 10)', async (returnTo) => {
      const browser = await make()
      const { answer } = await leave(setting, browser, { scope: 'app', returnTo })
      const landing = await browser.follow(answer)
      expect([landing.status, landing.headers.get('location')]).toEqual([200, null])
    })

    it("[L12] the app's own page instead", async () => {
      const browser = await make({ options: { logout: { landing: '/bye' } } })
      const { there } = await leave(setting, browser)
      const landing = await comeBack(setting, browser, there)
      expect(landing.answer.status).toBe(303)
      expect(landing.answer.headers.get('location')).toBe('http://localhost:3000/bye')
      expect(rows(landing.report).provider).toBe('requested came_back')
    })

    it('[A2 S12] a store that fails at the landing costs nothing that is known already', async () => {
      const faulty = faultyStore(memoryStore({ now: () => 1_800_000_000 }))
      const browser = await make({ store: () => faulty.store, profile: { revokeBeforeLeaving: false } })
      const { there } = await leave(setting, browser)
      faulty.before.end = fails
      const landing = await comeBack(setting, browser, there)
      expect(landing.answer.status).toBe(200)
      expect(rows(landing.report)).toMatchObject({ app: 'ended record_ended', tokens: 'failed revocation_failed' })
    })

    it('[L19] a provider without a logout: impossible, said so, and no button that would promise it (need 8)', async () => {
      const browser = await make({ behaviours: { noEndSession: true } })
      const { answer, report } = await leave(setting, browser)
      expect(rows(report)).toMatchObject({
        app: 'ended record_ended',
        provider: 'impossible no_end_session_endpoint',
        peers: 'impossible no_end_session_endpoint',
      })
      const landing = await browser.follow(answer)
      expect(landing.text).toContain('may still know you')
      expect(landing.text).not.toContain('Sign out there')
    })
  })

  describe('the probe', () => {
    const proving: SettingOptions = {
      options: { logout: { probe: 'where_it_proves' } },
      profile: { probeProves: true },
    }

    /** Up to the provider's question. */
    async function asked(
      browser: Browser,
      decline = false,
    ): Promise<{ readonly url: string; readonly landing: Answer }> {
      const { there } = await leave(setting, browser)
      const landing = (await comeBack(setting, browser, there, decline)).answer
      return { url: landing.headers.get('location') ?? '', landing }
    }

    async function answered(browser: Browser, url: string, login: Record<string, unknown> = {}): Promise<Answer> {
      const back = setting.provider.authorize(url, { browser: browser.name, ...login })
      const answer = await browser.get(back.pathname + back.search)
      return browser.follow(answer)
    }

    it('[L11 A2 L19] login_required proves (need 21)', async () => {
      const browser = await make(proving)
      const { url, landing } = await asked(browser)
      expect(landing.status).toBe(303)
      const parameters = new URL(url).searchParams
      expect([parameters.get('prompt'), parameters.get('max_age')]).toEqual(['none', null])
      expect(setting.events.some(({ type }) => type === 'logout.landed')).toBe(false)
      const page = await answered(browser, url)
      expect(page.text).toContain('is over, too')
      expect(rows(lastReport(setting, 'logout.landed')).provider).toBe('ended probe_login_required')
    })

    it('[L11 A3] a code means still signed in; it is not redeemed, and opens nothing', async () => {
      const browser = await make(proving)
      const { url } = await asked(browser, true)
      const redeemed = setting.provider.count('token')
      const page = await answered(browser, url)
      expect(page.text).toContain('still knows you')
      expect(formOf(page)).toMatchObject({ method: 'post', fields: { scope: 'provider' } })
      expect(rows(lastReport(setting, 'logout.landed')).provider).toBe('failed probe_still_signed_in')
      expect(setting.provider.count('token')).toBe(redeemed)
      expect(browser.cookies.has('endsession')).toBe(false)
    })

    it.each([
      'consent_required',
      'interaction_required',
      'account_selection_required',
      'server_error',
      'temporarily_unavailable',
      'LOGIN_REQUIRED',
    ])('[L11 A2] %s proves nothing', async (error) => {
      const browser = await make(proving)
      const { url } = await asked(browser)
      const page = await answered(browser, url, { error })
      expect(rows(lastReport(setting, 'logout.landed')).provider).toBe('unknown probe_inconclusive')
      expect(page.text).toContain('may still know you')
    })

    it('[L11 A2] an answer that does not come, or comes from another issuer, proves nothing', async () => {
      const browser = await make(proving)
      const { url } = await asked(browser)
      const back = setting.provider.authorize(url, { browser: 'browser' })
      back.searchParams.set('iss', 'https://evil.example')
      const page = await browser.follow(await browser.get(back.pathname + back.search))
      expect(page.text).toContain('may still know you')
      expect(rows(lastReport(setting, 'logout.landed')).provider).toBe('unknown probe_inconclusive')

      const other = setting.browser('other')
      await other.login()
      const { there } = await leave(setting, other)
      await comeBack(setting, other, there)
      const reloaded = await other.get(`/auth/logged-out?state=${new URL(there).searchParams.get('state')}`)
      expect(reloaded.status).toBe(200)
      expect(rows(lastReport(setting, 'logout.landed')).provider).toBe('unknown probe_inconclusive')
    })

    it('[L11 A12] a provider that cannot be asked costs the proof, not the page', async () => {
      const browser = await make({ ...proving, behaviours: { par: true } })
      const { there } = await leave(setting, browser)
      setting.provider.behaviours.down = true
      const landing = await comeBack(setting, browser, there)
      expect(landing.answer.status).toBe(200)
      expect(rows(landing.report).provider).toBe('requested came_back')
    })

    it('[L11 A13] probes once; a reload, and the same answer again, change nothing', async () => {
      const browser = await make(proving)
      const { url } = await asked(browser)
      const back = setting.provider.authorize(url, { browser: 'browser' })
      const jar = new Map(browser.cookies)
      const answer = await browser.get(back.pathname + back.search)
      const page = await browser.follow(answer)
      const reloaded = await browser.follow(answer)
      expect([reloaded.status, reloaded.text]).toEqual([200, page.text])
      expect(setting.events.filter(({ type }) => type === 'logout.landed')).toHaveLength(1)
      for (const [name, value] of jar) browser.cookies.set(name, value)
      expect((await browser.get(back.pathname + back.search)).status).toBe(400)
    })

    it('[L11 A2] an answer to the probe of an earlier logout says nothing of a later one', async () => {
      const browser = await make(proving)
      const { url } = await asked(browser)
      const held = new Map(browser.cookies)
      const back = setting.provider.authorize(url, { browser: 'browser' })
      // The person signs in again in another tab, and out; the old answer comes late, with the old cookie still on its way.
      setting.clock.advance(10)
      await browser.login()
      setting.clock.advance(10)
      await leave(setting, browser)
      for (const [name, value] of held) if (name.startsWith('endsession-in-')) browser.cookies.set(name, value)
      const answer = await browser.get(back.pathname + back.search)
      await browser.follow(answer)
      expect(JSON.stringify(setting.events)).not.toContain('probe_login_required')
    })

    it('[L11 A2] ... also when the later one has a probe of its own under way', async () => {
      const browser = await make(proving)
      const { url } = await asked(browser)
      const held = [...browser.cookies].filter(([name]) => name.startsWith('endsession-in-'))
      const back = setting.provider.authorize(url, { browser: 'browser' })
      setting.clock.advance(10)
      await browser.login()
      setting.clock.advance(10)
      const { there } = await leave(setting, browser)
      await comeBack(setting, browser, there, true)
      for (const [name, value] of held) browser.cookies.set(name, value)
      await browser.get(back.pathname + back.search)
      await browser.get(`/auth/logged-out?state=${new URL(there).searchParams.get('state')}`)
      expect(rows(lastReport(setting, 'logout.landed')).provider).toBe('unknown probe_inconclusive')
    })

    it('[L11 A3] the answer of a login that somebody else began is no answer to a probe', async () => {
      const browser = await make(proving)
      const { url } = await asked(browser)
      const state = new URL(url).searchParams.get('state')
      const stranger = setting.browser('stranger')
      expect(
        (await stranger.get(`/auth/callback?error=login_required&state=${state}&iss=${setting.provider.issuer}`))
          .status,
      ).toBe(400)
      expect(
        (await browser.get(`/auth/callback?error=login_required&state=${state}x&iss=${setting.provider.issuer}`))
          .status,
      ).toBe(400)
      expect(JSON.stringify(setting.events)).not.toContain('probe_login_required')
    })

    const without: [what: string, given: SettingOptions, scope: string][] = [
      ['unless it is switched on', { profile: { probeProves: true } }, 'provider'],
      ['where the answer would prove nothing', { options: { logout: { probe: 'where_it_proves' } } }, 'provider'],
      ['for scope app', proving, 'app'],
      ['where the browser never left', { ...proving, behaviours: { noEndSession: true } }, 'provider'],
    ]
    it.each(without)('[L11] none %s', async (_, given, scope) => {
      const browser = await make(given)
      const { answer, there } = await leave(setting, browser, { scope })
      const landing = there ? (await comeBack(setting, browser, there)).answer : await browser.follow(answer)
      expect([landing.status, landing.headers.get('location')]).toEqual([200, null])
      expect(JSON.stringify(setting.events)).not.toContain('probe_')
    })
  })
})

describe('a logout token as proof', () => {
  let setting: Setting
  afterEach(() => setting.close())

  async function landAfter(
    token: 'this session' | 'another session' | 'none',
    proves: 'session' | 'nothing',
  ): Promise<string> {
    setting = await makeSetting({ profile: { logoutTokenProves: proves } })
    const browser = setting.browser()
    await browser.login('alice', { sid: 'sid-a' })
    setting.clock.advance(10)
    const { there } = await leave(setting, browser)
    if (token !== 'none') {
      const claims = { sub: 'alice', sid: token === 'this session' ? 'sid-a' : 'sid-b' }
      const logout_token = await setting.provider.logoutToken(claims)
      expect((await browser.post('/auth/backchannel-logout', { logout_token })).status).toBe(200)
    }
    const { report } = await comeBack(setting, browser, there)
    return rows(report)['provider'] as string
  }

  it('[L12 L19 A2] proves where the profile says so, and only for the session that it names (need 21)', async () => {
    expect(await landAfter('this session', 'session')).toBe('ended logout_token_received')
    expect(await landAfter('another session', 'session')).toBe('requested came_back')
    expect(await landAfter('none', 'session')).toBe('requested came_back')
    expect(await landAfter('this session', 'nothing')).toBe('requested came_back')
  })
})
