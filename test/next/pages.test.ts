import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { next } from './next-request.ts'
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
  setting = await makeSetting({ ...given, behaviours: { idTokenClaims: { name: 'Alice' } } })
  const browser = setting.browser()
  await browser.login()
  advance(10)
  // What the Pages Router does not have.
  next.headers = new Headers()
  return browser
}

/** What an API route gets of this browser, and `getServerSideProps`; `lines`: the cookies that the answer sets. */
function visitBy(cookies: ReadonlyMap<string, string>) {
  const lines: string[] = []
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const request = { headers: { host: 'inside:3000', cookie } }
  const response = { appendHeader: (_: 'set-cookie', line: string) => void lines.push(line) }
  return { request, response, context: { req: request, res: response }, lines }
}

async function ask(cookies: ReadonlyMap<string, string>) {
  const { auth, endsession } = setting.app
  const { request, response, context, lines } = visitBy(cookies)
  const sessions = [await auth(request as never, response as never), await auth(context as never)]
  const own = [await endsession.session(request), await endsession.session(context)]
  const access = [await endsession.accessToken(request), await endsession.accessToken(context)]
  return {
    auth: sessions.map((session) => session?.user?.name),
    session: own.map((session) => session?.sub),
    accessToken: access.map((one) => (one.ok ? 'a token' : one.why)),
    lines,
  }
}

describe('the Pages Router', () => {
  it('[A3 A6] knows the person by the request of an API route or page, and nobody once the session has ended (need 27)', async () => {
    const browser = await signedIn()
    const copy = copyOf(browser)
    expect(await ask(copy)).toMatchObject({
      auth: ['Alice', 'Alice'],
      session: ['alice', 'alice'],
      accessToken: ['a token', 'a token'],
    })
    await browser.post('/api/auth/endsession/logout')
    next.headers = new Headers()
    const after = await ask(copy)
    expect(after).toMatchObject({
      auth: [undefined, undefined],
      session: [undefined, undefined],
      accessToken: ['signed_out', 'signed_out'],
    })
    expect(after.lines.filter((line) => /^authjs\.session-token=;.*Max-Age=0/.test(line))).toHaveLength(2)
    expect(setting.log).toEqual([])
  })

  it('gets the same access token as server components do, and whoever brings no cookie gets none', async () => {
    const browser = await signedIn()
    const { request, context } = visitBy(browser.cookies)
    const { endsession } = setting.app
    const own = await endsession.accessToken(request)
    expect(own.ok).toBe(true)
    expect(await endsession.accessToken(context)).toEqual(own)
    expect(await browser.within(() => endsession.accessToken())).toEqual(own)
    expect((await browser.within(() => endsession.session()))?.sub).toBe('alice')
    expect(await endsession.accessToken({ headers: {} })).toEqual({ ok: false, why: 'signed_out' })
    expect(await endsession.session({ req: { headers: {} } })).toBe(undefined)
  })

  it('[S12] is told that the store fails, and not that nobody is signed in', async () => {
    let down = false
    const browser = await signedIn({
      store: (store) => ({ ...store, get: (id) => (down ? Promise.reject(new Error('down')) : store.get(id)) }),
    })
    down = true
    const { request, response, context, lines } = visitBy(browser.cookies)
    const { auth, endsession } = setting.app
    const all = [
      auth(request as never, response as never),
      auth(context as never),
      endsession.session(request),
      endsession.accessToken(context),
    ]
    for (const asked of await Promise.allSettled(all))
      expect(asked).toMatchObject({ status: 'rejected', reason: { code: 'ERR_STORE' } })
    expect(lines).toEqual([])
  })

  it('[L23] is everybody’s without authentication (need 20)', async () => {
    setting = await makeSetting({ options: { auth: 'disabled' } })
    expect(await ask(new Map())).toMatchObject({
      auth: ['Unauthenticated', 'Unauthenticated'],
      session: ['unauthenticated', 'unauthenticated'],
      accessToken: ['no_token', 'no_token'],
    })
  })
})
