import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Browser, createStage, key, pause, type Role, type Stage, statusAt, until } from './processes.ts'

let stage: Stage
beforeEach(() => {
  stage = createStage()
})
afterEach(() => stage.clear())

const leavingTo = (text: string) => /<noscript><meta http-equiv="refresh" content="0;url=([^"]*)">/.exec(text)?.[1]
const isSignedIn = async (browser: Browser, app: Role) => (await browser.get(app.url)).text.startsWith('Hello')

it('two app processes on one file, 200 requests at once during a logout: none brings the session back (need 5) [A3 S11 G1]', async () => {
  const { provider, issuer, issued } = await stage.provider({ expiresIn: 20 })
  const config = { issuer, keys: { jobs: key }, database: join(stage.folder, 'sessions.db') }
  const apps = [await stage.app(config), await stage.app(config)] as const
  const alice = new Browser('alice')
  await alice.login(apps[0], provider)
  expect(await isSignedIn(alice, apps[1])).toBe(true)

  let acknowledgedAt = Number.POSITIVE_INFINITY
  let letIn = 0
  // A third of them refresh: the access token is about to expire, always.
  const request = async (index: number) => {
    const beganAt = performance.now()
    const copy = new Browser('copy', alice.cookies)
    const app = apps[index % 2] as Role
    const answer = await copy.get(index % 3 === 0 ? `${app.url}/token` : app.url)
    const passed = answer.text.startsWith('Hello') || answer.text.includes('"ok":true')
    if (passed) letIn++
    return {
      late: beganAt >= acknowledgedAt,
      passed,
      cookies: copy.cookies,
    }
  }
  const requests = Array.from({ length: 200 }, (_, index) => pause(index * 0.002).then(() => request(index)))
  const copied = new Map(alice.cookies)
  await until(() => letIn > 20, 'people are let in')
  expect((await alice.logout(apps[0])).status).toBe(200)
  acknowledgedAt = performance.now()
  const after = Array.from({ length: 100 }, (_, index) => request(index))
  const answers = await Promise.all([...requests, ...after])
  const count = (wanted: (answer: (typeof answers)[number]) => boolean) => answers.filter(wanted).length
  console.log(
    `before: ${count(({ late, passed }) => !late && passed)} passed, ${count(({ late, passed }) => !late && !passed)} refused; after: ${count(({ late }) => late)} refused; refreshes: ${issued.length - 1}`,
  )
  // The control: before it, people were let in.
  expect(count(({ late, passed }) => !late && passed)).toBeGreaterThan(20)
  expect(count(({ late }) => late)).toBeGreaterThanOrEqual(100)
  expect(count(({ late, passed }) => late && passed)).toBe(0)
  for (const app of apps) {
    expect(await isSignedIn(new Browser('copy', copied), app)).toBe(false)
    for (const { cookies } of answers.slice(-5)) expect(await isSignedIn(new Browser('copy', cookies), app)).toBe(false)
  }
  // What the provider handed out last is dead at a guard, too, and at the provider.
  const guard = await stage.guard([apps[1]], issuer)
  for (const { access_token } of issued)
    await until(async () => (await statusAt(guard, access_token)) === 401, 'a token of that session: refused')
  await until(() => issued.every(({ refresh_token }) => !provider.alive(refresh_token)), 'every refresh token: revoked')
})

it('a refresh on its way during a logout: what comes back is dead everywhere, before anybody has seen it (need 5) [A3 L20 G1]', async () => {
  const role = await stage.provider({ expiresIn: 20 })
  const { provider, issuer, issued } = role
  const app = await stage.app({ issuer, keys: { jobs: key }, database: join(stage.folder, 'sessions.db') })
  const guard = await stage.guard([app], issuer)
  const [alice, bob] = [new Browser('alice'), new Browser('bob')]
  await alice.login(app, provider)
  await bob.login(app, provider)
  expect(await statusAt(guard, await bob.token(app))).toBe(200)
  const before = issued.length

  let release = () => {}
  role.held = new Promise((resolve) => (release = resolve))
  const late = alice.get(`${app.url}/token`)
  await until(() => issued.length > before, 'the provider has issued new tokens, the answer is on its way')
  role.held = Promise.resolve()
  await new Browser('alice', alice.cookies).logout(app)
  const { access_token, refresh_token } = issued[before] as (typeof issued)[number]
  expect(provider.revokedTokens).not.toContain(refresh_token)
  // The control: nobody knows of it yet.
  expect(await statusAt(guard, access_token)).toBe(200)
  release()

  expect(JSON.parse((await late).text)).toEqual({ ok: false, why: 'signed_out' })
  expect(await statusAt(guard, access_token)).toBe(401)
  await until(() => provider.revokedTokens.includes(refresh_token), 'the late refresh token: revoked')
  expect(provider.alive(refresh_token)).toBe(false)
  expect(await statusAt(guard, await bob.token(app))).toBe(200)
})

it('logout in two tabs at once: one logout, one plan, hint and all [A13 A9]', async () => {
  const { provider, issuer } = await stage.provider()
  const config = { issuer, keys: {}, database: join(stage.folder, 'sessions.db') }
  const apps = [await stage.app(config), await stage.app(config)] as const
  const alice = new Browser('alice')
  await alice.login(apps[0], provider)
  const tabs = [new Browser('alice', alice.cookies), new Browser('alice', alice.cookies)] as const
  const answers = await Promise.all(tabs.map((tab) => tab.logout(apps[0])))
  const plans = answers.map(({ text }) => leavingTo(text))
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  expect(plans[0]).toContain('id_token_hint=')
  expect(plans[1]).toBe(plans[0])
  for (const app of apps) expect(await isSignedIn(new Browser('copy', alice.cookies), app)).toBe(false)
})

it('a login in one tab while the other logs out opens nothing: it had begun with what has ended [A3 S2]', async () => {
  const { provider, issuer } = await stage.provider()
  const config = { issuer, keys: {}, database: join(stage.folder, 'sessions.db') }
  const apps = [await stage.app(config), await stage.app(config)] as const
  const alice = new Browser('alice')
  await alice.login(apps[0], provider)
  const tab = new Browser('alice', alice.cookies)
  const back = await tab.startLogin(apps[0], provider)
  // The other tab logs out; this one still has the cookies of its login, as an answer on its way would have.
  // Of this app alone: no mark of the provider's session stands in the way, only what the login began with.
  await new Browser('alice', alice.cookies).logout(apps[0], { scope: 'app' })
  const finished = await tab.get(back)
  expect(finished.headers.get('location') ?? '').not.toBe('/')
  for (const app of apps) expect(await isSignedIn(tab, app)).toBe(false)
  // The control: a login that begins now does open a session.
  const next = new Browser('alice', alice.cookies)
  expect((await next.login(apps[0], provider)).status).toBe(303)
})

it('a logout and the callback of a login at the same time: the session that is left, if any, began after the logout [A3 S11]', async () => {
  const { provider, issuer } = await stage.provider()
  const config = { issuer, keys: {}, database: join(stage.folder, 'sessions.db') }
  const apps = [await stage.app(config), await stage.app(config)] as const
  let opened = 0
  for (let round = 0; round < 10; round++) {
    const alice = new Browser(`alice ${round}`)
    await alice.login(apps[0], provider)
    const old = new Map(alice.cookies)
    const tab = new Browser(`alice ${round}`, old)
    const back = await tab.startLogin(apps[0], provider)
    const [, logout] = await Promise.all([tab.get(back), new Browser('other tab', old).logout(apps[0])])
    expect(logout.status).toBe(200)
    // Whichever came first, the old session is over for good.
    for (const app of apps) expect(await isSignedIn(new Browser('copy', old), app)).toBe(false)
    if (await isSignedIn(tab, apps[1])) opened++
  }
  console.log(`of 10 callbacks, ${opened} came first and were replaced sessions that the logout did not mean`)
})
