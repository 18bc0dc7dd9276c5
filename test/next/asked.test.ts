import { NextRequest } from 'next/server.js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { copyOf } from './readers.ts'
import { type Browser, makeSetting, type Setting, type SettingOptions } from './setting.ts'

vi.mock('next/headers.js', () => import('./next-request.ts'))

let setting: Setting
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(async () => {
  await setting.close()
  vi.useRealTimers()
})
const advance = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000)

async function signedIn(given: SettingOptions = {}): Promise<Browser> {
  setting = await makeSetting(given)
  const browser = setting.browser()
  await browser.login()
  advance(10)
  return browser
}

const leave = (browser: Browser, fields: Record<string, string> = {}) =>
  browser.post('/api/auth/endsession/logout', fields)
const askedBy = (address: string | null) => {
  const { searchParams } = new URL(address ?? '')
  return Object.fromEntries(['prompt', 'max_age', 'login_hint'].map((name) => [name, searchParams.get(name)]))
}

describe('what the app asks of the provider by itself', () => {
  const asked = { prompt: 'none', max_age: '1000', login_hint: 'alice' }

  it('[A7] takes nothing back of what a logout has asked for; the rest is sent', async () => {
    const browser = await signedIn()
    await leave(browser)
    const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
    const start = await browser.post(`/api/auth/signin/keycloak?${new URLSearchParams(asked)}`, { csrfToken })
    expect(askedBy(start.headers.get('location'))).toEqual({ prompt: 'login', max_age: '0', login_hint: 'alice' })
    const url = await browser.within(() => setting.app.signIn('keycloak', { redirect: false, redirectTo: '/' }, asked))
    expect(askedBy(url)).toEqual({ prompt: 'login', max_age: '0', login_hint: 'alice' })
  })

  it('is sent as it is where no logout was', async () => {
    const browser = await signedIn()
    const url = await browser.within(() =>
      setting.app.signIn('keycloak', { redirect: false, redirectTo: '/' }, { prompt: 'consent' }),
    )
    expect(askedBy(url)).toEqual({ prompt: 'consent', max_age: '315360000', login_hint: null })
  })
})

it('[A7] a provider that never says auth_time shows its login screen once after a logout, not twice', async () => {
  const browser = await signedIn({ behaviours: { omitAuthTime: true, omitSid: true }, profile: { authTime: 'never' } })
  await leave(browser)
  advance(10)
  const { hops } = await browser.login()
  expect(hops).toEqual(['provider login', '/api/auth/callback/keycloak', '/inbox'])
})

it('[A3 S2] a login that was on its way when this browser logged out opens nothing, though the provider gives no sid', async () => {
  const browser = await signedIn({ behaviours: { omitSid: true } })
  const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
  const start = await browser.post('/api/auth/signin/keycloak', { csrfToken, callbackUrl: '/inbox' })
  const late = setting.browser('browser')
  for (const [name, value] of copyOf(browser)) late.cookies.set(name, value)
  await leave(browser, { scope: 'app' })
  advance(10)
  const { hops } = await late.follow(start, { sub: 'alice' })
  expect(hops.slice(0, 3)).toEqual(['provider', '/api/auth/callback/keycloak', '/api/auth/endsession/again'])
})

it('[A3] a session that was over before the login began stands in nobody’s way: one login, not two', async () => {
  const browser = await signedIn({ behaviours: { omitSid: true } })
  const copy = copyOf(browser)
  await leave(browser, { scope: 'app' })
  for (const [name, value] of copy) browser.cookies.set(name, value)
  advance(10)
  const { hops } = await browser.login()
  expect(hops).toEqual(['provider', '/api/auth/callback/keycloak', '/inbox'])
})

it('[L4] an open tab is no visit: what it asks by itself, through a proxy of the app, lets idle time run', async () => {
  const browser = await signedIn({ options: { session: { idleSeconds: 1000 } } })
  const proxy = setting.app.auth as unknown as (request: Request, event: object) => Promise<Response>
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const ask = (path: string) => proxy(new NextRequest(setting.origin + path, { headers: { cookie } }), {})
  for (let minutes = 0; minutes < 4; minutes += 1) {
    advance(300)
    for (const path of ['session', 'endsession/session', 'endsession/events']) await ask(`/api/auth/${path}`)
    await setting.settled()
  }
  expect(await browser.auth()).toBe(null)
})
