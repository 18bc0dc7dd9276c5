import { customFetch } from 'next-auth'
import GitHub from 'next-auth/providers/github'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { allSay, copyOf, everyReader } from './readers.ts'
import { openRows, type Rows } from './rows.ts'
import { type Browser, makeSetting, type Setting, type SettingOptions } from './setting.ts'

vi.mock('next/headers.js', () => import('./next-request.ts'))

let setting: Setting
let rows: Rows | undefined
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(async () => {
  await setting.close()
  await rows?.close()
  rows = undefined
  vi.useRealTimers()
})
const advance = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000)

/** Auth.js's own GitHub: it asks the user endpoint with a `fetch` of its own, unless it is told how. */
async function made({ behaviours, options, ...given }: SettingOptions = {}): Promise<Setting> {
  setting = await makeSetting({
    behaviours: {
      withoutOpenid: true,
      issuer: 'https://github.com/login/oauth',
      expiresIn: null,
      user: (sub) => ({ id: 583_231, login: sub, name: 'Alice' }),
      ...behaviours,
    },
    providers: ({ clientId, clientSecret = '', fetch }) => [
      GitHub({
        clientId,
        clientSecret,
        [customFetch]: fetch,
        userinfo: {
          async request({ tokens }: { tokens: { access_token?: string } }) {
            const headers = { authorization: `Bearer ${tokens.access_token}` }
            return (await fetch('https://api.github.com/user', { headers })).json()
          },
        },
      }),
    ],
    options: { providers: {}, ...options },
    ...given,
  })
  return setting
}

const login = (browser: Browser, sub?: string) => browser.login(sub, { provider: 'github' })

async function signedIn(given: SettingOptions = {}): Promise<Browser> {
  await made(given)
  const browser = setting.browser()
  await login(browser)
  advance(10)
  return browser
}

describe('a provider without OpenID (GitHub) in Auth.js', () => {
  it('[L22 A6] opens a record by the person’s number there, and its token stays on the server (need 12)', async () => {
    const browser = await signedIn()
    expect(await everyReader(setting, browser.cookies)).toMatchObject({
      'auth() in a component': 'Alice',
      '/api/auth/session': 'Alice',
    })
    expect(await browser.within(() => setting.app.endsession.session())).toMatchObject({
      provider: 'github',
      iss: 'https://github.com/login/oauth',
      sub: '583231',
    })
    const access = await browser.within(() => setting.app.endsession.accessToken())
    expect(access.ok && (await browser.get('/api/auth/session')).text.includes(access.token)).toBe(false)
    expect(access.ok).toBe(true)
    expect(setting.log).toEqual([])
  })

  it('[A3 A7] logged out: nobody for every reader, its token ended by GitHub’s own call, the account picker next', async () => {
    const browser = await signedIn()
    const copy = copyOf(browser)
    const left = await browser.post('/api/auth/endsession/logout')
    await setting.settled()
    // Nobody is sent to GitHub: there is no logout to be sent to.
    expect([left.status, new URL(left.headers.get('location') ?? '').origin]).toEqual([303, setting.origin])
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
    expect(setting.provider.revokedTokens).toHaveLength(1)
    const told = setting.events.findLast(({ type }) => type === 'logout.finished')
    const { provider, app } = (told && 'report' in told && told.report.layers) || {}
    expect([app?.outcome, provider?.outcome]).toEqual(['ended', 'impossible'])
    advance(10)
    const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
    const start = await browser.post('/api/auth/signin/github', { csrfToken, callbackUrl: '/inbox' })
    const asked = new URL(start.headers.get('location') ?? '').searchParams
    expect([asked.get('prompt'), asked.has('max_age')]).toEqual(['select_account', false])
    const { hops } = await browser.follow(start, { sub: 'alice' })
    expect(hops).toEqual(['provider', '/api/auth/callback/github', '/inbox'])
    expect(await browser.auth()).toMatchObject({ user: { name: 'Alice' } })
  })

  it('[A3] has its record beside Auth.js’s row as well', async () => {
    rows = await openRows()
    const browser = await signedIn({ config: { adapter: rows.adapter } })
    expect(await browser.auth()).toMatchObject({ user: { name: 'Alice' } })
    const copy = copyOf(browser)
    await browser.signOut()
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
  })
})

it('a row from before of somebody whose id in Auth.js cannot be one there is nobody’s, and breaks nothing', async () => {
  const expires = new Date(Date.now() + 1e9)
  const session = { sessionToken: 'from-before', userId: 'Alice Smith', expires }
  const user = { id: 'Alice Smith', email: 'alice@example.com', emailVerified: null }
  await made({
    config: {
      adapter: { getSessionAndUser: () => ({ session, user }), createSession: (row) => row, deleteSession: () => null },
    },
    options: { adoptUntil: Math.floor(Date.now() / 1000) + 86_400 },
  })
  const headers = { cookie: 'authjs.session-token=from-before' }
  expect(await setting.app.endsession.session({ headers })).toBe(undefined)
})

it('providers that nobody knows are told apart by where their logins begin', async () => {
  await made({
    providers: ({ clientId, clientSecret = '' }) =>
      ['forge', 'mill'].map((id) => ({
        id,
        name: id,
        type: 'oauth' as const,
        clientId,
        clientSecret,
        authorization: `https://${id}.example/authorize?scope=read`,
        token: `https://${id}.example/token`,
        userinfo: `https://${id}.example/user`,
        profile: ({ id }: { id: string }) => ({ id }),
      })),
  })
  const { endsession } = setting.app
  const open = async (provider: string) => {
    const handle = await endsession.open(provider, { accessToken: `of-${provider}` }, { sub: '1' })
    return (await endsession.resume(handle))?.iss
  }
  expect([await open('forge'), await open('mill')]).toEqual([
    'https://forge.example/authorize',
    'https://mill.example/authorize',
  ])
})

it.each([
  ['names no issuer', {}],
  ['has kept its issuer', { issuer: 'https://github.com/login/oauth' }],
])(
  '[A6 A8] a server of one’s own under the name of GitHub is not GitHub, which never sees its tokens (%s)',
  async (_, of) => {
    const asked: string[] = []
    await made({
      providers: ({ clientId, clientSecret = '' }) => [
        {
          id: 'github',
          name: 'Our own',
          type: 'oauth' as const,
          ...of,
          clientId,
          clientSecret,
          authorization: 'https://git.example/login/oauth/authorize?scope=read',
          token: 'https://git.example/login/oauth/access_token',
          userinfo: 'https://git.example/api/v3/user',
          profile: ({ id }: { id: number }) => ({ id: String(id) }),
        },
      ],
      options: {
        runtime: {
          async fetch(input) {
            asked.push(new URL(input instanceof Request ? input.url : input).host)
            return new Response(null, { status: 204 })
          },
        },
      },
    })
    const { endsession } = setting.app
    const handle = await endsession.open('github', { accessToken: 'of-our-own' }, { sub: '1' })
    const session = await endsession.resume(handle)
    expect(session?.iss).toBe('https://git.example/login/oauth/authorize')
    await endsession.end({ id: session?.id ?? '' }, 'over')
    expect(asked).toEqual([])
  },
)
