import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type FakeLogin, type FakeProvider, type FakeProviderBehaviours, fakeProvider } from 'endsession/testing'

export const key = 'the key of the guard that is called jobs'

/** A process of its own, with a port of its own. */
export interface Role {
  readonly url: string
  readonly events: readonly { readonly type: string; readonly why?: string; readonly report?: any }[]
  kill(signal: NodeJS.Signals): void
  /** SIGKILL, and gone. */
  end(): Promise<void>
}

export interface ProviderRole {
  readonly provider: FakeProvider
  readonly issuer: string
  /** What the token endpoint has handed out, in order. */
  readonly issued: readonly { readonly access_token: string; readonly refresh_token: string }[]
  /** Its answers wait until then, however long ago the provider has acted. */
  held: Promise<void>
}

/** Everything that a test has started, so that all of it ends with it. */
export interface Stage {
  readonly folder: string
  app(config: object): Promise<Role>
  guard(
    apps: readonly { readonly url: string }[],
    issuer: string,
    config?: { clockSeconds?: number; guard?: object },
  ): Promise<Role>
  provider(behaviours?: FakeProviderBehaviours): Promise<ProviderRole>
  clear(): Promise<void>
}

export function createStage(): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'endsession-faults-'))
  const ends: (() => Promise<void>)[] = []

  async function start(name: 'app' | 'guard', config: object): Promise<Role> {
    const path = fileURLToPath(new URL(`./roles/${name}.mjs`, import.meta.url))
    const child = fork(path, {
      env: { ...process.env, ROLE: JSON.stringify(config) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const events: Role['events'][number][] = []
    const url = await new Promise<string>((resolve, reject) => {
      child.on('message', (message: { url?: string; event?: Role['events'][number] }) => {
        if (message.event) events.push(message.event)
        if (message.url) resolve(message.url)
      })
      child.once('exit', () => reject(new Error(`${name} ended before it began`)))
    })
    const role = {
      url,
      events,
      kill: (signal: NodeJS.Signals) => void process.kill(child.pid as number, signal),
      end: () => endChild(child),
    }
    ends.push(role.end)
    return role
  }

  return {
    folder,
    app: (config) => start('app', config),
    guard: (apps, issuer, config = {}) =>
      start('guard', {
        ...config,
        guard: {
          issuer,
          audience: 'api',
          feed: apps.map(({ url }) => ({ url: `${url}/auth/feed`, name: 'jobs', key })),
          leaseSeconds: 2,
          ...config.guard,
        },
      }),
    async provider(behaviours) {
      const role = await serveProvider(behaviours)
      ends.push(role.end)
      return role
    },
    async clear() {
      for (const end of ends.splice(0)) await end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

/** The fake provider over HTTP, in this process. */
async function serveProvider(
  behaviours: FakeProviderBehaviours = {},
): Promise<ProviderRole & { end(): Promise<void> }> {
  const issued: ProviderRole['issued'][number][] = []
  let provider: FakeProvider
  const role = { held: Promise.resolve() }
  const server = createServer(async (request, response) => {
    const closed = new AbortController()
    response.on('close', () => closed.abort())
    const body: Buffer[] = []
    for await (const chunk of request) body.push(chunk)
    try {
      const answer = await provider.fetch(`${provider.issuer}${request.url}`, {
        method: request.method as string,
        headers: request.headers as Record<string, string>,
        signal: closed.signal,
        ...(body.length > 0 && { body: Buffer.concat(body) }),
      })
      const text = await answer.text()
      const { held } = role
      if (request.url === '/token' && answer.status === 200 && text.startsWith('{')) issued.push(JSON.parse(text))
      await held
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(text)
    } catch {
      // Down: nothing answers.
      response.destroy()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  provider = fakeProvider({ jwtAccessTokens: true, ...behaviours, issuer })
  const end = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return Object.assign(role, { provider, issuer, issued, end })
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** A request as a browser sends it; not `fetch`, which sets `Sec-Fetch-Mode` itself. */
export function send(
  url: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = sendRequest(
      url,
      { method: init.method ?? 'GET', headers: init.headers ?? {}, agent: false },
      async (response) => {
        const headers = new Headers()
        for (let at = 0; at < response.rawHeaders.length; at += 2)
          headers.append(response.rawHeaders[at] as string, response.rawHeaders[at + 1] as string)
        const chunks: Buffer[] = []
        try {
          for await (const chunk of response) chunks.push(chunk)
          resolve({ status: response.statusCode as number, headers, text: Buffer.concat(chunks).toString() })
        } catch (error) {
          reject(error)
        }
      },
    )
    request.on('error', reject).end(init.body)
  })
}

/** A browser with cookies for the app's host, whatever the port. */
export class Browser {
  readonly name: string
  readonly cookies: Map<string, string>
  constructor(name: string, cookies: ReadonlyMap<string, string> = new Map()) {
    this.name = name
    this.cookies = new Map(cookies)
  }

  async request(method: string, url: string, form?: Record<string, string>): Promise<Answer> {
    const body = form && new URLSearchParams(form).toString()
    const answer = await send(url, {
      method,
      headers: {
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-site': 'same-origin',
        cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(body !== undefined && {
          origin: new URL(url).origin,
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': String(body.length),
        }),
      },
      ...(body !== undefined && { body }),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0/.test(line)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return answer
  }

  get(url: string): Promise<Answer> {
    return this.request('GET', url)
  }
  logout(app: Role, form: Record<string, string> = {}): Promise<Answer> {
    return this.request('POST', `${app.url}/auth/logout`, form)
  }
  /** Up to the provider's redirect back. */
  async startLogin(app: Role, provider: FakeProvider, login: FakeLogin = {}): Promise<string> {
    const start = await this.get(`${app.url}/auth/login?returnTo=/`)
    return provider.authorize(start.headers.get('location') ?? '', { browser: this.name, sub: this.name, ...login })
      .href
  }
  async login(app: Role, provider: FakeProvider, how: FakeLogin = {}): Promise<Answer> {
    return this.get(await this.startLogin(app, provider, how))
  }
  async token(app: Role): Promise<string> {
    const answer = JSON.parse((await this.get(`${app.url}/token`)).text)
    if (!answer.ok) throw new Error(`no token: ${answer.why}`)
    return answer.token
  }
}

export async function statusAt(guard: Role, token: string): Promise<number> {
  return (await send(guard.url, { headers: { authorization: `Bearer ${token}` } })).status
}

/** Waits for a condition, with a generous end; answers how long it took. */
export async function until(condition: () => Promise<boolean> | boolean, what: string, seconds = 40): Promise<number> {
  const began = performance.now()
  while (!(await condition())) {
    if (performance.now() - began > seconds * 1000) throw new Error(`${what}: not within ${seconds} s`)
    await pause(0.02)
  }
  const took = (performance.now() - began) / 1000
  console.log(`${what}: ${took.toFixed(2)} s`)
  return took
}

export const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000))
