import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Event, memoryStore, type Session } from 'endsession'
import { sqliteStore } from 'endsession/sqlite'
import type { FakeProviderBehaviours, TestClock } from 'endsession/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { present } from '../contract/sqlite-drivers.ts'
import { type FaultyStore, fails, faultyStore } from './faulty-store.ts'
import { isAlive, leave } from './leaving.ts'
import { causesOf, secondProcess, sessionOf } from './second-process.ts'
import { type Browser, makeSetting, type Setting, type SettingOptions } from './setting.ts'

type Wire = NonNullable<SettingOptions['wire']>

// No request of a browser is at stake here: one transport is as good as the other.
describe('accessToken', () => {
  let setting: Setting
  let faulty: FaultyStore
  let browser: Browser
  let session: Session
  afterEach(() => setting?.close())

  /** Alice has just signed in: her access token lives for an hour. */
  async function signedIn(given: SettingOptions = {}, how: Record<string, unknown> = {}): Promise<void> {
    const store = (clock: TestClock) => {
      faulty = faultyStore(memoryStore({ now: clock.now }))
      return faulty.store
    }
    setting = await makeSetting({ store, ...given })
    browser = setting.browser()
    await browser.login('alice', how)
    session = await sessionOf(setting, browser)
  }
  const access = () => setting.endsession.accessToken(session)
  const refreshes = () =>
    setting.provider.requests.filter(({ body }) => body.get('grant_type') === 'refresh_token').length
  const hashOf = (token: string) => createHash('sha256').update(token).digest('base64url')
  const covered = async (token: string) => {
    const { iss, client } = session
    return (await setting.store.covers({ iss, client, at: setting.clock.now(), token: hashOf(token) })) !== undefined
  }
  const stored = async () => {
    const found = await setting.store.get(session.id)
    if (!found) throw new Error('the session is over')
    return found
  }
  const tokenOf = (answer: Awaited<ReturnType<typeof access>>) => (answer.ok ? answer.token : answer.why)
  const change = (behaviours: FakeProviderBehaviours) => Object.assign(setting.provider.behaviours, behaviours)
  /** Answers of the token endpoint, changed. */
  const answering = (laid: Record<string, unknown>): Wire => {
    return async (pass, _, body) => {
      const answer = await pass()
      if (body.get('grant_type') !== 'refresh_token') return answer
      return Response.json({ ...((await answer.json()) as object), ...laid })
    }
  }
  /** A process for which ten seconds of waiting are over in a third of a second. */
  const hurried = () => {
    const monotonic = () => performance.now() / 33
    return secondProcess(setting, setting.store, {
      runtime: { now: setting.clock.now, fetch: setting.provider.fetch, monotonic },
    }).endsession
  }
  /** Holds each refresh back until it is told. */
  function gate() {
    let open = (): void => {}
    let arrive = (): void => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    const arrived = new Promise<void>((resolve) => (arrive = resolve))
    const wire: Wire = async (pass, _, body) => {
      if (body.get('grant_type') !== 'refresh_token') return pass()
      const answer = await pass()
      arrive()
      await opened
      return answer
    }
    return { wire, arrived, open: () => open() }
  }

  describe('the plain way', () => {
    it("[L20] is the login's own while it lives, without asking the provider", async () => {
      await signedIn()
      setting.clock.advance(3600 - 31)
      expect(await access()).toEqual({ ok: true, token: 'access-3', expiresAt: setting.clock.now() + 31 })
      expect(refreshes()).toBe(0)
    })

    it('[L20] is a new one 30 s ahead of its end, for as long as that lives, and no longer the old one', async () => {
      await signedIn()
      setting.clock.advance(3600 - 30)
      const answer = await access()
      expect(answer).toEqual({
        ok: true,
        token: expect.stringMatching(/^access-/),
        expiresAt: setting.clock.now() + 3600,
      })
      expect(tokenOf(answer)).not.toBe('access-3')
      expect([await access(), refreshes()]).toEqual([answer, 1])
      expect(causesOf(setting.events)).toEqual([])
    })

    it('[L20] rotation: each refresh uses the refresh token of the one before', async () => {
      await signedIn()
      const used: string[] = []
      for (let round = 0; round < 3; round++) {
        setting.clock.advance(3600)
        await access()
        used.push(
          setting.provider.requests.findLast(({ body }) => body.has('refresh_token'))?.body.get('refresh_token') ?? '',
        )
      }
      expect(new Set(used).size).toBe(3)
    })

    it('[L20] a provider that keeps its refresh token is asked with that one again', async () => {
      await signedIn({ wire: answering({ refresh_token: undefined }) })
      for (let round = 0; round < 2; round++) {
        setting.clock.advance(3600)
        expect(await access()).toMatchObject({ ok: true })
      }
      const used = setting.provider.requests.flatMap(({ body }) => body.get('refresh_token') ?? [])
      expect(used).toEqual(['refresh-4', 'refresh-4'])
    })

    it('[L20] without a refresh token: the old one while it lives, then no_token', async () => {
      await signedIn({ behaviours: { omitRefreshToken: true } })
      setting.clock.advance(3599)
      expect(await access()).toMatchObject({ ok: true, token: 'access-3' })
      setting.clock.advance(1)
      expect([await access(), refreshes()]).toEqual([{ ok: false, why: 'no_token' }, 0])
      expect(await isAlive(setting, browser.cookies)).toBe(true)
    })

    it('[L20] without expires_in a JWT says itself when it ends; an opaque token counts as a day', async () => {
      await signedIn({ behaviours: { jwtAccessTokens: true }, wire: answering({ expires_in: undefined }) })
      setting.clock.advance(3600)
      expect(await access()).toMatchObject({ expiresAt: setting.clock.now() + 3600 })
      await setting.close()
      await signedIn({ wire: answering({ expires_in: undefined }) })
      setting.clock.advance(3600)
      expect(await access()).toMatchObject({ expiresAt: setting.clock.now() + 86_400 })
    })

    it('[L20 M1] a session that has expired, or was ended, is signed_out', async () => {
      await signedIn({ options: { session: { idleSeconds: 4000 } } })
      setting.clock.advance(4000)
      expect([await access(), refreshes()]).toEqual([{ ok: false, why: 'signed_out' }, 0])
      await browser.login()
      session = await sessionOf(setting, browser)
      await setting.endsession.end({ id: session.id }, 'test')
      expect(await access()).toEqual({ ok: false, why: 'signed_out' })
    })

    it('[M2] signedInAt never moves, nor does anything else that a session is known by', async () => {
      await signedIn()
      const before = await stored()
      setting.clock.advance(3600)
      await access()
      const after = await stored()
      const { revision, sealed, tokens, ...same } = before
      expect(after).toMatchObject(same)
      expect(after.revision).toBe(revision + 1)
      expect(await sessionOf(setting, browser)).toEqual(session)
    })
  })

  describe('one at a time (need 26)', () => {
    it('[L20] fifty calls at once, in two processes: one refresh, and all of them have its token', async () => {
      await signedIn()
      const other = secondProcess(setting)
      setting.clock.advance(3600)
      change({ slowSeconds: 0.05 })
      const calls = Array.from({ length: 50 }, (_, at) =>
        (at % 2 ? other.endsession : setting.endsession).accessToken(session),
      )
      const answers = new Set((await Promise.all(calls)).map(tokenOf))
      expect([refreshes(), answers.size]).toEqual([1, 1])
      expect([...answers][0]).toMatch(/^access-/)
    })

    it('[L20] ... also with a database file between the two', async (context) => {
      const driver = present[0]
      if (!driver) return context.skip('this machine has no SQLite driver')
      const folder = mkdtempSync(join(tmpdir(), 'endsession-refresh-'))
      const connections = [driver.open(join(folder, 'one.db')), driver.open(join(folder, 'one.db'))] as const
      await signedIn({ store: ({ now }) => sqliteStore(connections[0], { now }) })
      const other = secondProcess(setting, sqliteStore(connections[1], { now: setting.clock.now }))
      setting.clock.advance(3600)
      change({ slowSeconds: 0.05 })
      const calls = Array.from({ length: 20 }, (_, at) =>
        (at % 2 ? other.endsession : setting.endsession).accessToken(session),
      )
      const answers = new Set((await Promise.all(calls)).map(tokenOf))
      expect([refreshes(), answers.size, [...answers][0]]).toEqual([1, 1, expect.stringMatching(/^access-/)])
      await setting.close()
      await other.endsession.close()
      for (const connection of connections) connection.close()
      rmSync(folder, { recursive: true, force: true })
    })

    it('[L20] ... also with tokens that live for less than the 30 s: nobody refreshes what has just come', async () => {
      await signedIn({ behaviours: { expiresIn: 20 } })
      const answers = await Promise.all(Array.from({ length: 20 }, access))
      expect([refreshes(), new Set(answers.map(tokenOf)).size]).toEqual([1, 1])
    })

    it('[L20 A12] who waits learns at once that it failed, and the next call asks again', async () => {
      await signedIn()
      // Whose own ten seconds of waiting are never over.
      const runtime = { now: setting.clock.now, fetch: setting.provider.fetch, monotonic: () => 0 }
      const other = secondProcess(setting, setting.store, { runtime })
      setting.clock.advance(3600)
      change({ down: true })
      const calls = [access(), access(), other.endsession.accessToken(session), other.endsession.accessToken(session)]
      expect(new Set((await Promise.all(calls)).map(tokenOf))).toEqual(new Set(['provider_unreachable']))
      change({ down: false })
      expect(await access()).toMatchObject({ ok: true })
    })

    it('[L20 A12] a process that died over it is waited for until its lease is over, and then no longer', async () => {
      await signedIn()
      setting.clock.advance(3600)
      await setting.store.claim(`refresh ${session.id} 0`, 10)
      const waiting = hurried().accessToken(session)
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(refreshes()).toBe(0)
      setting.clock.advance(10)
      expect(await waiting).toMatchObject({ ok: true })
      expect(refreshes()).toBe(1)
    })

    it('[A12] ... and where somebody takes the lease again and again, the wait has an end', async () => {
      await signedIn()
      setting.clock.advance(3600)
      faulty.answers.claim = false
      expect(await hurried().accessToken(session)).toEqual({ ok: false, why: 'provider_unreachable' })
    })

    it('[L20 S4] stale: the tokens of the refresh that has won are used', async () => {
      const held = gate()
      await signedIn({ wire: held.wire })
      setting.clock.advance(3600)
      const late = access()
      await held.arrived
      // The lease is over, and another process is faster.
      setting.clock.advance(11)
      const winner = await secondProcess(setting).endsession.accessToken(session)
      held.open()
      expect(await late).toEqual(winner)
      expect([refreshes(), setting.provider.revokedTokens]).toEqual([2, []])
      expect(await isAlive(setting, browser.cookies)).toBe(true)
    })
  })

  describe('against a logout (needs 6, 26)', () => {
    it('[L20 A3] the store has the hash before anybody has the token', async () => {
      await signedIn()
      setting.clock.advance(3600)
      const steps: string[] = []
      faulty.tell = (step) => void steps.push(step)
      const held = new Set((await stored()).tokens.map(({ hash }) => hash))
      faulty.before.update = async (id, _revision, patch) => {
        expect([id, patch.tokens?.filter(({ hash }) => !held.has(hash)).length]).toEqual([session.id, 1])
      }
      const answer = await access()
      steps.push('handed out')
      expect(steps.indexOf('update answered')).toBeGreaterThan(0)
      expect(steps.indexOf('handed out')).toBeGreaterThan(steps.indexOf('update answered'))
      expect((await stored()).tokens.map(({ hash }) => hash)).toContain(hashOf(tokenOf(answer)))
    })

    it('[L20 S12 A6] a store that does not take it: nothing is handed out, and the error holds no token', async () => {
      await signedIn()
      setting.clock.advance(3600)
      faulty.before.update = fails
      const error: any = await access().catch((thrown) => thrown)
      expect(error).toMatchObject({ code: 'ERR_STORE', status: 503 })
      expect(JSON.stringify([error.message, String(error.cause)])).not.toMatch(/(access|refresh)-\d/)
    })

    it.each([
      ['this session', (): Promise<unknown> => leave(setting, browser, { scope: 'app' })],
      ["the provider's", () => leave(setting, browser)],
      ['everywhere', () => leave(setting, browser, { scope: 'everywhere' })],
      [
        'a logout token',
        async () => {
          const logout_token = await setting.provider.logoutToken({ sid: 'sid-1', sub: 'alice' })
          await setting.browser('op').post('/auth/backchannel-logout', { logout_token })
        },
      ],
    ])(
      '[L20 A3 M4] %s ends while its refresh is on the way: what comes is dead everywhere, and nobody gets it',
      async (_, end) => {
        const held = gate()
        await signedIn({ wire: held.wire })
        setting.clock.advance(3600)
        const late = access()
        await held.arrived
        const [token, refresh] = ['access', 'refresh'].map((kind) => newest(setting, kind)) as [string, string]
        expect([setting.provider.alive(token), await covered(token)]).toEqual([true, false])
        await end()
        held.open()
        expect(await late).toEqual({ ok: false, why: 'signed_out' })
        expect(await covered(token)).toBe(true)
        expect(setting.provider.revokedTokens).toContain(refresh)
        expect([setting.provider.alive(token), setting.provider.alive(refresh)]).toEqual([false, false])
        expect([await isAlive(setting, browser.cookies), causesOf(setting.events).length]).toEqual([false, 1])
      },
    )

    it('[L20 A3] ... also when it has expired meanwhile, and nobody has swept it up', async () => {
      const held = gate()
      await signedIn({ wire: held.wire, options: { session: { idleSeconds: 3700 } } })
      setting.clock.advance(3600)
      const late = access()
      await held.arrived
      const token = newest(setting, 'access')
      setting.clock.advance(100)
      held.open()
      expect(await late).toEqual({ ok: false, why: 'signed_out' })
      expect([await covered(token), setting.provider.alive(token)]).toEqual([true, false])
    })

    it('[A14 L10] ... and a late token that another session here lives on is marked, and left alone at the provider', async () => {
      const held = gate()
      await signedIn({ wire: held.wire, profile: { revocationReach: 'grant' } })
      const twin = setting.browser('twin')
      const start = await twin.get('/auth/login?returnTo=/')
      const back = setting.provider.authorize(start.headers.get('location') ?? '', { browser: 'browser' })
      await twin.get(back.pathname + back.search)
      setting.clock.advance(3600)
      const late = access()
      await held.arrived
      const token = newest(setting, 'access')
      await leave(setting, browser, { scope: 'app' })
      held.open()
      expect(await late).toEqual({ ok: false, why: 'signed_out' })
      expect([await covered(token), setting.provider.revokedTokens]).toEqual([true, []])
      expect(await isAlive(setting, twin.cookies)).toBe(true)
    })

    it('[M4] a token that was handed out by a refresh is covered by the logout that follows, and the one before it too', async () => {
      await signedIn()
      setting.clock.advance(3580)
      const token = tokenOf(await access())
      const refresh = newest(setting, 'refresh')
      await leave(setting, browser)
      expect([await covered('access-3'), await covered(token)]).toEqual([true, true])
      expect(setting.provider.alive(refresh)).toBe(false)
    })
  })

  describe('a provider that refuses (need 25)', () => {
    const refused: Wire = async (pass, _, body) =>
      body.get('grant_type') === 'refresh_token' ? Response.json({ error: 'invalid_grant' }, { status: 400 }) : pass()

    it('[L20 M5] invalid_grant ends the session, refresh_refused, and one click signs back in', async () => {
      await signedIn({ wire: refused })
      setting.clock.advance(3580)
      expect(await access()).toEqual({ ok: false, why: 'signed_out' })
      expect(causesOf(setting.events)).toEqual(['refresh_refused'])
      expect([await isAlive(setting, browser.cookies), await covered('access-3')]).toEqual([false, true])
      const answer = await browser.login('alice')
      expect(answer.headers.get('location')).toBe('http://localhost:3000/')
      expect(await isAlive(setting, browser.cookies)).toBe(true)
    })

    it('[L20] ... but not when another refresh has won meanwhile', async () => {
      let first = true
      const wire: Wire = async (pass, url, body) => {
        if (body.get('grant_type') !== 'refresh_token' || !first) return pass()
        first = false
        setting.clock.advance(11)
        await secondProcess(setting).endsession.accessToken(session)
        return refused(pass, url, body)
      }
      await signedIn({ wire })
      setting.clock.advance(3600)
      expect(await access()).toMatchObject({ ok: true, expiresAt: setting.clock.now() + 3600 })
      expect([causesOf(setting.events), await isAlive(setting, browser.cookies)]).toEqual([[], true])
    })

    it('[L20] ... nor after its lease, when another may be on the way and have used the refresh token up', async () => {
      let monotonic = 0
      const wire: Wire = async (pass, url, body) => {
        monotonic += body.has('refresh_token') ? 10 : 0
        return refused(pass, url, body)
      }
      await signedIn({ wire })
      const { provider, clock } = setting
      const fetchThrough: typeof fetch = (input, init) =>
        wire(() => provider.fetch(input, init), String(input), new URLSearchParams(String(init?.body ?? '')))
      const paused = secondProcess(setting, setting.store, {
        runtime: { now: clock.now, monotonic: () => monotonic, fetch: fetchThrough },
      })
      clock.advance(3600)
      expect(await paused.endsession.accessToken(session)).toEqual({ ok: false, why: 'provider_unreachable' })
      expect([causesOf(paused.events), await isAlive(setting, browser.cookies)]).toEqual([[], true])
    })

    const keeps: [what: string, answer: () => Response][] = [
      ['invalid_grant with a 503', () => Response.json({ error: 'invalid_grant' }, { status: 503 })],
      ['invalid_grant with a 429', () => Response.json({ error: 'invalid_grant' }, { status: 429 })],
      ['invalid_client', () => Response.json({ error: 'invalid_client' }, { status: 401 })],
      ['invalid_request', () => Response.json({ error: 'invalid_request' }, { status: 400 })],
      ['a 500', () => new Response('', { status: 500 })],
      ['a page', () => new Response('<h1>Welcome</h1>', { headers: { 'content-type': 'text/html' } })],
      ['an empty object', () => Response.json({})],
      ['a token that is none', () => Response.json({ access_token: 7, token_type: 'Bearer' })],
      ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } })],
      [
        'a fault of the network',
        () => {
          throw new TypeError('fetch failed')
        },
      ],
    ]
    it.each(keeps)(
      '[L20 A9 A6] %s keeps the session, its hint and its old token, as a value (need 26)',
      async (_, answer) => {
        const wire: Wire = async (pass, __, body) => (body.get('grant_type') === 'refresh_token' ? answer() : pass())
        await signedIn({ wire })
        setting.clock.advance(3599)
        expect(await access()).toMatchObject({ ok: true, token: 'access-3' })
        setting.clock.advance(1)
        expect(await access()).toEqual({ ok: false, why: 'provider_unreachable' })
        expect([await isAlive(setting, browser.cookies), causesOf(setting.events)]).toEqual([true, []])
        expect(setting.events.filter(({ type }) => type === 'provider.failed')).toHaveLength(2)
        expect(told(setting.events)).not.toMatch(/(access|refresh)-\d|eyJ/)
        const { there } = await leave(setting, browser)
        expect(setting.provider.endSession(there).hint).toMatchObject({ sub: 'alice' })
      },
    )

    it('[A12 L20] a provider that does not answer is given up, and the old token used while it lives', async () => {
      await signedIn()
      setting.clock.advance(3580)
      change({ slowSeconds: 3600 })
      expect(await access()).toMatchObject({ ok: true, token: 'access-3' })
      change({ slowSeconds: 0 })
      expect(await isAlive(setting, browser.cookies)).toBe(true)
      expect(tokenOf(await access())).not.toBe('access-3')
    })
  })

  describe('the ID token', () => {
    const hintOf = async () => (await leave(setting, browser)).there
    const idTokenIn = (there: string) => new URL(there).searchParams.get('id_token_hint')

    it("[A9] a refresh without one keeps the login's as the hint; a new one takes its place", async () => {
      await signedIn({ wire: answering({ id_token: undefined }) })
      setting.clock.advance(3600)
      await access()
      expect(setting.provider.endSession(await hintOf()).hint).toMatchObject({ iat: session.signedInAt })
      await setting.close()

      await signedIn()
      setting.clock.advance(3600)
      await access()
      expect(setting.provider.endSession(await hintOf()).hint).toMatchObject({ iat: session.signedInAt + 3600 })
    })

    const wrong: [what: string, change: () => Record<string, unknown> | Promise<Record<string, unknown>>][] = [
      ['of somebody else', async () => ({ id_token: await idToken({ sub: 'mallory' }) })],
      ['of another client', async () => ({ id_token: await idToken({ aud: 'other' }) })],
      ['of another issuer', async () => ({ id_token: await idToken({ iss: 'https://evil.example' }) })],
      ['that has expired', async () => ({ id_token: await idToken({ exp: setting.clock.now() - 61 }) })],
      ['with a bad signature', async () => ({ id_token: (await idToken({})).replace(/.{6}$/, 'AAAAAA') })],
      ['without a signature', async () => ({ id_token: (await idToken({})).replace(/\.[^.]*$/, '.') })],
      ['that is garbage', () => ({ id_token: 'garbage' })],
      [
        'with a session_expiry that is no number',
        async () => ({ id_token: await idToken({ session_expiry: 'soon' }) }),
      ],
    ]
    const idToken = (claims: Record<string, unknown>) => {
      const now = setting.clock.now()
      return setting.provider.sign({
        iss: setting.provider.issuer,
        aud: 'app',
        sub: 'alice',
        iat: now,
        exp: now + 3600,
        ...claims,
      })
    }
    it.each(wrong)('[L20 A8 A9] %s is refused, and so is what came with it; the session is kept', async (_, laid) => {
      await signedIn({
        wire: async (pass, url, body) =>
          body.has('refresh_token') ? answering(await laid())(pass, url, body) : pass(),
      })
      setting.clock.advance(3580)
      const { sealed } = await stored()
      expect(await access()).toMatchObject({ ok: true, token: 'access-3' })
      expect((await stored()).sealed).toEqual(sealed)
      expect(told(setting.events)).not.toMatch(/(access|refresh)-\d|eyJ|mallory/)
      expect(setting.provider.endSession(await hintOf()).hint).toMatchObject({ iat: session.signedInAt })
    })

    it('[L20 A9] one that nobody can verify, for want of keys, is left out: the tokens are good, the old hint goes on', async () => {
      await signedIn()
      setting.provider.rotateKeys()
      setting.clock.advance(3600)
      change({ jwksDown: true })
      expect(await access()).toMatchObject({ ok: true })
      expect(idTokenIn(await hintOf())).toContain('.')
      expect(setting.provider.endSession(await hintOf()).hint).toMatchObject({ iat: session.signedInAt })
    })

    it('[M1 M2] session_expiry of a new one shortens the session, under its own name', async () => {
      await signedIn()
      setting.clock.advance(3600)
      change({ idTokenClaims: { session_expiry: setting.clock.now() + 100 } })
      expect(await access()).toMatchObject({ ok: true })
      expect(await stored()).toMatchObject({ expiresAt: setting.clock.now() + 100, endsBy: 'session_expiry' })
      setting.clock.advance(100)
      expect([await isAlive(setting, browser.cookies), await access()]).toEqual([
        false,
        { ok: false, why: 'signed_out' },
      ])
    })

    it("[M1 M2] ... never makes it longer, neither over the app's own end, nor over what the provider said before", async () => {
      await signedIn()
      const { expiresAt } = await stored()
      setting.clock.advance(3600)
      change({ idTokenClaims: { session_expiry: setting.clock.now() + 3_000_000 } })
      await access()
      expect(await stored()).toMatchObject({ expiresAt, endsBy: 'absolute' })
      await setting.close()

      await signedIn({ behaviours: { idTokenClaims: { session_expiry: 1_800_009_000 } } })
      const ceiling = (await stored()).expiresAt
      for (const session_expiry of [1_800_020_000, undefined]) {
        setting.clock.advance(3600)
        change({ idTokenClaims: { session_expiry } })
        await access()
        expect(await stored()).toMatchObject({ expiresAt: ceiling, endsBy: 'session_expiry' })
      }
    })

    it('[M1 A3] ... and one that is past ends it there and then: nothing is handed out', async () => {
      await signedIn()
      setting.clock.advance(3600)
      change({ idTokenClaims: { session_expiry: setting.clock.now() - 1 } })
      expect(await access()).toEqual({ ok: false, why: 'signed_out' })
      expect(await isAlive(setting, browser.cookies)).toBe(false)
    })
  })
})

/** The last token of its kind that the provider has given. */
function newest({ provider }: Setting, kind: string): string {
  for (let number = 200; number > 0; number--) if (provider.alive(`${kind}-${number}`)) return `${kind}-${number}`
  throw new Error(`no ${kind} token is alive`)
}

/** All that a listener of events could read out of them. */
function told(events: readonly Event[]): string {
  const seen = new Set<unknown>()
  const text = (value: unknown): string => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return String(value)
    seen.add(value)
    return Reflect.ownKeys(value)
      .map((key) => text(Reflect.get(value, key)))
      .join(' ')
  }
  return text(events)
}
