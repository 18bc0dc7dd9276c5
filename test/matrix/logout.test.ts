import { memoryStore } from 'endsession'
import { afterEach, describe, expect, it } from 'vitest'
import { type FaultyStore, fails, faultyStore, hangs } from './faulty-store.ts'
import { comeBack, formOf, headerBytes, isAlive, leave, loginAt, rows } from './leaving.ts'
import { type Browser, makeSetting, origin, type Setting, type SettingOptions, transports } from './setting.ts'

describe.each(transports)('through the %s', (transport) => {
  let setting: Setting
  let faulty: FaultyStore
  afterEach(() => setting.close())

  async function make(given: SettingOptions = {}): Promise<Browser> {
    const store = given.store ?? ((clock) => memoryStore({ now: clock.now }))
    const watched: SettingOptions['store'] = (clock) => {
      faulty = faultyStore(store(clock))
      return faulty.store
    }
    setting = await makeSetting({ transport, ...given, store: watched })
    return setting.browser()
  }

  const hurried = { logout: { deadlineSeconds: 0.3 } } as const

  describe('a provider in trouble', () => {
    const troubles: [what: string, trouble: object, tokens: string][] = [
      ['is down', { down: true }, 'failed revocation_failed'],
      ['answers after an hour', { slowSeconds: 3600 }, 'failed revocation_failed'],
      ['answers 500', { status: 500 }, 'failed revocation_failed'],
      ['answers 302', { status: 302 }, 'failed revocation_failed'],
    ]
    it.each(troubles)(
      '[A1 A12 L10] that %s: the session ends first, and the answer comes in time (need 20)',
      async (_, trouble, tokens) => {
        const steps: string[] = []
        const browser = await make({ onFetch: (url) => void steps.push(new URL(url).pathname), options: hurried })
        await browser.login()
        const copied = new Map(browser.cookies)
        faulty.tell = (step) => void steps.push(step)
        steps.length = 0
        Object.assign(setting.provider.behaviours, trouble)

        const { answer, report, there } = await leave(setting, browser)
        expect(steps.slice(0, 2)).toEqual(['end', 'end answered'])
        expect(steps.indexOf('/revoke')).toBeGreaterThan(1)
        expect(answer.status).toBe(200)
        expect(there).toContain('id_token_hint=')
        expect(await isAlive(setting, copied)).toBe(false)
        expect(rows(report)).toMatchObject({
          app: 'ended record_ended',
          tokens,
          provider: 'requested sent_to_provider',
        })
      },
    )

    const cold: [what: string, trouble: object][] = [
      ['is down', { down: true }],
      ['answers after an hour', { slowSeconds: 3600 }],
      ['answers 500', { status: 500 }],
      ['answers garbage', { garbage: true }],
    ]
    it.each(cold)(
      '[A1 A12] that %s when its logout was never looked up: ended here, failed there (need 20)',
      async (_, trouble) => {
        const store = memoryStore({ now: () => 1_800_000_000 })
        const first = await makeSetting({ store: () => store })
        const signedIn = first.browser()
        await signedIn.login()
        const browser = await make({ store: () => store, options: hurried, behaviours: trouble })
        for (const [name, value] of signedIn.cookies) browser.cookies.set(name, value)

        const { answer, report } = await leave(setting, browser)
        expect(answer.status).toBe(303)
        expect(answer.headers.get('location')).toMatch(/^http:\/\/localhost:3000\/auth\/logged-out\?state=/)
        expect(await isAlive(setting, signedIn.cookies)).toBe(false)
        expect(rows(report)).toMatchObject({
          app: 'ended record_ended',
          tokens: 'failed revocation_failed',
          provider: 'failed provider_unreachable',
          peers: 'failed provider_unreachable',
        })
        const landing = await browser.follow(answer)
        expect(landing.text).toContain('may still know you')
        expect(landing.text).toContain('Sign out there')
      },
    )

    it('[A1 L10] garbage as the answer to the revocation is its status, as RFC 7009 has it', async () => {
      const browser = await make()
      await browser.login()
      setting.provider.behaviours.revocationStatus = 503
      expect(rows((await leave(setting, browser)).report).tokens).toBe('failed revocation_failed')
    })
  })

  describe('a store in trouble', () => {
    it('[A2 A1 S12] the ticket takes the place of the cookie, opens nothing, and ends the session later (needs 20, 21)', async () => {
      const browser = await make()
      await browser.login()
      const copied = new Map(browser.cookies)
      faulty.before.end = fails
      const failed = await leave(setting, browser, { returnTo: '/bye' })
      expect(failed.answer.status).toBe(503)
      expect(failed.answer.headers.get('cache-control')).toBe('no-store')
      expect(failed.answer.text).toContain('has not confirmed your logout')
      expect(failed.answer.text).toContain('This browser is signed out')
      expect(rows(failed.report)).toEqual({
        browser: 'ended cookies_expired',
        app: 'failed store_failed',
        tokens: 'skipped store_failed_first',
        services: 'skipped store_failed_first',
        peers: 'skipped store_failed_first',
        provider: 'skipped store_failed_first',
        upstream: 'skipped store_failed_first',
      })
      expect(setting.provider.count('revocation')).toBe(0)
      expect(await isAlive(setting, copied)).toBe(true)

      const ticket = browser.cookies.get('endsession-ticket') as string
      expect([...browser.cookies.keys()]).toEqual(['endsession-ticket'])
      expect((await browser.get('/')).status).toBe(303)
      for (const name of ['endsession', 'endsession-out', 'endsession-fresh']) {
        expect(await isAlive(setting, new Map([[name, ticket]]))).toBe(false)
        const other = setting.browser('other')
        other.cookies.set(name, ticket)
        expect((await other.get('/auth/logged-out?state=x')).text).toContain('You are not signed in')
      }

      const again = formOf(failed.answer)
      expect(again).toEqual({
        method: 'post',
        to: `${origin}/auth/logout`,
        fields: { scope: 'provider', tries: '1', returnTo: `${origin}/bye` },
      })
      expect(failed.answer.text).toContain('data-seconds="3"')
      const second = await leave(setting, browser, again.fields)
      expect(second.answer.status).toBe(503)
      expect(second.answer.text).toContain('data-seconds="6"')
      expect(browser.cookies.has('endsession-ticket')).toBe(true)

      delete faulty.before.end
      const done = await leave(setting, browser, formOf(second.answer).fields)
      expect(done.answer.status).toBe(200)
      expect(done.there).toContain('id_token_hint=')
      expect(rows(done.report)).toMatchObject({ app: 'ended record_ended', tokens: 'ended revoked' })
      expect(await isAlive(setting, copied)).toBe(false)
      expect(browser.cookies.has('endsession-ticket')).toBe(false)
      expect((await comeBack(setting, browser, done.there)).answer.headers.get('location')).toBe(`${origin}/bye`)
    })

    it.each([
      ['nothing', undefined],
      ['no records', { position: 'e.1' }],
      ['records that are none', { records: [{}], position: 'e.1' }],
      ['null', null],
    ])('[A2 S12] a store that answers %s has ended nothing', async (_, answer) => {
      const browser = await make()
      await browser.login()
      faulty.answers.end = answer
      const failed = await leave(setting, browser)
      expect(failed.answer.status).toBe(503)
      expect(rows(failed.report).app).toBe('failed store_failed')
      expect([...browser.cookies.keys()]).toEqual(['endsession-ticket'])
    })

    it('[S12 A2] a check against a store that fails, or answers somebody else, is 503 and not "signed out"', async () => {
      const browser = await make()
      await browser.login()
      const bob = setting.browser('bob')
      await bob.login('bob')
      faulty.before.get = fails
      expect((await browser.get('/auth/login')).status).toBe(503)
      delete faulty.before.get
      const list = await setting.store.list({
        iss: setting.provider.issuer,
        client: setting.provider.clientId,
        sub: 'bob',
      })
      for (const garbage of [null, {}, 'yes', list[0]]) {
        faulty.answers.get = garbage
        await expect(setting.endsession.session(requestOf(browser))).rejects.toMatchObject({
          code: 'ERR_STORE',
          status: 503,
        })
      }
    })

    it('[A2 A13] what fails between the end by id and the end by person is done by the next try, and told once', async () => {
      const browser = await make()
      const phone = setting.browser('phone')
      await browser.login()
      await phone.login()
      faulty.before.end = (selector) => selector.by === 'sub' && fails()
      const failed = await leave(setting, browser, { scope: 'everywhere' })
      expect(failed.answer.status).toBe(503)
      expect(await isAlive(setting, phone.cookies)).toBe(true)

      delete faulty.before.end
      setting.clock.advance(5)
      const done = await leave(setting, browser, formOf(failed.answer).fields)
      expect(rows(done.report)).toMatchObject({ app: 'ended ended_before', tokens: 'ended revoked' })
      expect(await isAlive(setting, phone.cookies)).toBe(false)
      expect(setting.provider.revokedTokens.filter((token) => token.startsWith('refresh'))).toHaveLength(2)
      const told = setting.events
        .filter((event) => event.type === 'session.ended')
        .map((event) => 'session' in event && event.session)
      expect(told).toHaveLength(2)
      expect(new Set(told).size).toBe(2)
    })

    it('[A2 A14] a ticket ends what was asked for when it was made, and nothing else', async () => {
      const browser = await make()
      const phone = setting.browser('phone')
      await browser.login()
      await phone.login()
      faulty.before.end = fails
      await leave(setting, browser, { scope: 'app' })
      delete faulty.before.end
      const done = await leave(setting, browser, { scope: 'everywhere' })
      expect(done.report.scope).toBe('app')
      expect(await isAlive(setting, phone.cookies)).toBe(true)
    })

    it.each([
      ['by itself', async (browser: Browser) => leave(setting, browser, { scope: 'everywhere' })],
      [
        'with another logout, after another login',
        async (browser: Browser) => {
          await browser.login()
          return leave(setting, browser, { scope: 'app' })
        },
      ],
    ])(
      '[A4 A14 A2] a ticket of yesterday, used %s, ends who was there then, and no device that has signed in since',
      async (by, use) => {
        const browser = await make({ options: { session: { absoluteSeconds: 200_000, idleSeconds: 100_000 } } })
        const [tablet, phone] = [setting.browser('tablet'), setting.browser('phone')]
        await browser.login()
        await tablet.login()
        setting.clock.advance(10)
        faulty.before.end = fails
        expect((await leave(setting, browser, { scope: 'everywhere' })).answer.status).toBe(503)
        delete faulty.before.end
        setting.clock.advance(20 * 3600)
        await phone.login()
        const { answer, report } = await use(browser)
        expect(answer.status).toBeLessThan(400)
        expect([await isAlive(setting, tablet.cookies), await isAlive(setting, phone.cookies)]).toEqual([false, true])
        if (by === 'by itself') expect(rows(report).app).toBe('skipped signed_in_since')
        await setting.settled()
        expect(await isAlive(setting, phone.cookies)).toBe(true)
      },
    )

    it('[A2 A13] the ticket of an earlier session lives through another login, and another failure', async () => {
      const browser = await make()
      await browser.login('alice')
      const alice = new Map(browser.cookies)
      faulty.before.end = fails
      await leave(setting, browser)
      delete faulty.before.end
      await browser.login('bob')
      const bob = new Map(browser.cookies)
      faulty.before.end = fails
      const failed = await leave(setting, browser)
      delete faulty.before.end
      const done = await leave(setting, browser, formOf(failed.answer).fields)
      expect(rows(done.report).app).toBe('ended record_ended')
      expect(await isAlive(setting, bob)).toBe(false)
      expect(await isAlive(setting, alice)).toBe(false)
      await setting.settled()
      expect(setting.provider.revokedTokens.filter((token) => token.startsWith('refresh'))).toHaveLength(2)
      expect(setting.events.filter((event) => event.type === 'session.ended')).toHaveLength(2)
    })

    it('[A2] nobody makes a ticket, and one that is a day old is none', async () => {
      const browser = await make()
      await browser.login()
      faulty.before.end = fails
      await leave(setting, browser)
      const ticket = browser.cookies.get('endsession-ticket') as string
      delete faulty.before.end
      const forged = ticket.slice(0, -6) + (ticket.endsWith('A') ? 'B' : 'A').repeat(6)
      browser.cookies.set('endsession-ticket', forged)
      expect(rows((await leave(setting, browser)).report).app).toBe('skipped no_session')
      setting.clock.advance(86_400 + 61)
      browser.cookies.set('endsession-ticket', ticket)
      browser.cookies.delete('endsession-out')
      expect(rows((await leave(setting, browser)).report).app).toBe('skipped no_session')
    })

    it('[A12 L10] a store that hangs after the end keeps nobody waiting', async () => {
      const browser = await make({ options: hurried, profile: { revocationReach: 'grant' } })
      await browser.login()
      faulty.before.list = hangs
      faulty.before.settle = hangs
      const { answer, report } = await leave(setting, browser)
      expect(answer.status).toBe(200)
      expect(rows(report)).toMatchObject({ app: 'ended record_ended', tokens: 'failed revocation_failed' })
    })
  })

  describe('who may ask', () => {
    const posts: [site: string | undefined, from: string | undefined, status: number][] = [
      ['same-origin', origin, 200],
      ['same-origin', undefined, 200],
      ['same-origin', 'null', 200],
      ['same-origin', 'https://evil.example', 403],
      ['same-site', origin, 403],
      ['same-site', 'http://other.localhost:3000', 403],
      ['cross-site', 'https://evil.example', 403],
      ['cross-site', origin, 403],
      ['cross-site', undefined, 403],
      ['none', origin, 403],
      ['none', undefined, 403],
      ['', origin, 403],
      [undefined, origin, 200],
      [undefined, 'null', 403],
      [undefined, 'https://evil.example', 403],
      [undefined, `${origin}.evil.example`, 403],
      [undefined, undefined, 403],
    ]
    it.each(posts)('[A5] POST with Sec-Fetch-Site %s and Origin %s: %i (need 19)', async (site, from, status) => {
      const browser = await make()
      await browser.login()
      const copied = new Map(browser.cookies)
      const headers = { 'sec-fetch-site': site as string, origin: from as string }
      const answer = await browser.post('/auth/logout', {}, headers)
      expect(answer.status).toBe(status)
      expect(await isAlive(setting, copied)).toBe(status === 403)
      if (status === 403) expect(answer.text).toContain('Nothing has happened')
    })

    it('[A5] GET and HEAD show a button, and end nothing (need 18)', async () => {
      const browser = await make()
      await browser.login()
      const before = new Map(browser.cookies)
      const page = await browser.get('/auth/logout?scope=everywhere', { 'sec-fetch-site': 'cross-site' })
      expect(page.status).toBe(200)
      expect(formOf(page)).toEqual({ method: 'post', to: `${origin}/auth/logout`, fields: {} })
      expect(page.text).not.toContain('<script')
      const image = await browser.get('/auth/logout', {
        'sec-fetch-mode': 'no-cors',
        'sec-fetch-dest': 'image',
        accept: 'image/*',
      })
      expect(image.headers.get('set-cookie')).toBe(null)
      expect(browser.cookies).toEqual(before)
      expect(await isAlive(setting, before)).toBe(true)
      expect(setting.provider.count('revocation')).toBe(0)
    })

    it.each([
      { 'sec-purpose': 'prefetch' },
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { 'next-router-prefetch': '1' },
      { rsc: '1' },
    ])('[A5] a prefetch %o gets 204 (need 18)', async (headers) => {
      const browser = await make()
      await browser.login()
      for (const path of ['/auth/logout', '/auth/logged-out?state=x']) {
        const answer = await browser.get(path, headers as unknown as Record<string, string>)
        expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([204, '', 'no-store'])
      }
    })

    it('[A5 L18] other methods, bodies and scopes are refused, and end nothing', async () => {
      const browser = await make()
      await browser.login()
      const before = new Map(browser.cookies)
      expect((await browser.post('/auth/logged-out')).status).toBe(405)
      expect((await browser.post('/auth/logout', {}, { 'content-type': 'application/json' })).status).toBe(415)
      expect((await browser.post('/auth/logout', {}, { 'content-type': 'text/plain' })).status).toBe(415)
      expect((await browser.post('/auth/logout', { scope: 'universe' })).status).toBe(400)
      expect((await browser.post('/auth/logout', { fill: 'x'.repeat(70_000) })).status).toBe(413)
      const request = requestOf(browser, 'POST')
      await expect(setting.endsession.logout(request, { scope: 'universe' as 'app' })).rejects.toMatchObject({
        code: 'ERR_REQUEST',
      })
      expect(await isAlive(setting, before)).toBe(true)
    })
  })

  describe('the way to the provider', () => {
    it('[A6 A9 L5 L6] the hint is in the page alone, and the page moves on by itself (needs 1, 2, 17, 24)', async () => {
      const browser = await make()
      await browser.login()
      const { answer, there } = await leave(setting, browser)
      const hint = new URL(there).searchParams.get('id_token_hint') as string
      expect(hint.split('.')).toHaveLength(3)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('location')).toBe(null)
      const signature = hint.split('.')[2] as string
      expect(JSON.stringify([...answer.headers])).not.toContain(signature)
      expect(JSON.stringify(setting.events)).not.toContain(signature)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('referrer-policy')).toBe('same-origin')
      const form = formOf(answer)
      expect(form).toMatchObject({ method: 'get', to: `${setting.provider.issuer}/end-session` })
      expect(Object.values(form.fields).every((value) => value !== '')).toBe(true)
      expect(form.fields).toEqual(Object.fromEntries(new URL(there).searchParams))
      const landing = await comeBack(setting, browser, there)
      expect(landing.answer.text).not.toContain(signature)
      expect(JSON.stringify([...landing.answer.headers])).not.toContain(signature)
    })

    it('[L6 A9] over the URL limit the hint gives way to the client and the logout hint (need 24)', async () => {
      const browser = await make({ behaviours: { fatIdTokenBytes: 9000 }, profile: { logoutHintClaim: 'sid' } })
      await browser.login()
      const { answer, there } = await leave(setting, browser)
      expect(there.length).toBeLessThan(8000)
      const asked = Object.fromEntries(new URL(there).searchParams)
      expect(asked).toMatchObject({
        client_id: 'app',
        logout_hint: 'sid-1',
        post_logout_redirect_uri: `${origin}/auth/logged-out`,
      })
      expect(asked).not.toHaveProperty('id_token_hint')
      expect(headerBytes(answer)).toBeLessThan(4096)
    })

    it('[L6 A6] over the URL limit a provider that takes a POST gets one, hint included', async () => {
      const browser = await make({ behaviours: { fatIdTokenBytes: 9000 }, profile: { acceptsPost: true } })
      await browser.login()
      const { answer } = await leave(setting, browser)
      const form = formOf(answer)
      expect(form).toMatchObject({ method: 'post', to: `${setting.provider.issuer}/end-session` })
      expect(form.fields['id_token_hint']?.length).toBeGreaterThan(9000)
      expect(answer.text).not.toContain('http-equiv')
      expect(headerBytes(answer)).toBeLessThan(4096)
    })

    it.each([
      ['accepted', 7200, true],
      ['unknown', 7200, true],
      ['refused', 7200, false],
      ['refused', 60, true],
    ] as const)('[A9 L6] an expired hint is %s, after %i s: sent %s (need 2)', async (expiredHint, seconds, sent) => {
      const browser = await make({ profile: { expiredHint } })
      await browser.login()
      setting.clock.advance(seconds)
      const asked = new URL((await leave(setting, browser)).there).searchParams
      expect([asked.has('id_token_hint'), asked.get('client_id')]).toEqual([sent, 'app'])
    })

    it('[A8] each session goes to its own provider (need 27)', async () => {
      const browser = await make({ another: {} })
      const other = setting.browser('other')
      await loginAt(browser, setting.provider, 'example')
      await loginAt(other, setting.another, 'another')
      const first = await leave(setting, browser)
      const second = await leave(setting, other)
      expect(first.there.startsWith(`${setting.provider.issuer}/`)).toBe(true)
      expect(second.there.startsWith(`${setting.another.issuer}/`)).toBe(true)
      expect(new URL(second.there).searchParams.get('client_id')).toBe('other')
      expect(setting.provider.revokedTokens).toEqual(expect.arrayContaining(['refresh-4']))
      expect(setting.another.revokedTokens).toEqual(expect.arrayContaining(['refresh-4']))
      expect(setting.provider.count('revocation')).toBe(setting.another.count('revocation'))
    })

    it('[A8 L7 L19] without a session, several providers: nobody knows whose logout it is', async () => {
      const browser = await make({ another: {} })
      const { answer, report } = await leave(setting, browser)
      expect(answer.status).toBe(303)
      expect(rows(report)).toMatchObject({ app: 'skipped no_session', provider: 'impossible provider_not_configured' })
    })

    it('[A8 L19] a provider that is no longer configured gets no visit and no token', async () => {
      const store = memoryStore({ now: () => 1_800_000_000 })
      const first = await makeSetting({ store: () => store, another: {} })
      const signedIn = first.browser()
      await loginAt(signedIn, first.another, 'another')
      const browser = await make({ store: () => store })
      for (const [name, value] of signedIn.cookies) browser.cookies.set(name, value)
      const { answer, report } = await leave(setting, browser)
      expect(answer.status).toBe(303)
      expect(rows(report)).toMatchObject({
        app: 'ended record_ended',
        tokens: 'impossible provider_not_configured',
        services: 'impossible no_guard_follows',
        provider: 'impossible provider_not_configured',
        peers: 'impossible provider_not_configured',
        upstream: 'unknown upstream_unknown',
      })
      expect(setting.provider.requests).toEqual([])
      expect((await browser.follow(answer)).text).toContain('You are signed out of')
    })

    it('[L7 A9 L19] without any cookie: to the provider all the same, by client alone', async () => {
      const browser = await make()
      const { there, report } = await leave(setting, browser)
      const asked = Object.fromEntries(new URL(there).searchParams)
      expect(Object.keys(asked).toSorted()).toEqual(['client_id', 'post_logout_redirect_uri', 'state'])
      expect(rows(report)).toMatchObject({
        browser: 'ended cookies_expired',
        app: 'skipped no_session',
        tokens: 'skipped no_session',
        services: 'skipped no_session',
        provider: 'requested sent_to_provider',
      })
    })

    it('[L7 A9 L8] an expired session: the hint is kept for a day past expiry, then it is absent (need 2)', async () => {
      const browser = await make({ options: { session: { idleSeconds: 600 } } })
      await browser.login()
      const copied = new Map(browser.cookies)
      setting.clock.advance(700)
      expect((await browser.get('/')).status).toBe(303)
      const id = [...(await setting.store.pending(9)).expired][0]?.id as string
      await setting.store.end({ by: 'id', id }, 'idle')
      setting.clock.advance(86_000)
      const kept = await leave(setting, browser)
      expect(new URL(kept.there).searchParams.get('id_token_hint')).toMatch(/^ey/)
      expect(rows(kept.report)).toMatchObject({ app: 'ended ended_before', tokens: 'ended revoked' })

      const late = setting.browser('late')
      for (const [name, value] of copied) late.cookies.set(name, value)
      setting.clock.advance(1000)
      const gone = await leave(setting, late)
      expect(new URL(gone.there).searchParams.has('id_token_hint')).toBe(false)
      expect(rows(gone.report)).toMatchObject({
        app: 'ended unknown_cookie',
        tokens: 'unknown record_gone',
        services: 'unknown record_gone',
      })
    })

    it('[A13 L19] a row that does not open any more costs the hint and the proof, not the logout', async () => {
      const store = memoryStore({ now: () => 1_800_000_000 })
      const first = await makeSetting({ store: () => store })
      const signedIn = first.browser()
      await signedIn.login()
      const browser = await make({
        store: () => store,
        options: { secret: 'another secret of thirty-two bytes or more' },
      })
      for (const [name, value] of signedIn.cookies) browser.cookies.set(name, value)
      const { answer, there, report } = await leave(setting, browser)
      expect(answer.status).toBe(200)
      expect(new URL(there).searchParams.has('id_token_hint')).toBe(false)
      expect(rows(report)).toMatchObject({ app: 'ended record_ended', tokens: 'failed revocation_failed' })
      expect((await store.pending(9)).unsettled).toHaveLength(1)
    })
  })

  describe('twice', () => {
    it('[A13 L12] a second click, after the first and after the landing, gets the same plan', async () => {
      const browser = await make()
      await browser.login()
      const first = await leave(setting, browser)
      setting.clock.advance(20)
      const second = await leave(setting, browser)
      expect(second.there).toBe(first.there)
      expect(rows(second.report)).toEqual({ ...rows(first.report), app: 'ended ended_before' })
      await comeBack(setting, browser, first.there)
      const third = await leave(setting, browser)
      expect(third.there).toBe(first.there)
      expect((await comeBack(setting, browser, third.there)).answer.text).toContain('You are signed out of')
      expect(setting.events.filter((event) => event.type === 'session.ended')).toHaveLength(1)
    })

    it('[A13 S11] a double click at the same time: two answers, one plan, one end', async () => {
      const browser = await make()
      await browser.login()
      const copied = new Map(browser.cookies)
      const tabs = ['a', 'b', 'c'].map((name) => {
        const tab = setting.browser(name)
        for (const [key, value] of copied) tab.cookies.set(key, value)
        return tab
      })
      const plans = await Promise.all(tabs.map((tab) => leave(setting, tab)))
      expect(new Set(plans.map(({ there }) => there)).size).toBe(1)
      expect(plans[0]?.there).toContain('id_token_hint=')
      expect(setting.events.filter((event) => event.type === 'session.ended')).toHaveLength(1)
      expect(await isAlive(setting, copied)).toBe(false)
    })

    it('[A13 L10] a crash between the end and the revocation: the next click revokes, what failed is tried again', async () => {
      const browser = await make()
      await browser.login()
      const [{ id } = { id: '' }] = await setting.store.list({
        iss: setting.provider.issuer,
        client: 'app',
        sub: 'alice',
      })
      await setting.store.end({ by: 'id', id, sid: true }, 'user')
      expect(setting.provider.alive('refresh-4')).toBe(true)
      setting.provider.behaviours.revocationStatus = 500
      const first = await leave(setting, browser)
      expect(rows(first.report)).toMatchObject({ app: 'ended ended_before', tokens: 'failed revocation_failed' })
      setting.provider.behaviours.revocationStatus = 200
      const second = await leave(setting, browser)
      expect(rows(second.report).tokens).toBe('ended revoked')
      expect(second.there).toBe(first.there)
      expect(setting.provider.alive('refresh-4')).toBe(false)
    })

    it('[A13 M8 L19] a logout after the back-channel has ended the session: the hint is there, nothing is newly claimed', async () => {
      const browser = await make()
      await browser.login()
      setting.clock.advance(5)
      const body = { logout_token: await setting.provider.logoutToken({ sid: 'sid-1', sub: 'alice' }) }
      expect((await setting.browser('op').post('/auth/backchannel-logout', body)).status).toBe(200)
      await setting.settled()
      const { there, report } = await leave(setting, browser)
      expect(there).toContain('id_token_hint=')
      expect(rows(report)).toMatchObject({
        app: 'ended ended_before',
        tokens: 'ended revoked',
        provider: 'requested sent_to_provider',
      })
      expect(setting.events.filter((event) => event.type === 'session.ended')).toHaveLength(1)
    })
  })

  describe('nothing comes back', () => {
    it.each(['app', 'provider', 'everywhere'])(
      '[A3 S2] a login that began in another tab before a logout of scope %s does not finish after it (need 6)',
      async (scope) => {
        const browser = await make()
        setting.clock.advance(10)
        const start = await browser.get('/auth/login?returnTo=/')
        const back = setting.provider.authorize(start.headers.get('location') ?? '', { browser: 'browser' })
        const held = new Map([...browser.cookies].filter(([name]) => name.startsWith('endsession-in-')))
        await browser.login()
        const second = await browser.get('/auth/login?returnTo=/')
        const late = setting.provider.authorize(second.headers.get('location') ?? '', { browser: 'browser' })
        for (const [name, value] of browser.cookies) if (name.startsWith('endsession-in-')) held.set(name, value)
        await leave(setting, browser, { scope })
        expect([...browser.cookies.keys()].some((name) => name.startsWith('endsession-in-'))).toBe(false)
        // Its answer is on the way already, with the cookie that the logout has removed.
        for (const [name, value] of held) browser.cookies.set(name, value)
        const answer = await browser.get(late.pathname + late.search)
        expect(answer.headers.get('location')).toContain('prompt=login')
        expect(browser.cookies.has('endsession')).toBe(false)
        expect(back.searchParams.get('state')).not.toBe(late.searchParams.get('state'))
      },
    )

    it('[A3 S3 L9] a page that was being made while the session ended brings nothing back (need 6)', async () => {
      const browser = await make()
      await browser.login()
      const copied = new Map(browser.cookies)
      setting.clock.advance(20_000)
      const request = requestOf(browser)
      const response = await setting.endsession.protect(request, async () => {
        await leave(setting, browser)
        return new Response('late')
      })
      expect(await response.text()).toBe('late')
      expect(response.headers.getSetCookie().filter((line) => line.startsWith('endsession='))).toEqual([])
      await setting.settled()
      expect(await isAlive(setting, copied)).toBe(false)
    })

    it('[A3 A13] every cookie of before and after the logout, together and apart, opens nothing', async () => {
      const browser = await make()
      await browser.login()
      const before = new Map(browser.cookies)
      setting.clock.advance(10)
      const { there } = await leave(setting, browser)
      await comeBack(setting, browser, there)
      const all = new Map([...before, ...browser.cookies])
      expect(all.size).toBeGreaterThan(2)
      expect(await isAlive(setting, all)).toBe(false)
      for (const [, value] of all) expect(await isAlive(setting, new Map([['endsession', value]]))).toBe(false)
    })
  })

  describe('headers', () => {
    it('[A10] stay under 4 KiB with everything at its maximum (need 23)', async () => {
      const behaviours = { jwtAccessTokens: true, fatIdTokenBytes: 6000 }
      const guards = Array.from({ length: 12 }, (_, place) => `${place}-${'g'.repeat(61)}`)
      const browser = await make({
        behaviours,
        options: {
          logout: { clear: ['cache', 'storage'], probe: 'where_it_proves' },
          feed: {
            keys: Object.fromEntries(guards.map((name) => [name, `a key of thirty-two bytes or more for ${name}`])),
          },
        },
        profile: { probeProves: true, revokeBeforeLeaving: false, revocationReach: 'grant' },
      })
      for (let device = 0; device < 12; device++) await setting.browser(`device-${device}`).login()
      await browser.login()
      const longest = `/auth/login?${new URLSearchParams({ returnTo: `/${'y'.repeat(600)}` })}`
      for (let tab = 0; tab < 7; tab++) {
        setting.clock.advance(1)
        expect(headerBytes(await browser.get(longest))).toBeLessThan(4096)
      }
      expect([...browser.cookies.keys()].filter((name) => name.startsWith('endsession-in-'))).toHaveLength(5)
      setting.provider.behaviours.revocationStatus = 500

      for (const returnTo of [
        `/${'z'.repeat(511 - origin.length)}`,
        `/${'z'.repeat(2000)}`,
        `/${'ü'.repeat(2000)}`,
        `/${'z'.repeat(9000)}`,
      ]) {
        const { answer, there } = await leave(setting, browser, { scope: 'everywhere', returnTo })
        expect(headerBytes(answer)).toBeLessThan(4096)
        expect(Math.max(...[...browser.cookies].map((cookie) => cookie.join('=').length))).toBeLessThan(4096)
        const landing = await comeBack(setting, browser, there)
        expect(landing.answer.headers.get('location')).toContain('prompt=none')
        expect(headerBytes(landing.answer)).toBeLessThan(4096)
        const back = setting.provider.authorize(landing.answer.headers.get('location') as string, {
          browser: browser.name,
        })
        const probed = await browser.get(back.pathname + back.search)
        expect(headerBytes(probed)).toBeLessThan(4096)
        const last = await browser.follow(probed)
        expect(headerBytes(last)).toBeLessThan(4096)
        expect(last.status).toBe(returnTo.length < 512 ? 303 : 200)
      }
    })

    it('[A10 A2] of a failed logout, with four sessions waiting for their end', async () => {
      const browser = await make()
      faulty.before.end = fails
      let bytes = 0
      for (let time = 0; time < 7; time++) {
        await browser.login(`person-${time}`)
        const { answer } = await leave(setting, browser, { returnTo: `/${'z'.repeat(2000)}` })
        bytes = headerBytes(answer)
      }
      expect(bytes).toBeLessThan(2048)
    })
  })

  it('[L5] Clear-Site-Data only where the app asks for it', async () => {
    const browser = await make({ options: { logout: { clear: ['cache', 'storage'] } } })
    await browser.login()
    expect((await leave(setting, browser)).answer.headers.get('clear-site-data')).toBe('"cache", "storage"')
  })
})

describe('a store that never answers', () => {
  it('[A2 A12 S12] is given up: 503, a ticket, and the logout is not claimed', async () => {
    const faulty = faultyStore(memoryStore({ now: () => 1_800_000_000 }))
    const setting = await makeSetting({ store: () => faulty.store })
    const browser = setting.browser()
    await browser.login()
    faulty.before.end = hangs
    const { answer, report } = await leave(setting, browser)
    expect(answer.status).toBe(503)
    expect(rows(report).app).toBe('failed store_failed')
    expect(browser.cookies.has('endsession-ticket')).toBe(true)
    await setting.close()
  })
})

function requestOf(browser: Browser, method = 'GET'): Request {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return new Request(`${origin}/`, { method, headers: { cookie, 'sec-fetch-site': 'same-origin' } })
}
