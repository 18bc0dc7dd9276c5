import { describeProvider, type Layer, type Outcome } from 'endsession'
import { afterEach, describe, expect, it } from 'vitest'
import { knownProviders, profileNames } from '../../packages/endsession/src/profiles/index.ts'
import { isAlive, type Leaving, leave, rows } from './leaving.ts'
import { type Choice, choices } from './provider-choices.ts'
import { finalReport, goThere, type Visit } from './provider-visit.ts'
import { type Browser, makeSetting, origin, type Setting, type Transport, transports } from './setting.ts'

const weakestFirst: readonly Outcome[] = ['failed', 'impossible', 'unknown', 'requested', 'skipped', 'ended']
const rank = (outcome: Outcome) => weakestFirst.indexOf(outcome)
/** The layers that depend on the provider. */
const theirs: readonly Layer[] = ['tokens', 'peers', 'provider', 'upstream']
const probing = { probe: 'where_it_proves' } as const

let setting: Setting | undefined

/** The options of one provider: its profile, and what its choice sets over it. */
function optionsOf(name: string) {
  const { set, plain } = choices[name] as Choice
  const where = plain ?? { issuer: 'https://id.example' }
  return { ...where, clientId: 'app', clientSecret: 'app-secret', profile: { name, ...set } }
}

async function open(transport: Transport, name: string, more: Choice['behaves'] = {}, options: object = {}) {
  await setting?.close()
  const { behaves } = choices[name] as Choice
  setting = await makeSetting({
    transport,
    behaviours: { idTokenClaims: { login_hint: 'O.hint' }, ...behaves, ...more },
    options: { providers: { example: optionsOf(name) }, ...options },
  })
  return { setting, browser: setting.browser() }
}

function describeIt(name: string, { provider }: Setting) {
  return describeProvider(optionsOf(name), { baseUrl: origin, runtime: { fetch: provider.fetch } })
}

/** A visit that it takes: nothing that we sent made an error page of it. Nothing, where there is no visit. */
async function visit(at: Setting, name: string, browser: Browser, leaving: Leaving): Promise<Visit | undefined> {
  expect(leaving.there === '').toBe(choices[name]?.sends === undefined)
  if (leaving.there === '') return undefined
  const there = await goThere(at, browser, leaving)
  expect(there.error).toBeUndefined()
  return there
}

/** Whatever became of it there: here it is over, and the person can sign in again, once they have been asked. */
async function expectOver(at: Setting, name: string, browser: Browser, cookies: ReadonlyMap<string, string>) {
  expect(await isAlive(at, cookies)).toBe(false)
  at.clock.advance(10)
  const asked = (await browser.get('/auth/login?returnTo=/')).headers.get('location') ?? ''
  const { interactive } = (await describeIt(name, at)).profile
  expect(Object.fromEntries(new URL(asked).searchParams)).toMatchObject(interactive)
  const back = at.provider.authorize(asked, { browser: browser.name })
  expect((await browser.get(back.pathname + back.search)).status).toBe(303)
  expect((await browser.get('/')).text).toBe('Hello alice')
}

it('every profile has its choice of behaviours, and the choice agrees with what the profile says is offered', () => {
  expect(Object.keys(choices).toSorted()).toEqual(profileNames.toSorted())
  for (const { name, offers, facts } of knownProviders) {
    const { behaves, set } = choices[name] as Choice
    const says = {
      endSession: !behaves.noEndSession || set?.endSessionUrl !== undefined,
      revocation: !behaves.noRevocation && facts.revocation?.value !== 'own',
    }
    for (const [what, offered] of Object.entries(says)) {
      const fact = offers[what as keyof typeof says]
      if (fact) expect([name, what, offered]).toEqual([name, what, fact.value])
    }
    const { backchannel_logout_supported: silent } = { backchannel_logout_supported: true, ...behaves.metadata }
    if (offers.backchannel) expect([name, silent === true]).toEqual([name, offers.backchannel.value])
  }
})

describe.each(transports)('%s', (transport) => {
  afterEach(async () => {
    await setting?.close()
    setting = undefined
  })

  describe.each(Object.entries(choices))('a provider like %s', (name, choice) => {
    it(`[A1 A2 A9 L19] is sent ${choice.sends ?? 'nobody'}, and claimed is what is known (needs 1, 8, 21)`, async () => {
      const { setting, browser } = await open(transport, name)
      expect((await browser.login()).status).toBe(303)
      const cookies = new Map(browser.cookies)
      setting.clock.advance(10)
      const leaving = await leave(setting, browser)
      if (leaving.there) expect([...new URL(leaving.there).searchParams.keys()].join(' ')).toBe(choice.sends)
      const there = await visit(setting, name, browser, leaving)
      if (there) expect([there.ended, there.landed?.status]).toEqual([!choice.behaves.keepsSession, 200])

      const report = finalReport(setting)
      const { tokens, peers, provider, upstream } = choice
      expect(rows(report)).toMatchObject({ app: 'ended record_ended', tokens, peers, provider, upstream })
      const { layers } = await describeIt(name, setting)
      const better = theirs.filter((layer) => rank(report.layers[layer].outcome) > rank(layers[layer].best))
      expect(better).toEqual([])
      await expectOver(setting, name, browser, cookies)
    })

    it('[A9 L6 L7] is sent nothing that it refuses: an expired hint, a long one, none', async () => {
      const expired = await open(transport, name)
      await expired.browser.login()
      expired.setting.clock.advance(7200)
      await visit(expired.setting, name, expired.browser, await leave(expired.setting, expired.browser))

      const long = await open(transport, name, { fatIdTokenBytes: 9000 })
      await long.browser.login()
      const leaving = await leave(long.setting, long.browser)
      expect(leaving.there.length).toBeLessThanOrEqual(8000)
      await visit(long.setting, name, long.browser, leaving)

      const unknown = await open(transport, name)
      await visit(unknown.setting, name, unknown.browser, await leave(unknown.setting, unknown.browser))
    })

    it('[A2 L11 L12] after a "No" there, nothing says that its session is over', async () => {
      // Only where the answer to `prompt=none` was seen to prove something is it asked for what it is worth.
      const behaves = { declines: true, neverSilent: name !== 'oidc-provider' && name !== 'keycloak' }
      const { setting, browser } = await open(transport, name, behaves, { logout: probing })
      await browser.login()
      const there = await visit(setting, name, browser, await leave(setting, browser))
      const probe = there?.landed?.headers.get('location')
      if (probe) {
        const back = setting.provider.authorize(probe, { browser: browser.name })
        await browser.follow(await browser.get(back.pathname + back.search))
      }
      expect(setting.provider.signedIn(browser.name)).toBe(true)
      expect(finalReport(setting).layers.provider.outcome).not.toBe('ended')
    })

    it(`[L13 A4] its logout tokens are ${choice.plain ? 'nobody’s: it has none' : 'understood'}`, async () => {
      const { setting, browser } = await open(transport, name)
      await browser.login()
      const logout_token = await setting.provider.logoutToken({ sub: 'alice' })
      const { status } = await browser.post('/auth/backchannel-logout', { logout_token })
      expect([status, (await browser.get('/')).status]).toEqual(choice.plain ? [400, 200] : [200, 303])
      expect(setting.provider.count('jwks')).toBe(choice.plain ? 0 : 1)
      const rejected = setting.events.filter(({ type }) => type === 'backchannel.rejected')
      expect(rejected).toEqual(choice.plain ? [{ type: 'backchannel.rejected', check: 'iss' }] : [])
    })
  })
})
