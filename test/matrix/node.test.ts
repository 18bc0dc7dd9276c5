import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { nodeAdapter } from 'endsession/node'
import { afterEach, describe, expect, it } from 'vitest'
import { makeSetting, origin, type Setting } from './setting.ts'

/** Requests that only a socket can send, to a server that does not catch what we throw. */
describe('the node adapter', () => {
  let setting: Setting
  let server: Server
  const failures: unknown[] = []
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await setting.close()
    expect(failures.splice(0)).toEqual([])
  })

  async function serve(
    prepare: (request: IncomingMessage & { body?: unknown }) => void | Promise<void> = () => {},
  ): Promise<void> {
    setting = await makeSetting()
    const routes = nodeAdapter(setting.endsession)
    server = createServer((request, response) => {
      const answered = Promise.resolve(prepare(request)).then(() => routes(request, response))
      answered.then(
        (ours) => ours || response.end('not ours'),
        (error) => {
          failures.push(error)
          response.destroy()
        },
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }

  /** What comes back for these very bytes. */
  function exchange(text: string, parts: readonly string[] = []): Promise<string> {
    const { port } = server.address() as AddressInfo
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(text)
        for (const part of parts) socket.write(part)
      })
      let answer = ''
      socket.setEncoding('latin1')
      socket.on('data', (data) => {
        answer += data
      })
      socket.on('close', () => resolve(answer))
      socket.on('error', (error) => (answer ? resolve(answer) : reject(error)))
    })
  }

  const head = (line: string, headers: Record<string, string> = {}) =>
    [
      `${line} HTTP/1.1`,
      ...Object.entries({ host: 'evil.example', connection: 'close', ...headers }).map((pair) => pair.join(': ')),
      '',
      '',
    ].join('\r\n')
  const form = { 'content-type': 'application/x-www-form-urlencoded', origin }

  it('[A11 L18] a request line may hold a whole URL: only its path counts', async () => {
    await serve()
    const answer = await exchange(head('GET http://evil.example/auth/login?returnTo=http://evil.example/'))
    expect(answer).toMatch(/^HTTP\/1.1 303 /)
    expect(answer).toContain(`redirect_uri=${encodeURIComponent(`${origin}/auth/callback`)}`)
    expect(await exchange(head('GET http://[/auth/login'))).toMatch(/not ours$|^HTTP\/1.1 400/)
  })

  it.each([
    '//evil.example/auth/login',
    '/\\evil.example/auth/login',
    '*',
    '/auth',
    '/%61uth/login',
    '/auth/../auth2/login',
  ])('[L18] %s is not ours', async (target) => {
    await serve()
    expect(await exchange(head(`${target === '*' ? 'OPTIONS' : 'GET'} ${target}`))).toMatch(/not ours\r\n|not ours$/)
  })

  it.each(['TRACE', 'OPTIONS', 'PROPFIND', 'M-SEARCH'])(
    '[L18] %s is 405, and no crash: the web has no such requests',
    async (method) => {
      await serve()
      expect(await exchange(head(`${method} /auth/login`))).toMatch(/^HTTP\/1.1 405 /)
    },
  )

  it('[A12 L18] a body without an end is cut off, and answered: the connection holds until then', async () => {
    await serve()
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const answer = await exchange(head('POST /auth/logout', { ...form, 'transfer-encoding': 'chunked' }), [
      chunk,
      chunk,
      '0\r\n\r\n',
    ])
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
    expect(answer).toContain('ERR_REQUEST')
  })

  it("[L18] a body that breaks off is nobody's crash", async () => {
    await serve()
    const { port } = server.address() as AddressInfo
    for (const path of ['logout', 'backchannel-logout']) {
      const closed = new Promise((resolve) =>
        server.once('request', (request) => {
          request.once('close', resolve)
          socket.destroy()
        }),
      )
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(`${head(`POST /auth/${path}`, { ...form, 'content-length': '100' })}scope=`),
      )
      await closed
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(await exchange(head('GET /auth/logout'))).toMatch(/^HTTP\/1.1 200 /)
  })

  it.each([
    ['nothing', undefined],
    ['text', 'scope=nonsense'],
    ['bytes', Buffer.from('scope=nonsense')],
    ['an object', { scope: 'nonsense' }],
    ['an object without a prototype', Object.assign(Object.create(null), { scope: 'nonsense' })],
    ['an object with other things in it', { scope: ['nonsense'], deep: { a: 1 }, number: 7, nothing: null }],
  ])('[L18] a parser that has left %s of the body is understood', async (_, body) => {
    await serve(async (request) => {
      if (body === undefined) return
      for await (const _part of request);
      request.body = body
    })
    const answer = await exchange(head('POST /auth/logout', { ...form, 'content-length': '14' }), ['scope=nonsense'])
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
  })

  it('a parser that has left the body alone, and an empty object (Express 4), is understood, too', async () => {
    await serve((request) => {
      request.body = {}
    })
    const answer = await exchange(head('POST /auth/logout', { ...form, 'content-length': '14' }), ['scope=nonsense'])
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
  })
})
