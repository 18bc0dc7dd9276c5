import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Browser, createStage, key, pause, type Stage, send, statusAt, until } from './processes.ts'

let stage: Stage
beforeEach(() => {
  stage = createStage()
})
afterEach(() => stage.clear())

const keys = { jobs: key }
const portOf = (url: string) => Number(new URL(url).port)
const lease = 2

async function setUp(
  config: { database?: boolean; appClock?: number; guardClock?: number; providerClock?: number } = {},
) {
  const { provider, issuer, issued } = await stage.provider({
    now: () => Date.now() / 1000 + (config.providerClock ?? 0),
  })
  const appConfig = {
    issuer,
    keys,
    clockSeconds: config.appClock ?? 0,
    ...(config.database !== false && { database: join(stage.folder, 'sessions.db') }),
  }
  const app = await stage.app(appConfig)
  const guard = await stage.guard([app], issuer, { clockSeconds: config.guardClock ?? 0 })
  const [alice, bob] = [new Browser('alice'), new Browser('bob')]
  for (const browser of [alice, bob]) expect((await browser.login(app, provider)).status).toBe(303)
  const tokens = { alice: await alice.token(app), bob: await bob.token(app) }
  await until(async () => (await statusAt(guard, tokens.alice)) === 200, 'the guard lets alice in')
  return { provider, issuer, issued, appConfig, app, guard, alice, bob, tokens }
}

it('a guard that starts before its app answers 503, and lets people in once it knows what ended (need 5) [G2 F3]', async () => {
  const { issuer, appConfig, app, alice, tokens } = await setUp()
  await alice.logout(app)
  await app.end()
  const cold = await stage.guard([app], issuer)
  const answer = await send(cold.url, { headers: { authorization: `Bearer ${tokens.bob}` } })
  expect(answer.status).toBe(503)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  await stage.app({ ...appConfig, port: portOf(app.url) })
  await until(async () => (await statusAt(cold, tokens.bob)) === 200, 'cold start: the guard lets bob in')
  expect(await statusAt(cold, tokens.alice)).toBe(401)
})

describe('the app that serves the feed is killed and comes back', () => {
  it('with a file: 503 while it is away, then on where it stood (need 34) [F1 F2 G2 S13]', async () => {
    const { appConfig, app, guard, alice, tokens } = await setUp()
    await app.end()
    await until(async () => (await statusAt(guard, tokens.bob)) === 503, 'killed: the guard does not know any more')
    const again = await stage.app({ ...appConfig, port: portOf(app.url) })
    await until(async () => (await statusAt(guard, tokens.bob)) === 200, 'back: the guard lets bob in')
    expect((await alice.logout(again)).status).toBe(200)
    await until(async () => (await statusAt(guard, tokens.alice)) === 401, 'logout after it: refused')
    expect(await statusAt(guard, tokens.bob)).toBe(200)
    const lost = guard.events.filter(({ type }) => type === 'feed.lost')
    expect(lost.map(({ why }) => why)).toEqual(['The guard jobs has lost its feed.'])
  })

  it('without: a new log is noticed and said, and what ended stays ended (need 34) [A3 F2]', async () => {
    const { appConfig, app, guard, alice, tokens } = await setUp({ database: false })
    await alice.logout(app)
    await until(async () => (await statusAt(guard, tokens.alice)) === 401, 'logout: refused')
    await app.end()
    await stage.app({ ...appConfig, port: portOf(app.url) })
    await until(() => guard.events.some(({ why }) => why?.includes('read all marks anew')), 'a new log: noticed')
    await until(async () => (await statusAt(guard, tokens.bob)) === 200, 'a new log: the guard lets bob in')
    expect(await statusAt(guard, tokens.alice)).toBe(401)
  })
})

it('a guard that slept through a logout lets nobody in who was logged out more than a lease ago (need 5) [G1 G2 G3]', async () => {
  const { app, guard, alice, tokens } = await setUp()
  guard.kill('SIGSTOP')
  const answer = await alice.logout(app)
  expect(answer.status).toBe(200)
  const report = app.events.find(({ type }) => type === 'logout.finished')?.report
  expect(report.layers.services).toMatchObject({ outcome: 'requested', reason: 'guard_silent' })
  await pause(lease + 0.5)
  // These begin more than a lease after the logout; the kernel takes them for the guard that sleeps.
  const sent = Array.from({ length: 20 }, (_, index) => statusAt(guard, index % 2 ? tokens.alice : tokens.bob))
  await pause(0.2)
  guard.kill('SIGCONT')
  const statuses = await Promise.all(sent)
  console.log(`woken: ${statuses.join(' ')}`)
  for (const [index, status] of statuses.entries()) expect(index % 2 ? [401, 503] : [200, 503]).toContain(status)
  expect(statuses).toContain(503)
  await until(async () => (await statusAt(guard, tokens.alice)) === 401, 'caught up: alice is refused')
  await until(async () => (await statusAt(guard, tokens.bob)) === 200, 'caught up: bob is let in')
})

it.for([
  { providerClock: 30, appClock: -30, guardClock: -30 },
  { providerClock: -30, appClock: 30, guardClock: 30 },
  { providerClock: 0, appClock: 30, guardClock: -30 },
  { providerClock: 0, appClock: -30, guardClock: 30 },
])('clocks apart: %o (need 26) [M2 G1]', async (clocks) => {
  const { provider, app, guard, alice, bob, tokens } = await setUp(clocks)
  expect((await alice.logout(app, { scope: 'app' })).status).toBe(303)
  await until(async () => (await statusAt(guard, tokens.alice)) === 401, 'logged out here: refused')
  expect((await alice.login(app, provider)).status).toBe(303)
  const next = await alice.token(app)
  expect(await statusAt(guard, next)).toBe(200)
  expect(await statusAt(guard, tokens.alice)).toBe(401)
  await bob.logout(app, { scope: 'everywhere' })
  await until(async () => (await statusAt(guard, tokens.bob)) === 401, 'logged out everywhere: refused')
  expect(await statusAt(guard, next)).toBe(200)
  expect((await alice.get(app.url)).text).toBe('Hello alice')
})
