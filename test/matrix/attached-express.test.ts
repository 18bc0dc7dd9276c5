import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type Server, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EndSession, Host } from 'endsession'
import { expressAdapter } from 'endsession/express'
import type { FakeProvider } from 'endsession/testing'
import express, { type Request } from 'express'
import session, { type Session, type SessionOptions } from 'express-session'
import { afterEach, describe, expect, it } from 'vitest'
import { comeBack, formOf, isAlive, leave, rows } from './leaving.ts'
import { type Browser, makeSetting, origin, type Send, type Setting, type SettingOptions } from './setting.ts'
import { breakable, journey } from './tiny-host.ts'

/** What this app keeps in its express-session. */
type Kept = Session & { handle?: string; login?: { state: string; verifier: string; returnTo: string } }
const kept = (request: Request): Kept | undefined => request.session as Kept | undefined

/** A host as people write them: a class, whose functions need its `this`. */
class SessionHost implements Host<Request> {
  readonly cookie = 'connect.sid=; Path=/; HttpOnly; Max-Age=0'
  readonly path = '/login'
  handle(request: Request) {
    return kept(request)?.handle
  }
  expire(_request: Request): readonly string[] {
    return [this.cookie]
  }
  login({ interactive, returnTo }: { interactive: boolean; returnTo: string }) {
    return `${this.path}?${new URLSearchParams({ returnTo, ...(interactive && { prompt: 'login' }) })}`
  }
}

/** As docs/attached.md has it: the session itself goes as well, so that express-session does not set its cookie again. */
class DestroyingHost extends SessionHost {
  override expire(request: Request): readonly string[] {
    request.session?.destroy(() => {})
    return super.expire(request)
  }
}

interface Given extends SettingOptions {
  readonly session?: Partial<SessionOptions>
  readonly host?: Host<Request>
}

let setting: Setting
let server: Server
afterEach(async () => {
  await setting.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

async function serve({ session: options = {}, host = new SessionHost(), ...given }: Given = {}): Promise<Browser> {
  setting = await makeSetting({ ...given, app: (endsession, provider) => listen(endsession, provider, host, options) })
  if (!server.listening) await once(server, 'listening')
  return setting.browser()
}

function listen(
  endsession: EndSession,
  provider: FakeProvider,
  host: Host<Request>,
  options: Partial<SessionOptions>,
): Send {
  const app = express().use(session({ secret: 'x', resave: false, saveUninitialized: false, ...options }))
  const { routes, protect } = expressAdapter(endsession, { host })
  app.use(routes)
  app.get('/login', (req, res) => {
    const login = {
      state: randomBytes(8).toString('hex'),
      verifier: randomBytes(32).toString('base64url'),
      returnTo: String(req.query['returnTo'] ?? '/'),
    }
    Object.assign(req.session, { login })
    const interactive = req.query['prompt'] === 'login'
    res.redirect(
      `${provider.issuer}/authorize?${new URLSearchParams({
        response_type: 'code',
        client_id: provider.clientId,
        redirect_uri: `${origin}/callback`,
        scope: 'openid',
        state: login.state,
        code_challenge: createHash('sha256').update(login.verifier).digest('base64url'),
        code_challenge_method: 'S256',
        max_age: interactive ? '0' : '315360000',
        ...(interactive && { prompt: 'login' }),
      })}`,
    )
  })
  app.get('/callback', async (req, res) => {
    const login = kept(req)?.login
    if (!login || req.query['state'] !== login.state) return void res.status(400).send('state')
    const response = await provider.fetch(`${provider.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${provider.clientId}:${provider.clientSecret}`)}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: String(req.query['code']),
        redirect_uri: `${origin}/callback`,
        code_verifier: login.verifier,
      }),
    })
    const tokens = (await response.json()) as Record<string, string>
    await new Promise((resolve) => req.session.regenerate(resolve))
    const handle = await endsession.open('example', {
      idToken: tokens['id_token'] ?? '',
      refreshToken: tokens['refresh_token'] ?? '',
    })
    Object.assign(req.session, { handle })
    res.redirect(login.returnTo)
  })
  app.get('/{*path}', protect, (req, res) => void res.send(`Hello ${req.endsession.sub}`))
  app.use(((error, _req, res, _next) => void res.status(error.status ?? 500).end()) as express.ErrorRequestHandler)
  server = app.listen(0, '127.0.0.1')
  return sendTo
}

const sendTo: Send = (path, { body, ...init }) =>
  new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo
    const request = sendRequest({ host: '127.0.0.1', port, path, ...init }, async (response) => {
      const [chunks, headers]: [Buffer[], Headers] = [[], new Headers()]
      for await (const chunk of response) chunks.push(chunk)
      for (let at = 0; at < response.rawHeaders.length; at += 2)
        headers.append(response.rawHeaders[at] ?? '', response.rawHeaders[at + 1] ?? '')
      const status = response.statusCode ?? 0
      resolve(new Response(status === 204 ? null : Buffer.concat(chunks), { status, headers }))
    })
    request.on('error', reject).end(body)
  })

async function signIn(browser: Browser, how = {}): Promise<void> {
  const { answer } = await journey(setting, browser, '/', how)
  expect([answer.status, answer.text]).toEqual([200, 'Hello alice'])
  setting.clock.advance(10)
}

describe('[L22] attached to express-session', () => {
  it('login, page, logout: its cookie alone knows the login, goes with the logout, and its copies are dead (needs 1, 3, 27) [A3 L4]', async () => {
    const browser = await serve()
    const { answer, hops } = await journey(setting, browser, '/inbox?a=1')
    expect([answer.text, answer.headers.get('cache-control')]).toEqual(['Hello alice', 'no-store'])
    expect(hops).toEqual(['/inbox', '/login', 'provider', '/callback', '/inbox'])
    expect([...browser.cookies.keys()]).toEqual(['connect.sid'])
    expect(JSON.parse((await browser.get('/auth/devices')).text).devices).toHaveLength(1)
    const copy = new Map(browser.cookies)
    setting.clock.advance(10)
    const { answer: left, report, there } = await leave(setting, browser)
    expect(left.headers.getSetCookie()[0]).toBe('connect.sid=; Path=/; HttpOnly; Max-Age=0')
    expect(left.headers.getSetCookie().filter((line) => /^(connect\.sid=s|endsession=)/.test(line))).toEqual([])
    expect(rows(report)).toMatchObject({ app: 'ended record_ended', tokens: 'ended revoked' })
    expect(await isAlive(setting, copy)).toBe(false)
    expect((await comeBack(setting, browser, there)).answer.text).toContain('signed out')
    setting.clock.advance(5)
    const next = await journey(setting, browser, '/')
    expect(next.hops).toContain('provider login')
    expect(next.answer.text).toBe('Hello alice')
  })

  it.each([
    [
      'back-channel logout',
      async () => {
        const token = await setting.provider.logoutToken({ sid: 'sid-1' })
        expect((await setting.browser().post('/auth/backchannel-logout', { logout_token: token })).status).toBe(200)
      },
    ],
    ['an admin', () => setting.endsession.end({ provider: 'example', sub: 'alice' }, 'test')],
  ])('%s ends it: the host forgets it on the way to the login; a script gets 401', async (_, end) => {
    const browser = await serve()
    await signIn(browser)
    await end()
    setting.clock.advance(70)
    expect((await browser.get('/', { 'sec-fetch-mode': 'cors' })).status).toBe(401)
    const answer = await browser.get('/x')
    expect([answer.status, answer.headers.get('location')]).toEqual([
      303,
      `/login?${new URLSearchParams({ returnTo: `${origin}/x` })}`,
    ])
    expect(browser.cookies.has('connect.sid')).toBe(false)
    expect((await journey(setting, browser, '/x')).answer.text).toBe('Hello alice')
  })

  it('a provider that ignores prompt=login: a page with a button, never a loop [A7 M10]', async () => {
    const browser = await serve()
    await signIn(browser)
    const { there } = await leave(setting, browser)
    await comeBack(setting, browser, there, true)
    setting.clock.advance(5)
    const stuck = await journey(setting, browser, '/', { ignoresPrompt: true })
    expect([stuck.answer.status, stuck.hops.length < 12]).toEqual([403, true])
    await signIn(browser)
    expect([...browser.cookies.keys()]).toEqual(['connect.sid'])
  })

  it('the store fails: a ticket goes on trying [A2]', async () => {
    const { store, fail, mend } = breakable()
    const browser = await serve({ store })
    await signIn(browser)
    const copy = new Map(browser.cookies)
    fail('end')
    const failed = await leave(setting, browser)
    expect([failed.answer.status, [...browser.cookies.keys()]]).toEqual([503, ['endsession-ticket']])
    mend('end')
    await leave(setting, browser, formOf(failed.answer).fields)
    expect(await isAlive(setting, copy)).toBe(false)
    fail('get')
    for (const [name, value] of copy) browser.cookies.set(name, value)
    expect((await browser.get('/')).status).toBe(503)
  })

  it('rolling sessions: a host that destroys its session has no cookie set again; one that only expires it does (the control)', async () => {
    for (const [host, again] of [
      [new DestroyingHost(), false],
      [new SessionHost(), true],
    ] as const) {
      if (again) {
        await setting.close()
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
      const browser = await serve({ host, session: { rolling: true } })
      await signIn(browser)
      const copy = new Map(browser.cookies)
      await leave(setting, browser)
      expect(browser.cookies.has('connect.sid')).toBe(again)
      expect(await isAlive(setting, copy)).toBe(false)
    }
  })

  it('a visit to GET login asks the host to forget nothing that is good: any page could send people there [A5]', async () => {
    const browser = await serve({ host: new DestroyingHost() })
    await signIn(browser)
    const elsewhere = await browser.get('/auth/login', { 'sec-fetch-site': 'cross-site' })
    expect([elsewhere.status, elsewhere.headers.getSetCookie()]).toEqual([303, []])
    expect((await browser.get('/')).text).toBe('Hello alice')
  })

  it('a host that destroys its session has it forgotten on the server as well', async () => {
    const memory = new session.MemoryStore()
    const browser = await serve({ host: new DestroyingHost(), session: { store: memory } })
    const count = () => new Promise((resolve) => memory.all?.((_, all) => resolve(Object.keys(all ?? {}).length)))
    await signIn(browser)
    expect(await count()).toBe(1)
    await leave(setting, browser)
    expect(await count()).toBe(0)
  })
})
