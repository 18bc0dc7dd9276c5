import { join } from 'node:path'
import type { FakeProviderBehaviours } from 'endsession/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, Browser, createStage, key, type Stage, statusAt, until } from './processes.ts'

let stage: Stage
beforeEach(() => {
  stage = createStage()
})
afterEach(() => stage.clear())

const faults: readonly [string, FakeProviderBehaviours][] = [
  ['down', { down: true }],
  ['silent for an hour', { slowSeconds: 3600 }],
  ['answering garbage', { garbage: true }],
  ['answering 500', { status: 500 }],
]

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const done = await work()
  // Deadlines are 5 s for discovery, keys and tokens, each; 3 s for a logout. Without them it would be an hour.
  console.log(`${what}: ${((performance.now() - began) / 1000).toFixed(2)} s`)
  return done
}

const tellsNothing = ({ text }: Answer) => expect(text).not.toMatch(/fetch failed|ECONN|at .*\.js:|It works/)

describe.each(faults)('the provider is %s', (name, behaviours) => {
  const setUp = async (expiresIn = 3600) => {
    const { provider, issuer, issued } = await stage.provider({ expiresIn })
    const app = await stage.app({ issuer, keys: { jobs: key }, database: join(stage.folder, 'sessions.db') })
    const breakIt = () => void Object.assign(provider.behaviours, behaviours)
    const mend = () => {
      for (const member of Object.keys(behaviours)) delete provider.behaviours[member as keyof FakeProviderBehaviours]
    }
    return { provider, issuer, issued, app, alice: new Browser('alice'), breakIt, mend }
  }

  it('at the start of a login: an error page, soon, and a login once it is back (need 34) [A12 L18]', async () => {
    const { app, provider, alice, breakIt, mend } = await setUp()
    breakIt()
    const answer = await timed(`${name}, login`, () => alice.get(`${app.url}/auth/login`))
    expect(answer.status).toBe(502)
    tellsNothing(answer)
    mend()
    await until(async () => (await alice.get(`${app.url}/auth/login`)).status === 303, 'back: logins start')
    expect((await alice.login(app, provider)).status).toBe(303)
  })

  it('at the code exchange: an error page, no session (need 34) [A12 L2]', async () => {
    const { app, provider, alice, breakIt } = await setUp()
    const back = await alice.startLogin(app, provider)
    breakIt()
    const answer = await timed(`${name}, code`, () => alice.get(back))
    expect(answer.status).toBeGreaterThanOrEqual(400)
    tellsNothing(answer)
    expect((await alice.get(app.url)).text).not.toContain('Hello')
  })

  it('at a refresh: the session lives on, and the old token while it lives (need 34) [A12 L20]', async () => {
    const { app, provider, alice, breakIt, mend } = await setUp(20)
    await alice.login(app, provider)
    breakIt()
    const answer = await timed(`${name}, refresh`, () => alice.get(`${app.url}/token`))
    expect(JSON.parse(answer.text)).toMatchObject({ ok: true })
    expect((await alice.get(app.url)).text).toBe('Hello alice')
    mend()
    await until(async () => JSON.parse((await alice.get(`${app.url}/token`)).text).ok, 'back: tokens are refreshed')
  })

  it('at a logout: over here at once, over at the guard, the rest is said and tried again (need 34) [A1 A12 L10 G1]', async () => {
    const { app, provider, issuer, issued, alice, breakIt, mend } = await setUp()
    await alice.login(app, provider)
    const token = await alice.token(app)
    const guard = await stage.guard([app], issuer)
    await until(async () => (await statusAt(guard, token)) === 200, 'the guard lets alice in')
    const copy = new Browser('copy', alice.cookies)
    breakIt()
    const answering = timed(`${name}, logout`, () => alice.logout(app))
    await until(async () => !(await copy.get(app.url)).text.includes('Hello'), `${name}: over in this app`, 2)
    await until(async () => (await statusAt(guard, token)) === 401, `${name}: over at the guard`, 5)
    const answer = await answering
    expect([200, 303]).toContain(answer.status)
    tellsNothing(answer)
    const report = app.events.find(({ type }) => type === 'logout.finished')?.report
    expect(report.layers).toMatchObject({
      app: { outcome: 'ended' },
      services: { outcome: 'ended', reason: 'guard_confirmed' },
    })
    // 200 is what RFC 7009 asks for; its body is nobody's business (section 2.2).
    if (!behaviours.garbage)
      expect(report.layers.tokens).toMatchObject({ outcome: 'failed', reason: 'revocation_failed' })
    mend()
    // A second click tries again what failed.
    await alice.logout(app)
    if (!behaviours.garbage)
      await until(
        () => issued.every(({ refresh_token }) => !provider.alive(refresh_token)),
        'back: the refresh token is revoked',
      )
  })
})
