import type { Store } from 'endsession'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { copyOf } from '../next/readers.ts'
import { openRows, type Rows } from '../next/rows.ts'
import { getServerSession, NextAuth } from './next-auth.ts'
import { allSay, everyReader, inRequestOf } from './readers.ts'
import { type Router, routers } from './routers.ts'
import { type Browser, makeSetting, type Setting, type SettingOptions } from './setting.ts'

vi.mock('next/headers.js', () => import('../next/next-request.ts'))

const cookieName = 'next-auth.session-token'
let setting: Setting
let rows: Rows
beforeAll(async () => {
  rows = await openRows()
})
afterAll(() => rows.close())
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(async () => {
  rows.fails = () => false
  for (const table of ['sessions', 'accounts', 'users']) await rows.read(`DELETE FROM ${table}`)
  await setting.close()
  vi.useRealTimers()
  vi.unstubAllEnvs()
})
const advance = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000)

async function signedIn({ config, ...given }: SettingOptions = {}): Promise<Browser> {
  const adapter = rows.adapter as never
  const behaviours = { idTokenClaims: { name: 'Alice', email: 'alice@example.com' } }
  setting = await makeSetting({ ...given, config: { ...config, adapter }, behaviours })
  const browser = setting.browser()
  await browser.login()
  advance(10)
  return browser
}

const inRows = () => rows.read('SELECT "sessionToken" FROM sessions ORDER BY id')
const leave = (browser: Browser) => browser.post('/api/auth/endsession/logout')
/** The cookie is version 4’s own, and holds no name: those that decode it know that somebody is there. */
const allInRowsSay = (name: string | null) => ({
  ...allSay(name),
  'getToken({ decode })': name && 'somebody',
  'withAuth({ jwt })': name && 'somebody',
})

describe.each<Router>(['app', 'pages'])(
  'version 4 with sessions in a database, its route on the %s router',
  (router) => {
    it('[L22 A6] has a record beside the row; readers know the person, and the cookie is version 4’s own (need 27)', async () => {
      const browser = await signedIn({ router })
      expect(await everyReader(setting, browser.cookies)).toEqual(allInRowsSay('Alice'))
      expect(await inRows()).toEqual([{ sessionToken: browser.cookies.get(cookieName) }])
      expect(setting.events.map(({ type }) => type)).toEqual(['session.created'])
      expect(setting.log).toEqual([])
    })

    it.each([
      ['our route', async (browser: Browser) => void (await leave(browser))],
      ['version 4’s own', async (browser: Browser) => void (await browser.signOut())],
    ])('[A1 A3 A7] logged out by %s: nobody for every reader, row gone, login screen next', async (_, how) => {
      const browser = await signedIn({ router })
      const copy = copyOf(browser as never)
      await how(browser)
      await setting.settled()
      expect(await everyReader(setting, copy)).toEqual(allInRowsSay(null))
      expect([await inRows(), browser.cookies.has(cookieName)]).toEqual([[], false])
      expect(setting.provider.revokedTokens.length).toBeGreaterThan(0)
      advance(10)
      expect((await browser.login()).hops[0]).toBe('provider login')
      expect(await everyReader(setting, browser.cookies)).toEqual(allInRowsSay('Alice'))
      expect(setting.log).toEqual([])
    })

    it('[M8 A3] the provider’s logout token ends it though its row is still there (need 4)', async () => {
      const browser = await signedIn({ router })
      const copy = copyOf(browser as never)
      const logout_token = await setting.provider.logoutToken({ sid: 'sid-1' })
      await browser.post('/api/auth/endsession/backchannel-logout', { logout_token })
      expect(await inRows()).toHaveLength(1)
      expect(await everyReader(setting, copy)).toEqual(allInRowsSay(null))
    })
  },
)

describe('a row', () => {
  it('[A3] of a new login in a signed-in browser has a token of its own: a copy of the old one is dead', async () => {
    const browser = await signedIn()
    const copy = copyOf(browser as never)
    expect((await browser.login()).hops.at(-1)).toBe('/inbox')
    await setting.settled()
    expect(await everyReader(setting, copy)).toEqual(allInRowsSay(null))
    expect(await everyReader(setting, browser.cookies)).toEqual(allInRowsSay('Alice'))
    expect(await inRows()).toEqual([{ sessionToken: browser.cookies.get(cookieName) }])
  })

  it('[A3] that is gone is nobody’s session, whatever the record says', async () => {
    const browser = await signedIn()
    await rows.read('DELETE FROM sessions')
    expect(await everyReader(setting, browser.cookies)).toEqual(allInRowsSay(null))
  })

  it('[A3] of a session that ends by options in NextAuth itself takes its record along', async () => {
    const browser = await signedIn()
    const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
    const headers = { cookie: browser.cookieHeader() }
    const body = new URLSearchParams({ csrfToken })
    const request = new Request(`${setting.origin}/api/auth/signout`, { method: 'POST', headers, body })
    await routers.pages(NextAuth(setting.authOptions), request)
    expect(await inRows()).toEqual([])
    expect(setting.events).toContainEqual(expect.objectContaining({ type: 'session.ended' }))
  })
})

it('[S12] while a database fails, ours or Auth.js’s, nobody is "signed out"', async () => {
  let down = false
  const store = (own: Store): Store => ({
    ...own,
    get: async (id) => (down ? Promise.reject(new Error('down')) : own.get(id)),
  })
  const browser = await signedIn({ store })
  const asked = () => inRequestOf(browser, () => getServerSession(setting.authOptions))
  down = true
  await expect(asked()).rejects.toMatchObject({ code: 'ERR_STORE' })
  expect((await browser.get('/api/auth/session')).status).toBe(503)
  down = false
  rows.fails = () => true
  await expect(asked()).rejects.toMatchObject({ code: 'ERR_STORE' })
  rows.fails = () => false
  expect(await asked()).toMatchObject({ user: { name: 'Alice' } })
})

it('[L23] without authentication the rows are not asked, and everybody is the one fixed identity', async () => {
  const behaviours = { idTokenClaims: { name: 'Alice' } }
  setting = await makeSetting({ behaviours, config: { adapter: rows.adapter as never }, options: { auth: 'disabled' } })
  const browser = setting.browser()
  await browser.get('/api/auth/session')
  rows.fails = () => true
  const session = await inRequestOf(browser, () => getServerSession(setting.authOptions))
  expect(session).toMatchObject({ user: { name: 'Unauthenticated' } })
})
