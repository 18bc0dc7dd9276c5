import { createServer, type Server, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEndSession, type EndSession, memoryStore } from 'endsession'
import { expressAdapter } from 'endsession/express'
import { nodeAdapter } from 'endsession/node'
import express from 'express'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type FaultyStore, fails, faultyStore } from './faulty-store.ts'
import { secondProcess, sessionOf } from './second-process.ts'
import { type Browser, makeSetting, origin, type Setting, type SettingOptions } from './setting.ts'
import { journey, makeHosted } from './tiny-host.ts'

/** A stream as a browser has it. */
interface Stream {
  readonly status: number
  readonly headers: Headers
  /** What has come so far. */
  readonly text: () => string
  readonly isOver: () => boolean
  /** The tab goes. */
  leave(): void
}

type Ask = (path: string, headers: Record<string, string>, method?: string) => Promise<Stream>

const decoder = new TextDecoder()

async function askHandler(endsession: EndSession, path: string, init: RequestInit): Promise<Stream> {
  const answer = (await endsession.handle(new Request(origin + path, init))) as Response
  const reader = answer.body?.getReader()
  let text = ''
  let over = !reader
  const read = async () => {
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read())
      text += decoder.decode(piece.value)
    over = true
  }
  read().catch(() => (over = true))
  const { status, headers } = answer
  return { status, headers, text: () => text, isOver: () => over, leave: () => void reader?.cancel() }
}

const askServer =
  (server: Server): Ask =>
  (path, headers, method = 'GET') =>
    new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo
      const request = sendRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
        let text = ''
        let over = false
        response.on('data', (piece) => (text += decoder.decode(piece)))
        response.on('close', () => (over = true))
        response.on('error', () => {})
        const status = response.statusCode as number
        const answered = new Headers(response.headers as Record<string, string>)
        resolve({ status, headers: answered, text: () => text, isOver: () => over, leave: () => request.destroy() })
      })
      request.on('error', reject).end()
    })

const makers = {
  'web handler': undefined,
  'node server': (endsession: EndSession) => {
    const routes = nodeAdapter(endsession)
    return createServer((request, response) => void routes(request, response))
  },
  express: (endsession: EndSession) => createServer(express().use(expressAdapter(endsession).routes)),
}

const fromTab = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }
const cookieOf = ({ cookies }: Browser) => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
const until = (work: () => unknown) => vi.waitFor(work, { timeout: 30_000, interval: 10 })

describe.each(Object.keys(makers) as (keyof typeof makers)[])('open tabs, through the %s', (transport) => {
  let setting: Setting
  let faulty: FaultyStore
  let server: Server | undefined
  let browser: Browser
  let ask: Ask
  afterEach(async () => {
    vi.useRealTimers()
    server?.closeAllConnections()
    server?.close()
    server = undefined
    await setting?.close()
  })

  async function serve(endsession: EndSession): Promise<void> {
    server = makers[transport]?.(endsession)
    if (!server) {
      ask = (path, headers, method = 'GET') => askHandler(endsession, path, { headers, method })
      return
    }
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
    ask = askServer(server)
  }

  async function signedIn(given: SettingOptions = {}): Promise<void> {
    setting = await makeSetting({
      store: (clock) => {
        faulty = faultyStore(memoryStore({ now: clock.now }))
        return faulty.store
      },
      ...given,
    })
    await serve(setting.endsession)
    browser = setting.browser()
    await browser.login()
  }
  const tab = (route: string, headers: Record<string, string> = {}, from: Browser = browser) =>
    ask(`/auth/${route}`, { ...fromTab, ...(from.cookies.size > 0 && { cookie: cookieOf(from) }), ...headers })
  async function answer(headers: Record<string, string> = {}, from: Browser = browser) {
    const stream = await tab('session', headers, from)
    await until(() => expect(stream.isOver()).toBe(true))
    return { ...stream, body: JSON.parse(stream.text()) }
  }

  describe('GET session', () => {
    it('[L24 A6] says that somebody is signed in, by a name that tells nobody who, the same in all sessions of the person', async () => {
      await signedIn()
      const { status, headers, body, text } = await answer()
      expect([status, headers.get('cache-control'), headers.get('cross-origin-resource-policy')]).toEqual([
        200,
        'no-store',
        'same-origin',
      ])
      expect(body).toEqual({ signedIn: true, person: expect.stringMatching(/^[\w-]{22}$/) })
      expect(text()).not.toMatch(/alice|sid-1/)
      const [again, bob] = [setting.browser('again'), setting.browser('bob')]
      await again.login('alice')
      await bob.login('bob')
      expect((await answer({}, again)).body).toEqual(body)
      expect((await answer({}, bob)).body.person).not.toBe(body.person)
    })

    it('[L24] nobody is signed in: the same status, so that it is no sign for other sites', async () => {
      await signedIn()
      const { id } = await sessionOf(setting, browser)
      const stranger = await answer({}, setting.browser('stranger'))
      expect([stranger.status, stranger.body]).toEqual([200, { signedIn: false }])
      await setting.endsession.end({ id }, 'test')
      const over = await answer()
      expect([over.status, over.body, over.headers.getSetCookie()]).toEqual([200, { signedIn: false }, []])
    })

    it('[L24 L4] looks once, writes nothing, and is no visit', async () => {
      await signedIn({ options: { session: { idleSeconds: 1_000 } } })
      const steps: string[] = []
      faulty.tell = (step) => void steps.push(step)
      for (let minute = 0; minute < 9; minute++) {
        setting.clock.advance(110)
        expect((await answer()).body.signedIn).toBe(true)
      }
      await setting.settled()
      expect(steps.filter((step) => !/^get( answered)?$/.test(step))).toEqual([])
      setting.clock.advance(110)
      expect((await answer()).body).toEqual({ signedIn: false })
    })

    it('[L24 S12] a store that fails is 503, and never "signed out"', async () => {
      await signedIn()
      faulty.before.get = fails
      const { status, body } = await answer()
      expect([status, body]).toEqual([503, { error: 'ERR_STORE' }])
    })

    it('[L24] a prefetch finds what a check finds, and changes nothing', async () => {
      await signedIn()
      expect((await answer({ 'sec-purpose': 'prefetch;prerender' })).body.signedIn).toBe(true)
      expect((await answer()).body.signedIn).toBe(true)
    })

    it.each([
      ['cross-site', { 'sec-fetch-site': 'cross-site' }],
      ['same-site', { 'sec-fetch-site': 'same-site' }],
      ['cross-site, with our origin', { 'sec-fetch-site': 'cross-site', origin }],
    ])('[L24 L18] %s is refused, here and at the events', async (_, headers) => {
      await signedIn()
      for (const route of ['session', 'events']) {
        const refused = await tab(route, headers)
        await until(() => expect(refused.isOver()).toBe(true))
        expect([refused.status, JSON.parse(refused.text())]).toEqual([403, { error: 'ERR_REQUEST' }])
      }
    })

    it('[L24] a browser without Sec-Fetch-Site gets an answer, a script of another origin none', async () => {
      await signedIn()
      const plain = (headers: Record<string, string>) =>
        ask('/auth/session', { cookie: cookieOf(browser), accept: '*/*', ...headers })
      expect((await plain({})).status).toBe(200)
      expect((await plain({ origin })).status).toBe(200)
      expect((await plain({ origin: 'https://evil.example' })).status).toBe(403)
      expect((await plain({ origin: 'null' })).status).toBe(403)
    })
  })

  describe('GET events', () => {
    it('[L24 A12] one event when the session ends, by whichever process; then the stream is over', async () => {
      await signedIn()
      const { id } = await sessionOf(setting, browser)
      const there = secondProcess(setting)
      const stream = await tab('events')
      await until(() => expect(stream.text()).toMatch(/^retry: \d+\n\n$/))
      expect(stream.status).toBe(200)
      expect(Object.fromEntries(stream.headers)).toMatchObject({
        'content-type': 'text/event-stream',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
        'cross-origin-resource-policy': 'same-origin',
      })
      expect(stream.isOver()).toBe(false)
      await there.endsession.end({ id }, 'password changed')
      await until(() => expect(stream.isOver()).toBe(true))
      expect(stream.text().split('\n\n').slice(1)).toEqual(['event: ended\ndata: over', ''])
    })

    it('[L24] a login that takes its place says so, since somebody is signed in then', async () => {
      await signedIn()
      const stream = await tab('events')
      await browser.login()
      await until(() => expect(stream.isOver()).toBe(true))
      expect(stream.text()).toContain('event: ended\ndata: replaced\n\n')
    })

    it('[L24] 204 without a session, and for a prefetch: an EventSource does not come back after that', async () => {
      await signedIn()
      expect((await tab('events', {}, setting.browser('stranger'))).status).toBe(204)
      expect((await tab('events', { 'sec-purpose': 'prefetch' })).status).toBe(204)
      await setting.endsession.end({ id: (await sessionOf(setting, browser)).id }, 'test')
      expect((await tab('events')).status).toBe(204)
    })

    it('[L24 S12] a store that fails is 503', async () => {
      await signedIn()
      faulty.before.get = fails
      expect((await tab('events')).status).toBe(503)
    })

    it('[L24 A12] four of one session, no more; one that leaves makes room, and other sessions have their own', async () => {
      await signedIn()
      const streams = await Promise.all([1, 2, 3, 4].map(() => tab('events')))
      expect(streams.map(({ status }) => status)).toEqual([200, 200, 200, 200])
      const refused = await tab('events')
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '60'])
      const other = setting.browser('other')
      await other.login()
      expect((await tab('events', {}, other)).status).toBe(200)
      streams[0]?.leave()
      await until(async () => {
        const again = await tab('events')
        if (again.status !== 200) again.leave()
        expect(again.status).toBe(200)
      })
    })

    it('[L24] a heartbeat each 25 s', async () => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
      await signedIn()
      const stream = await tab('events')
      await vi.advanceTimersByTimeAsync(24_000)
      expect(stream.text()).not.toContain(':\n\n:')
      await vi.advanceTimersByTimeAsync(27_000)
      await until(() => expect(stream.text()).toMatch(/^retry: \d+\n\n:\n\n:\n\n$/))
    })

    it('[L24] HEAD opens none', async () => {
      await signedIn()
      for (let number = 0; number < 6; number++) {
        const head = await ask('/auth/events', { ...fromTab, cookie: cookieOf(browser) }, 'HEAD')
        expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
      }
    })

    it('[L24] close() ends what is open', async () => {
      await signedIn()
      const stream = await tab('events')
      await setting.endsession.close()
      await until(() => expect(stream.isOver()).toBe(true))
      expect(stream.text()).not.toContain('ended')
    })
  })

  it('[L23 L24] un-auth: somebody is signed in and can never be out; there is nothing to wait for', async () => {
    const open = createEndSession({
      baseUrl: origin,
      store: memoryStore(),
      auth: 'disabled',
      providers: {},
      secret: undefined,
    })
    setting = await makeSetting()
    await serve(open)
    browser = setting.browser()
    const { status, body } = await answer()
    expect([status, body]).toEqual([200, { signedIn: true }])
    expect((await tab('events')).status).toBe(204)
  })
})

it('[L24 L22] attached: the tab is known by the cookie of the host, and hears of its end', async () => {
  const setting = await makeHosted()
  const { endsession, host } = setting
  const browser = setting.browser()
  await journey(setting, browser, '/')
  const ask: Ask = (path, headers) =>
    askHandler({ ...endsession, handle: (request) => endsession.handle(request, { host }) }, path, { headers })
  const headers = { ...fromTab, cookie: cookieOf(browser) }
  const checks = await ask('/auth/session', headers)
  await until(() => expect(JSON.parse(checks.text())).toMatchObject({ signedIn: true }))
  const stream = await ask('/auth/events', headers)
  expect(stream.status).toBe(200)
  await endsession.end({ provider: 'example', sub: 'alice' }, 'test')
  await until(() => expect(stream.text()).toContain('event: ended\ndata: over'))
  expect((await ask('/auth/events', headers)).status).toBe(204)
  await setting.close()
})
