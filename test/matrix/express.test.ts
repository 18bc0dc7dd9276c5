import { type Server, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expressAdapter } from 'endsession/express'
import express, { type Express, type RequestHandler } from 'express'
import helmet from 'helmet'
import { afterEach, describe, expect, it } from 'vitest'
import { leavingTo, makeSetting, origin, type Setting, type SettingOptions } from './setting.ts'

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' }
const formType = { 'content-type': 'application/x-www-form-urlencoded' }

describe('express', () => {
  let setting: Setting
  let server: Server
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await setting.close()
  })

  async function serve(
    build: (app: Express, adapter: ReturnType<typeof expressAdapter>) => void,
    given: SettingOptions = {},
  ): Promise<void> {
    setting = await makeSetting(given)
    const app = express()
    build(app, expressAdapter(setting.endsession))
    await new Promise<void>((resolve) => {
      server = app.listen(0, '127.0.0.1', () => resolve())
    })
  }

  /** The usual app: helmet as it comes, our routes, a page. */
  const usual = (app: Express, { routes, protect }: ReturnType<typeof expressAdapter>) => {
    app.use(helmet(), routes)
    app.get('/{*path}', protect, (request, response) => void response.send(`Hello ${request.endsession.sub}`))
  }

  function send(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
    const { port } = server.address() as AddressInfo
    return new Promise((resolve, reject) => {
      const request = sendRequest({ host: '127.0.0.1', port, method, path, headers }, async (response) => {
        const [chunks, received]: [Buffer[], Headers] = [[], new Headers()]
        for await (const chunk of response) chunks.push(chunk)
        for (let at = 0; at < response.rawHeaders.length; at += 2)
          received.append(response.rawHeaders[at] as string, response.rawHeaders[at + 1] as string)
        resolve({ status: response.statusCode ?? 0, headers: received, text: Buffer.concat(chunks).toString() })
      })
      request.on('error', reject).end(body)
    })
  }

  /** A browser with its cookies. */
  function browse() {
    const cookies = new Map<string, string>()
    const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: string) => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await send(method, path, { ...navigation, ...(cookie && { cookie }), ...headers }, body)
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (line.includes('Max-Age=0')) cookies.delete(name)
        else cookies.set(name, value)
      }
      return answer
    }
    const begin = async () => new URL((await ask('GET', '/auth/login')).headers.get('location') ?? '')
    const finish = (url: URL, sub = 'alice') => {
      const { pathname, search } = setting.provider.authorize(url, { sub })
      return ask('GET', pathname + search)
    }
    return { cookies, ask, begin, finish, login: async (sub?: string) => finish(await begin(), sub) }
  }

  it("[L5 L17] under helmet's own policy: login, page, logout, and the answer carries our policy, not its", async () => {
    await serve(usual)
    const browser = browse()
    expect((await browser.ask('GET', '/')).headers.get('location')).toBe(`${origin}/auth/login?returnTo=%2F`)
    expect((await browser.login()).status).toBe(303)
    const page = await browser.ask('GET', '/')
    expect(page.text).toBe('Hello alice')
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self'")
    expect(page.headers.get('cache-control')).toBe('no-store')
    // helmet's `Referrer-Policy: no-referrer` makes the browser send its forms so.
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    const answer = await browser.ask('POST', '/auth/logout', { ...formType, origin: 'null' }, '')
    expect(answer.status).toBe(200)
    expect(leavingTo(answer)).toContain('id_token_hint=')
    expect(answer.headers.get('content-security-policy')).not.toContain('form-action')
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(answer.headers.get('referrer-policy')).toBe('same-origin')
    expect(answer.headers.get('x-frame-options')).toBe('DENY')
    expect((await browser.ask('GET', '/')).status).toBe(303)
  })

  it("[A10] with helmet's headers beside ours there are still less than 4 KiB (need 23)", async () => {
    await serve(usual)
    const browser = browse()
    const bytes = ({ headers }: Answer) =>
      [...headers].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
    for (let count = 0; count < 6; count++) await browser.begin()
    const answers = [await browser.ask('GET', `/auth/login?returnTo=/${'x'.repeat(480)}`), await browser.login()]
    answers.push(await browser.ask('POST', '/auth/logout', formType, ''))
    for (const answer of answers) expect(bytes(answer)).toBeLessThan(4096)
  })

  const parsers: readonly (readonly [string, readonly RequestHandler[]])[] = [
    ['no parser', []],
    ['urlencoded', [express.urlencoded({ extended: false })]],
    ['urlencoded, extended', [express.urlencoded({ extended: true })]],
    ['json', [express.json()]],
    ['json for everything that calls itself so, then urlencoded', [express.json(), express.urlencoded()]],
    ['text of every type', [express.text({ type: '*/*' })]],
    ['bytes of every type', [express.raw({ type: '*/*' })]],
    [
      'one that leaves an empty object, as Express 4 does',
      [
        (request, _, next) => {
          request.body ??= {}
          next()
        },
      ],
    ],
  ]

  it.each(parsers)('[L18] after %s: logout, its scope and back-channel logout are understood', async (_, before) => {
    await serve((app, adapter) => {
      for (const parser of before) app.use(parser)
      usual(app, adapter)
    })
    const browser = browse()
    await browser.login()
    expect((await browser.ask('POST', '/auth/logout', formType, 'scope=all')).status).toBe(400)
    expect((await browser.ask('GET', '/')).text).toBe('Hello alice')
    expect((await browser.ask('POST', '/auth/logout', formType, 'scope=app')).status).toBe(303)
    expect((await browser.ask('GET', '/')).status).toBe(303)

    await browser.login()
    const token = await setting.provider.logoutToken({ sub: 'alice' })
    expect((await send('POST', '/auth/backchannel-logout', formType, `logout_token=${token}`)).status).toBe(200)
    expect((await browser.ask('GET', '/')).status).toBe(303)
    const twice = await send(
      'POST',
      '/auth/backchannel-logout',
      formType,
      `logout_token=${token}&logout_token=${token}`,
    )
    expect(twice.status).toBe(400)
  })

  it.each(parsers)('[L18] after %s: JSON is no form, and 10 MB are too much', async (_, before) => {
    await serve((app, adapter) => {
      for (const parser of before) app.use(parser)
      usual(app, adapter)
      app.use(
        ((error, _request, response, _next) =>
          void response.status(error.status ?? 500).end()) as express.ErrorRequestHandler,
      )
    })
    const browser = browse()
    await browser.login()
    const json = { ...navigation, 'content-type': 'application/json' }
    expect((await browser.ask('POST', '/auth/logout', json, '{"scope":"everywhere"}')).status).toBe(415)
    expect((await browser.ask('POST', '/auth/logout', formType, `scope=app&x=${'x'.repeat(10_000_000)}`)).status).toBe(
      413,
    )
    expect((await browser.ask('GET', '/')).text).toBe('Hello alice')
  })

  it('a body that our routes do not want is left to those that come after', async () => {
    await serve((app, { routes }) => {
      app.use(routes, express.json())
      app.post(['/own', '/auth/own'], (request, response) => void response.json(request.body))
    })
    for (const path of ['/own', '/auth/own']) {
      const answer = await send('POST', path, { 'content-type': 'application/json' }, '{"a":1}')
      expect([answer.status, answer.text]).toEqual([200, '{"a":1}'])
    }
  })

  it('[L4] protect: a page goes to the login, a script gets 401, HEAD has no body, and no later handler runs', async () => {
    await serve(usual)
    const page = await send('GET', '/inbox?a=1', navigation)
    expect(page.headers.get('location')).toBe(`${origin}/auth/login?returnTo=%2Finbox%3Fa%3D1`)
    const script = await send('GET', '/inbox', { 'sec-fetch-mode': 'cors' })
    expect([script.status, script.text]).toEqual([401, '{"error":"signed_out"}'])
    const head = await send('HEAD', '/inbox', navigation)
    expect([head.status, head.text]).toEqual([303, ''])
    expect((await send('HEAD', '/auth/logout', navigation)).status).toBe(200)
  })

  it('[L1] two tabs log in at once; the later one is who is signed in', async () => {
    await serve(usual)
    const browser = browse()
    const [one, two] = [await browser.begin(), await browser.begin()]
    expect((await browser.finish(two, 'bob')).status).toBe(303)
    expect((await browser.finish(one, 'alice')).status).toBe(303)
    expect((await browser.ask('GET', '/')).text).toBe('Hello alice')
  })

  it('cookies that the app has set before are not lost', async () => {
    await serve((app, adapter) => {
      app.use((_, response, next) => {
        response.append('set-cookie', 'own=1')
        next()
      })
      usual(app, adapter)
    })
    const answer = await send('GET', '/auth/login', navigation)
    expect(answer.headers.getSetCookie()).toEqual(['own=1', expect.stringMatching(/^endsession-in-/)])
  })

  it.each(['//evil.example/x', '/\\evil.example/x', 'http://evil.example/x', '//evil.example/auth/login'])(
    '[A11] the request target %s leads nowhere else (need 10)',
    async (target) => {
      await serve(usual)
      const away = await send('GET', target, {
        ...navigation,
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
      })
      expect(away.status).toBe(303)
      expect(away.headers.get('location')).toMatch(new RegExp(`^${origin}/auth/login\\?returnTo=`))
      const { pathname, search } = new URL(away.headers.get('location') ?? '')
      const browser = browse()
      const start = await browser.ask('GET', pathname + search)
      const back = await browser.finish(new URL(start.headers.get('location') ?? ''))
      expect(new URL(back.headers.get('location') ?? '').origin).toBe(origin)
    },
  )

  it('[A11] a request target that is a whole URL reaches our routes by its path', async () => {
    await serve(usual)
    const answer = await send('GET', 'http://evil.example/auth/login', navigation)
    expect(new URL(answer.headers.get('location') ?? '').searchParams.get('redirect_uri')).toBe(
      `${origin}/auth/callback`,
    )
  })

  it('in a sub-app the base path is the whole one', async () => {
    await serve(
      (app, adapter) => {
        const mail = express()
        usual(mail, adapter)
        app.use('/mail', mail)
        app.get('/auth/login', (_, response) => void response.send("the app's own"))
      },
      { options: { basePath: '/mail/auth' } },
    )
    expect((await send('GET', '/auth/login')).text).toBe("the app's own")
    const away = await send('GET', '/mail/inbox', navigation)
    expect(away.headers.get('location')).toBe(`${origin}/mail/auth/login?returnTo=%2Fmail%2Finbox`)
    const browser = browse()
    const start = await browser.ask('GET', '/mail/auth/login?returnTo=/mail/inbox')
    const back = await browser.finish(new URL(start.headers.get('location') ?? ''))
    expect(back.headers.get('location')).toBe(`${origin}/mail/inbox`)
    expect((await browser.ask('GET', '/mail/inbox')).text).toBe('Hello alice')
  })

  it('[L18] methods that the web does not know are no crash', async () => {
    await serve(usual)
    expect((await send('TRACE', '/auth/login')).status).toBe(405)
    expect((await send('TRACE', '/')).status).toBeLessThan(500)
  })

  it("[S12] a store that fails is Express's 503, never the login", async () => {
    const failures: unknown[] = []
    await serve((app, adapter) => {
      usual(app, adapter)
      app.use(((error, _request, response, _next) => {
        failures.push(error)
        response.status(error.status).end()
      }) as express.ErrorRequestHandler)
    })
    const cookie = `endsession=0.${'A'.repeat(43)}`
    setting.store.get = () => Promise.reject(new Error('canary'))
    for (const path of ['/', '/auth/login']) {
      const answer = await send('GET', path, { ...navigation, cookie })
      expect(answer.status).toBe(503)
      expect(answer.text).not.toContain('canary')
    }
    expect(failures).toMatchObject([{ code: 'ERR_STORE' }])
  })
})
