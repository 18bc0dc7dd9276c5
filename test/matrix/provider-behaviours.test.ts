import type { Options } from 'endsession'
import type { FakeEndSessionError, FakeProviderBehaviours } from 'endsession/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { isAlive, leave, rows } from './leaving.ts'
import { finalReport, goThere } from './provider-visit.ts'
import { makeSetting, origin, type Setting, type Transport, transports } from './setting.ts'

type Profile = NonNullable<Options['providers'][string]['profile']>

let setting: Setting | undefined
afterEach(async () => {
  await setting?.close()
  setting = undefined
})

async function open(transport: Transport, behaviours: FakeProviderBehaviours, profile: Profile = {}, logout = {}) {
  await setting?.close()
  setting = await makeSetting({ transport, behaviours, profile, options: { logout } })
  return { setting, browser: setting.browser() }
}

/** A login, some time, a logout, and the visit to the provider. */
async function logOut(
  transport: Transport,
  behaviours: FakeProviderBehaviours,
  profile: Profile = {},
  how: { afterSeconds?: number; signedIn?: boolean } = {},
) {
  const { setting, browser } = await open(transport, behaviours, profile)
  await browser.login()
  const cookies = new Map(browser.cookies)
  if (how.signedIn === false) browser.cookies.clear()
  setting.clock.advance(how.afterSeconds ?? 10)
  const there = await goThere(setting, browser, await leave(setting, browser))
  if (how.signedIn !== false) expect(await isAlive(setting, cookies)).toBe(false)
  return { setting, browser, there, claims: rows(finalReport(setting)) }
}

const hours = { afterSeconds: 7200 }
const long = { fatIdTokenBytes: 9000 }

type Case = readonly [
  what: string,
  behaves: FakeProviderBehaviours,
  /** With this the visit works. */
  answer: Profile,
  /** Without it, this is the error page that the person is left on. */
  otherwise: readonly [Profile, FakeEndSessionError],
  how: { afterSeconds?: number; signedIn?: boolean },
]

const refusals: readonly Case[] = [
  ['refuses a hint', { refusesHint: true }, { idTokenHint: 'forbidden' }, [{}, 'hint'], {}],
  ['refuses an expired hint', { refusesExpiredHint: true }, { expiredHint: 'refused' }, [{}, 'expired_hint'], hours],
  ['wants a hint', { wantsHint: true }, { idTokenHint: 'required' }, [{}, 'hint'], { signedIn: false }],
  ['wants client_id', { wantsClientId: true }, {}, [{ sendClientId: false }, 'client_id'], {}],
  ['refuses state', { refusesState: true, omitState: true }, { echoesState: false }, [{}, 'state'], {}],
  ['wants logout_uri', { redirectParameter: 'logout_uri' }, { redirectParameter: 'logout_uri' }, [{}, 'redirect'], {}],
  ['wants returnTo', { redirectParameter: 'returnTo' }, { redirectParameter: 'returnTo' }, [{}, 'redirect'], {}],
  ['refuses POST', { refusesPost: true, ...long }, {}, [{ acceptsPost: true }, 'post'], {}],
]

describe.each(transports)('%s: a provider that', (transport) => {
  it.each(refusals)('[A2 A9 L19] %s (needs 1, 8)', async (_, behaves, answer, [wrong, error], how) => {
    const { there, claims } = await logOut(transport, behaves, answer, how)
    expect(there).toMatchObject({ ended: true })
    expect(there.error).toBeUndefined()
    const signedIn = how.signedIn !== false
    expect(claims).toMatchObject({ app: signedIn ? 'ended record_ended' : 'skipped no_session' })
    expect(claims.provider).toMatch(/^requested (came_back|sent_to_provider)$/)

    const stranded = await logOut(transport, behaves, wrong, how)
    expect(stranded.there).toMatchObject({ ended: false, error })
    expect(stranded.setting.provider.signedIn()).toBe(true)
    expect(stranded.claims).toMatchObject({ provider: 'requested sent_to_provider' })
  })

  it('[A2 L6 L19] takes a POST, whose cookie does not come along: claimed is no more than a visit', async () => {
    const { there, claims, setting } = await logOut(transport, { ...long }, { acceptsPost: true })
    expect(there).toMatchObject({ ended: false, hint: { sub: 'alice' } })
    expect(setting.provider.signedIn()).toBe(true)
    expect(claims.provider).toBe('requested came_back')

    const withCookie = await logOut(transport, { ...long, sameSiteNone: true }, { acceptsPost: true })
    expect(withCookie.there).toMatchObject({ ended: true, hint: { sub: 'alice' } })
  })

  it('[L12] sends people back by a setting of its own, without state: the landing is known by its cookie', async () => {
    const behaves = { redirectParameter: 'none', returnsTo: `${origin}/auth/logged-out`, omitState: true } as const
    const { there, claims } = await logOut(transport, behaves, { redirectParameter: 'none', echoesState: false })
    expect(there.parameters).not.toHaveProperty('state')
    expect(there.landed?.text).toContain('You are signed out')
    expect(claims.provider).toBe('requested came_back')
  })

  it('[L12 A2] does not send state back although its profile says so: the landing tells nothing', async () => {
    const { there, claims } = await logOut(transport, { omitState: true })
    expect(there.landed?.text).toContain('You are not signed in')
    expect(claims.provider).toBe('requested sent_to_provider')
  })

  it('[L19 A2] has no end_session_endpoint: impossible, and nobody goes anywhere (need 8)', async () => {
    const { setting, browser } = await open(transport, { noEndSession: true })
    await browser.login()
    const leaving = await leave(setting, browser)
    expect(leaving.there).toBe('')
    expect(rows(leaving.report)).toMatchObject({
      provider: 'impossible no_end_session_endpoint',
      peers: 'impossible no_end_session_endpoint',
      tokens: 'ended revoked',
    })
    expect(setting.provider.signedIn()).toBe(true)
  })

  it('[L10 L19] has no revocation: impossible, and its refresh token lives', async () => {
    const { claims, setting } = await logOut(transport, { noRevocation: true })
    expect(claims.tokens).toBe('impossible no_revocation_endpoint')
    expect(setting.provider.alive('refresh-4')).toBe(true)
  })

  const logoutTokens: readonly [string, FakeProviderBehaviours, Profile, number][] = [
    ['sends no exp', { logoutTokenWithoutExp: true }, { logoutTokenHasExp: false }, 200],
    ['sends no exp, of which nobody knew', { logoutTokenWithoutExp: true }, {}, 400],
    ['sends typ: JWT', { logoutTokenTyp: 'JWT' }, {}, 200],
    ['sends no typ', { logoutTokenTyp: null }, {}, 200],
    ['sends access tokens as logout tokens', { logoutTokenTyp: 'at+jwt' }, {}, 400],
  ]
  it.each(logoutTokens)('[L13] %s', async (_, behaves, profile, status) => {
    const { setting, browser } = await open(transport, behaves, profile)
    await browser.login()
    const logout_token = await setting.provider.logoutToken()
    expect((await browser.post('/auth/backchannel-logout', { logout_token })).status).toBe(status)
    expect(await isAlive(setting, browser.cookies)).toBe(status === 400)
  })

  it('[M8] sends no sid: its logout token ends all of the person, and nobody else', async () => {
    const { setting, browser: laptop } = await open(transport, { omitSid: true })
    const [phone, other] = [setting.browser('phone'), setting.browser('other')]
    await laptop.login()
    await phone.login()
    await other.login('bob')
    const logout_token = await setting.provider.logoutToken({ sub: 'alice' })
    expect((await laptop.post('/auth/backchannel-logout', { logout_token })).status).toBe(200)
    const alive = [laptop, phone, other].map(({ cookies }) => isAlive(setting, cookies))
    expect(await Promise.all(alive)).toEqual([false, false, true])
  })

  it('[M10 A7] says no auth_time: after a logout people sign in by its login screen, where its profile knows', async () => {
    const { setting, browser } = await logOut(transport, { omitAuthTime: true }, { authTime: 'never' })
    expect((await browser.login()).headers.get('location')).toBe(`${origin}/`)
    expect(await isAlive(setting, browser.cookies)).toBe(true)

    const { browser: stuck, setting: unknowing } = await logOut(transport, { omitAuthTime: true })
    const again = await stuck.login()
    const back = unknowing.provider.authorize(again.headers.get('location') ?? '', { browser: stuck.name })
    expect((await stuck.get(back.pathname + back.search)).status).toBe(400)
    expect(await isAlive(unknowing, stuck.cookies)).toBe(false)
  })

  const living: readonly [string, FakeProviderBehaviours][] = [
    ['sends people back, and keeps its session', { keepsSession: true }],
    ['sends people back after "No, stay signed in"', { declines: true }],
  ]
  it.each(living)(
    '[A2 L11 L12 A7] %s: asked, it is not over, and the next login asks (needs 7, 21)',
    async (_, behaves) => {
      const { setting, browser } = await open(transport, behaves, { probeProves: true }, { probe: 'where_it_proves' })
      await browser.login()
      setting.clock.advance(10)
      const { landed, ended } = await goThere(setting, browser, await leave(setting, browser))
      expect(ended).toBe(false)
      const answer = setting.provider.authorize(landed?.headers.get('location') ?? '', { browser: browser.name })
      const page = await browser.follow(await browser.get(answer.pathname + answer.search))
      expect(rows(finalReport(setting)).provider).toBe('failed probe_still_signed_in')
      expect(page.text).toContain('Sign out there')
      const next = await browser.get('/auth/login')
      expect(new URL(next.headers.get('location') ?? '').searchParams.get('prompt')).toBe('login')
    },
  )

  it('[A2 A7 L19] shows a page of its own and sends nobody back: asked, not ended; signed out here all the same', async () => {
    const { there, claims, browser } = await logOut(transport, { showsPage: true })
    expect(there.landed).toBeUndefined()
    expect(claims).toMatchObject({ app: 'ended record_ended', provider: 'requested sent_to_provider' })
    const next = await browser.get('/auth/login')
    expect(new URL(next.headers.get('location') ?? '').searchParams.get('prompt')).toBe('login')
  })
})
