import { memoryStore, type Store } from 'endsession'
import type { FakeProviderBehaviours } from 'endsession/testing'
import { type FaultyStore, fails, faultyStore } from './faulty-store.ts'
import { type Answer, leavingTo, type Setting } from './setting.ts'

/** An answer of ours, and what was asked. */
export interface Answered {
  readonly what: string
  readonly path: string
  readonly answer: Answer
  /** Cookies that the browser had when it asked. */
  readonly sent: ReadonlyMap<string, string>
}

export interface Wandering {
  readonly setting: Setting
  readonly faulty: FaultyStore
  /** Our own, as options say. */
  readonly origin: string
  readonly login?: Record<string, unknown>
  readonly returnTo?: string
  /** What a failing store throws. */
  readonly fault?: () => never
}

/** A memory store on the setting's clock, that can be made to fail. */
export function faultyMemory(): { make(clock: { now(): number }): Store; faulty(): FaultyStore } {
  let faulty: FaultyStore | undefined
  return {
    make(clock) {
      faulty = faultyStore(memoryStore({ now: clock.now }))
      return faulty.store
    },
    faulty: () => faulty as FaultyStore,
  }
}

/** Every route in every situation that can be produced: each answer of ours. The app's own pages are left out. */
export async function wander({
  setting,
  faulty,
  origin,
  login = {},
  returnTo = '/',
  fault: storeFault = fails,
}: Wandering): Promise<readonly Answered[]> {
  const { provider, endsession } = setting
  const found: Answered[] = []
  let what = ''

  function browsing(name: string) {
    const browser = setting.browser(name)
    const note = async (path: string, ask: () => Promise<Answer>): Promise<Answer> => {
      const sent = new Map(browser.cookies)
      // What is no fault of a request is thrown on, to the host.
      const answer = await ask().catch((error) => ({
        status: error.status ?? 500,
        headers: new Headers(),
        text: String(error.message),
      }))
      found.push({ what, path, answer, sent })
      return answer
    }
    const get = (path: string, headers?: Record<string, string>) => note(path, () => browser.get(path, headers))
    const post = (path: string, form?: Record<string, string>, headers?: Record<string, string>) =>
      note(path, () => browser.post(path, form, { origin, ...headers }))
    const loginUrl = `/auth/login?${new URLSearchParams({ returnTo, provider: 'example' })}`
    async function signIn(how: Record<string, unknown> = {}): Promise<Answer> {
      // In whole seconds: who signs in in the second of a logout is asked again.
      setting.clock.advance(2)
      let answer = await get(loginUrl)
      for (let round = 0; round < 2; round++) {
        const to = answer.headers.get('location') ?? ''
        if (!to.startsWith(provider.issuer)) break
        const back = provider.authorize(to, { browser: name, ...login, ...how })
        answer = await get(back.pathname + back.search)
      }
      return answer
    }
    return { browser, get, post, signIn, loginUrl }
  }

  what = 'everything goes well'
  for (const scope of ['app', 'provider', 'everywhere'] as const) {
    const here = browsing(`well ${scope}`)
    await here.signIn()
    await browsing(`other device ${scope}`).signIn()
    for (const path of [
      '/auth/logout',
      '/auth/logged-out',
      '/auth/devices',
      '/auth/login',
      '/auth/feed',
      '/auth/frontchannel-logout',
    ])
      await here.get(path)
    await here.get('/auth/devices', { accept: 'application/json', 'sec-fetch-mode': 'cors' })
    for (const path of ['/auth/login', '/auth/logout', '/auth/logged-out'])
      await here.get(path, { 'sec-purpose': 'prefetch' })
    for (let tab = 0; tab < 12; tab++) await here.get(here.loginUrl)
    const copied = new Map(here.browser.cookies)
    const leaving = await here.post('/auth/logout', { scope, returnTo })
    const there = leavingTo(leaving)
    const landing = there
      ? provider.endSession(there, { browser: here.browser.name }).redirect
      : new URL(leaving.headers.get('location') ?? '/auth/logged-out', origin)
    if (landing) await here.get(landing.pathname + landing.search)
    for (const [name, value] of copied) here.browser.cookies.set(name, value)
    await here.post('/auth/logout', { scope })
    await here.get('/', { 'sec-fetch-mode': 'cors' })
    await here.signIn()
    await here.signIn()
  }

  what = 'bad requests'
  const here = browsing('bad')
  await here.signIn()
  await here.post('/auth/logout', { scope: 'galaxy' })
  await here.post('/auth/logout', {}, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })
  await here.post('/auth/login')
  await here.post('/auth/devices', { end: 'nothing' })
  await here.get('/auth/login?provider=nobody')
  for (const query of ['', 'state=x', 'state=x&state=y', 'state=x&code=c', 'error=access_denied'])
    await here.get(`/auth/callback?${query}`)
  await here.signIn({ error: 'access_denied' })
  await here.signIn({ error: `x"<script>${'y'.repeat(3000)}` })
  await here.signIn({ claims: { nonce: 'of another login' } })
  await here.signIn({ claims: { iss: 'https://evil.example' } })
  const request = new Request(`${origin}/`, {
    headers: { cookie: [...here.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
  })
  const session = await endsession.session(request)
  const access = session && (await endsession.accessToken(session))
  const { sub, sid } = login as { sub?: string; sid?: string }
  const idToken =
    leavingTo(await here.post('/auth/logout'))
      ?.split('id_token_hint=')[1]
      ?.split('&')[0] ?? ''
  const tokens = [
    '',
    'x.y.z',
    idToken,
    access?.ok ? access.token : '',
    await provider.logoutToken({ sub, nonce: 'n' }),
    await provider.logoutToken({ sub, iat: 9e9 }),
  ]
  for (const logout_token of tokens) await here.post('/auth/backchannel-logout', { logout_token })
  await here.post('/auth/backchannel-logout', {
    logout_token: `${(await provider.logoutToken({ sub, sid })).slice(0, -6)}AAAAAA`,
  })
  await here.post('/auth/backchannel-logout', { logout_token: await provider.logoutToken({ sub, sid }) })
  await here.post('/auth/backchannel-logout', { logout_token: 'x'.repeat(70_000) })

  for (const method of ['get', 'create', 'claim', 'end', 'settle', 'list', 'touch'] as const) {
    what = `the store fails: ${method}`
    const there = browsing(what)
    await there.signIn()
    faulty.before[method] = storeFault
    await there.signIn()
    await there.get('/auth/devices')
    await there.get('/auth/devices', { accept: 'application/json', 'sec-fetch-mode': 'cors' })
    await there.get('/', { accept: 'text/html' })
    const logout = await there.post('/auth/logout', { scope: 'everywhere', returnTo })
    await there.get('/auth/logged-out?state=x')
    await there.post('/auth/logout', { tries: '3' })
    delete faulty.before[method]
    await there.post('/auth/logout')
    if (logout.status === 303) await there.get(logout.headers.get('location') ?? '')
  }

  const faults: Partial<FakeProviderBehaviours>[] = [
    { down: true },
    { status: 500 },
    { garbage: true },
    { revocationStatus: 503 },
    { jwksDown: true },
  ]
  for (const fault of faults) {
    what = `the provider: ${JSON.stringify(fault)}`
    const there = browsing(what)
    await there.signIn()
    const start = await there.get(there.loginUrl)
    const back = provider.authorize(start.headers.get('location') ?? '', { browser: what, ...login })
    Object.assign(provider.behaviours, fault)
    await there.get(back.pathname + back.search)
    setting.clock.advance(3580)
    const held = await endsession.session(
      new Request(origin, {
        headers: { cookie: [...there.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      }),
    )
    if (held) await endsession.accessToken(held)
    await there.post('/auth/logout', { scope: 'everywhere' })
    await there.signIn()
    for (const name of Object.keys(fault)) delete (provider.behaviours as Record<string, unknown>)[name]
  }
  await setting.settled()
  return found
}
