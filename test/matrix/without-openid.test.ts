import { memoryStore, type Options, remaining, type Session } from 'endsession'
import type { FakeProviderBehaviours } from 'endsession/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { tokenHash } from '../../packages/endsession/src/protocol/token-hash.ts'
import { isAlive, lastReport, leave, loginAt, rows } from './leaving.ts'
import { type Browser, makeSetting, origin, type Setting, type SettingOptions, transports } from './setting.ts'

let setting: Setting | undefined
afterEach(async () => {
  await setting?.close()
  setting = undefined
})

const secrets = { clientId: 'app', clientSecret: 'app-secret' }
const github = { ...secrets, profile: { name: 'github' } }
const likeGitHub: FakeProviderBehaviours = {
  withoutOpenid: true,
  issuer: 'https://github.com/login/oauth',
  expiresIn: null,
  omitRefreshToken: true,
  errorStatus: 200,
}

/** Another one without OpenID, which says nothing of who answers. */
const another = {
  issuer: 'https://another.example',
  clientId: 'other',
  clientSecret: 'other-secret',
  profile: { name: 'oauth' },
  endpoints: {
    authorization_endpoint: 'https://another.example/authorize',
    token_endpoint: 'https://another.example/token',
    userinfo_endpoint: 'https://another.example/user',
  },
}

describe.each(transports)('%s: a login without OpenID', (transport) => {
  async function open(behaviours: FakeProviderBehaviours = {}, more: SettingOptions = {}): Promise<Setting> {
    const { options, ...others } = more
    const providers: Options['providers'] = { github }
    const all = { ...likeGitHub, ...behaviours }
    setting = await makeSetting({ transport, behaviours: all, options: { providers, ...options }, ...others })
    return setting
  }

  const handed = ({ provider }: Setting) => provider.requests.filter(({ endpoint }) => endpoint === 'own_revocation')

  it('[A1 A2 A3 A6 L19] signs in, and out: dead here, its token dead there, and nothing claimed that nobody can know (needs 1, 8)', async () => {
    const at = await open({ user: () => ({ id: 583231, login: 'alice' }) })
    const browser = at.browser()
    expect((await browser.login()).status).toBe(303)
    expect((await browser.get('/')).text).toBe('Hello 583231')
    const copy = new Map(browser.cookies)
    at.clock.advance(10)
    const { report, there, answer } = await leave(at, browser)
    expect([there, await isAlive(at, copy)]).toEqual(['', false])
    expect(rows(report)).toEqual({
      browser: 'ended cookies_expired',
      app: 'ended record_ended',
      tokens: 'ended no_refresh_token',
      services: 'impossible no_guard_follows',
      peers: 'impossible no_end_session_endpoint',
      provider: 'impossible no_end_session_endpoint',
      upstream: 'unknown upstream_unknown',
    })
    expect(report.layers.tokens.parts?.map(({ what, reason }) => `${what}: ${reason}`)).toEqual([
      'refresh token: no_refresh_token',
      'access token: access_token_revoked',
    ])
    expect(remaining(report)).toContain('provider')
    // It never expires by itself: no time is named at which it would.
    expect(report.layers.services).not.toHaveProperty('until')
    expect(at.provider.alive('access-3')).toBe(false)
    expect(at.provider.revokedTokens).toEqual(['access-3'])
    expect([answer.text, [...answer.headers].join(), JSON.stringify(at.events)].join()).not.toContain('access-3')
  })

  it('[M10 A7] the next login is asked for its account picker, and lets in who has been there', async () => {
    const at = await open()
    const browser = at.browser()
    await browser.login()
    at.clock.advance(10)
    await leave(at, browser)
    const next = new URL((await browser.get('/auth/login')).headers.get('location') ?? '')
    expect(next.searchParams.get('prompt')).toBe('select_account')
    at.clock.advance(10)
    await browser.login()
    expect((await browser.get('/')).text).toBe('Hello alice')
  })

  it('[A13 L10] a second click, when its token is over already, claims the same', async () => {
    const at = await open()
    const browser = at.browser()
    await browser.login()
    const twin = at.browser('twin')
    for (const [name, value] of browser.cookies) twin.cookies.set(name, value)
    const first = await leave(at, browser)
    const second = await leave(at, twin)
    expect(rows(second.report)).toMatchObject({ tokens: rows(first.report).tokens, app: 'ended ended_before' })
    expect(second.report.layers.tokens.parts).toEqual(first.report.layers.tokens.parts)
    expect(handed(at)).toHaveLength(2)
  })

  it('[A2 A1 A13 L10] its call fails: so it says, and the next click tries again', async () => {
    const at = await open({ revocationStatus: 503 })
    const browser = at.browser()
    await browser.login()
    const { report } = await leave(at, browser)
    expect(rows(report)).toMatchObject({ tokens: 'failed access_token_not_revoked', app: 'ended record_ended' })
    expect(at.provider.alive('access-3')).toBe(true)
    Object.assign(at.provider.behaviours, { revocationStatus: undefined })
    expect(rows((await leave(at, browser)).report)).toMatchObject({ tokens: 'ended no_refresh_token' })
    expect(at.provider.alive('access-3')).toBe(false)
  })

  it('[A2 L10] its call is for access tokens alone: a refresh token beside it is said to live on', async () => {
    const at = await open({ expiresIn: 600, omitRefreshToken: false })
    const browser = at.browser()
    await browser.login()
    const { report } = await leave(at, browser)
    expect(report.layers.tokens.parts?.map(({ what, outcome, reason }) => [what, outcome, reason])).toEqual([
      ['refresh token', 'impossible', 'no_revocation_endpoint'],
      ['access token', 'ended', 'access_token_revoked'],
    ])
    expect([at.provider.alive('access-3'), at.provider.alive('refresh-4')]).toEqual([false, true])
  })

  it('[L27 L10 A2] a token without an end is ended however late the logout comes, and never said to have expired', async () => {
    const day = 86_400
    const at = await open({}, { options: { session: { idleSeconds: 3 * day, accessTokenSeconds: 600 } } })
    const browser = at.browser()
    await browser.login()
    at.clock.advance(2 * day)
    const session = (await sessionOf(at, browser)) as Session
    expect(await at.endsession.accessToken(session)).toEqual({
      ok: true,
      token: 'access-3',
      expiresAt: session.expiresAt,
    })
    const { report } = await leave(at, browser)
    // Its mark is kept as long as it may be shown to a service, which is longer than services take tokens of others.
    const shown = { iss: session.iss, client: 'app', at: at.clock.now(), token: tokenHash('access-3') }
    expect(await at.store.covers(shown)).toMatchObject({ cause: 'user' })
    expect(at.provider.alive('access-3')).toBe(false)
    expect(rows(report)).toMatchObject({ services: 'impossible no_guard_follows', tokens: 'ended no_refresh_token' })
  })

  it('[M7 A14] everywhere: every device is out, with the token of each, and nobody else is (need 5)', async () => {
    const at = await open()
    const [laptop, phone, bob] = [at.browser('laptop'), at.browser('phone'), at.browser('bob')]
    await laptop.login('alice')
    await phone.login('alice')
    await bob.login('bob')
    at.clock.advance(10)
    await leave(at, laptop, { scope: 'everywhere' })
    const alive = [laptop, phone, bob].map(({ cookies }) => isAlive(at, cookies))
    expect(await Promise.all(alive)).toEqual([false, false, true])
    expect(handed(at)).toHaveLength(2)
    at.clock.advance(10)
    // The phone has not asked for anything: the mark has.
    const again = await phone.login('alice')
    expect(new URL(again.headers.get('location') ?? '').searchParams.get('prompt')).toBe('select_account')
    // What the refused login brought would live for ever, and no logout would know of it.
    await at.settled()
    expect(handed(at)).toHaveLength(3)
    const back = at.provider.authorize(again.headers.get('location') ?? '', { sub: 'alice', browser: 'phone' })
    expect((await phone.get(back.pathname + back.search)).headers.get('location')).toBe(`${origin}/`)
    expect((await phone.get('/')).text).toBe('Hello alice')
  })

  it('[A14 L10] scope app ends this one’s token, and no other device’s', async () => {
    const at = await open()
    const [laptop, phone] = [at.browser('laptop'), at.browser('phone')]
    await laptop.login('alice')
    await phone.login('alice')
    at.clock.advance(10)
    await leave(at, laptop, { scope: 'app' })
    expect(await isAlive(at, phone.cookies)).toBe(true)
    const access = await at.endsession.accessToken((await sessionOf(at, phone)) as Session)
    expect([access.ok && at.provider.alive(access.token), at.provider.revokedTokens.length]).toEqual([true, 1])
  })

  it('[A14 L10] a token that it has handed out twice is left to the device that still has it', async () => {
    const at = await open(
      {},
      {
        wire: async (pass, url) => {
          if (url.endsWith('/user')) return Response.json({ id: 1 })
          const answer = await pass()
          const body = url.endsWith('/access_token') ? await answer.json() : undefined
          return body ? Response.json({ ...body, access_token: 'gho_same' }) : answer
        },
      },
    )
    const [laptop, phone] = [at.browser('laptop'), at.browser('phone')]
    await laptop.login()
    await phone.login()
    at.clock.advance(10)
    const first = await leave(at, laptop)
    expect(rows(first.report).tokens).toBe('skipped revocation_reaches_farther')
    expect(handed(at)).toHaveLength(0)
    const second = await leave(at, phone)
    expect([rows(second.report).tokens, handed(at).length]).toEqual(['failed access_token_not_revoked', 1])
  })

  it('[L27 M2] signedInAt is the clock of the store, which is one for all nodes: a clock that is wrong keeps nobody in or out', async () => {
    const behind = 300
    const at = await open({}, { store: (clock) => memoryStore({ now: () => clock.now() - behind }) })
    const browser = at.browser()
    await browser.login()
    const session = (await sessionOf(at, browser)) as Session
    expect(session.signedInAt).toBe(Math.floor(at.clock.now()) - behind)
    await at.endsession.end({ provider: 'github', sub: 'alice' }, 'left')
    expect(await sessionOf(at, browser)).toBeUndefined()
    at.clock.advance(10)
    await leave(at, browser)
    await browser.login()
    expect((await browser.get('/')).text).toBe('Hello alice')
  })

  it('[L27 A8] people are told apart by id and by provider, never by a name that somebody else may take over', async () => {
    const people = {
      old: { id: 1, login: 'alice' },
      renamed: { id: 1, login: 'alicia' },
      thief: { id: 2, login: 'alice' },
    }
    const at = await open(
      { user: (sub) => people[sub as keyof typeof people] },
      {
        another: { withoutOpenid: true, responseIss: false, user: () => ({ id: '1', name: 'alice' }) },
        options: { providers: { github, another } },
      },
    )
    const browsers = ['old', 'renamed', 'thief', 'elsewhere'].map((name) => at.browser(name))
    const [old, renamed, thief, elsewhere] = browsers as [Browser, Browser, Browser, Browser]
    await loginAt(old, at.provider, 'github', { sub: 'old' })
    await loginAt(renamed, at.provider, 'github', { sub: 'renamed' })
    await loginAt(thief, at.provider, 'github', { sub: 'thief' })
    await loginAt(elsewhere, at.another, 'another')
    const who = await Promise.all(browsers.map((browser) => sessionOf(at, browser)))
    expect(who.map((session) => `${session?.iss} ${session?.sub}`)).toEqual([
      'https://github.com/login/oauth 1',
      'https://github.com/login/oauth 1',
      'https://github.com/login/oauth 2',
      'https://another.example 1',
    ])
    at.clock.advance(10)
    await leave(at, old, { scope: 'everywhere' })
    const alive = browsers.map(({ cookies }) => isAlive(at, cookies))
    expect(await Promise.all(alive)).toEqual([false, false, true, true])
  })

  it('[L2 A8] a provider in bad hands that sends people on to GitHub gets neither a login nor their code (RFC 9207)', async () => {
    const at = await open({}, { another: { withoutOpenid: true }, options: { providers: { github, another } } })
    const browser = at.browser()
    const start = await browser.get('/auth/login?provider=another&returnTo=/')
    const begun = new URL(start.headers.get('location') ?? '').searchParams
    const onward = new URL('https://github.com/login/oauth/authorize')
    for (const name of ['state', 'code_challenge']) onward.searchParams.set(name, begun.get(name) ?? '')
    onward.searchParams.set('client_id', 'app')
    onward.searchParams.set('redirect_uri', `${origin}/auth/callback`)
    const back = at.provider.authorize(onward, { sub: 'victim' })
    expect(back.searchParams.get('iss')).toBe('https://github.com/login/oauth')
    expect((await browser.get(back.pathname + back.search)).status).toBe(400)
    expect([at.another.count('token'), at.provider.count('token')]).toEqual([0, 0])
    expect((await browser.get('/')).status).toBe(303)
  })

  it('[L27 L2] no person, no session: what is wrong with the user endpoint signs nobody in, and nobody out', async () => {
    const at = await open()
    const browser = at.browser()
    await browser.login()
    const before = new Map(browser.cookies)
    for (const [behaviour, status] of [
      [{ user: () => ({ login: 'alice' }) }, 400],
      [{ userStatus: 302 }, 400],
      [{ userStatus: 503 }, 502],
    ] as const) {
      Object.assign(at.provider.behaviours, { user: undefined, userStatus: undefined }, behaviour)
      expect((await browser.login()).status).toBe(status)
      expect(await isAlive(at, before)).toBe(true)
    }
  })

  it('[L20] refreshes where it issues refresh tokens, and ends the session where that is refused', async () => {
    const refuse = { on: false }
    const at = await open(
      { expiresIn: 600, omitRefreshToken: false },
      {
        wire: async (pass, _, body) =>
          refuse.on && body.get('grant_type') === 'refresh_token'
            ? Response.json({ error: 'bad_refresh_token' })
            : pass(),
      },
    )
    const browser = at.browser()
    await browser.login()
    const session = (await sessionOf(at, browser)) as Session
    at.clock.advance(590)
    const fresh = await at.endsession.accessToken(session)
    expect(fresh).toMatchObject({ ok: true, token: expect.not.stringMatching(/^access-3$/) })
    refuse.on = true
    at.clock.advance(590)
    expect(await at.endsession.accessToken(session)).toEqual({ ok: false, why: 'signed_out' })
    expect(at.events).toContainEqual({ type: 'session.ended', session: session.id, cause: 'refresh_refused' })
  })

  it('[L27 L20 A2] a refreshed token of which nobody says when it ends is one that has no end', async () => {
    const day = 86_400
    const session = { idleSeconds: 3 * day, accessTokenSeconds: 600 }
    const at = await open({ expiresIn: 600, omitRefreshToken: false }, { options: { session } })
    const browser = at.browser()
    await browser.login()
    at.clock.advance(590)
    at.provider.behaviours.expiresIn = null
    const signedIn = (await sessionOf(at, browser)) as Session
    const fresh = await at.endsession.accessToken(signedIn)
    if (!fresh.ok) return expect.unreachable(fresh.why)
    expect(fresh.expiresAt).toBe(signedIn.expiresAt)
    at.clock.advance(2 * day)
    const { report } = await leave(at, browser)
    expect(rows(report).services).toBe('impossible no_guard_follows')
    expect(at.provider.alive(fresh.token)).toBe(false)
  })

  it('[A14 L10] where one call takes everything of the person, only a logout everywhere makes it', async () => {
    const facebook = { ...secrets, profile: { name: 'facebook' } }
    const behaviours = { issuer: 'https://www.facebook.com', responseIss: false, expiresIn: 3600 }
    const at = await open(behaviours, { options: { providers: { facebook } } })
    const browser = at.browser()
    await browser.login()
    const { report } = await leave(at, browser)
    expect(report.layers.tokens.parts?.map(({ what, outcome, reason }) => [what, outcome, reason])).toEqual([
      ['access token', 'skipped', 'revocation_reaches_farther'],
      ['refresh token', 'ended', 'no_refresh_token'],
    ])
    expect(handed(at)).toEqual([])
    at.clock.advance(10)
    await browser.login()
    at.clock.advance(10)
    const all = await leave(at, browser, { scope: 'everywhere' })
    expect(rows(all.report).tokens).toBe('ended no_refresh_token')
    expect([handed(at)[0]?.url, at.provider.alive('access-6')]).toEqual([
      'https://graph.facebook.com/me/permissions',
      false,
    ])
  })

  it('[L8 A2] a session that has expired has its token ended, though that would never expire', async () => {
    const at = await open()
    const browser = at.browser()
    await browser.login()
    at.clock.advance(2 * 86_400)
    expect((await browser.get('/')).status).toBe(303)
    const report = await at.endsession.end({ provider: 'github', sub: 'alice' }, 'left')
    expect(at.provider.alive('access-3')).toBe(false)
    expect(rows(report).services).not.toMatch(/^ended/)
    expect(lastReport(at, 'logout.finished').layers).toEqual({})
  })
})

async function sessionOf(at: Setting, browser: Browser): Promise<Session | undefined> {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return at.endsession.session(new Request(`${origin}/`, { headers: { cookie } }))
}
