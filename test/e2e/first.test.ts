import '../../demo/dist/localhost-lookup.js'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Browser, openBrowser } from '../../demo/dist/once/browser.js'
import { send } from '../../demo/dist/once/send.js'
import { makePlan, type Plan } from '../../demo/dist/plan.js'
import { type Running, startServers } from '../../demo/dist/start.js'
import { createStage, key, Browser as SocketBrowser, type Stage } from '../faults/processes.ts'
import { findFreePorts } from './ports.ts'

const examples = new URL('../../examples/first/', import.meta.url)
const preload = new URL('first-preload.ts', import.meta.url)
const stripsTypes = Boolean((process.features as { typescript?: unknown }).typescript)

it('compiles as written, strictly', async () => {
  const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
  await promisify(execFile)(process.execPath, [tsc, '-p', fileURLToPath(examples)])
})

describe('run as written, with origin, port and view engine replaced', () => {
  let plan: Plan
  let running: Running
  let folder: string
  let example: ChildProcess

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'endsession-first-'))
    const [room = 0, provider = 0, acme = 0, mail = 0, calendar = 0, api = 0, next = 0] = await findFreePorts(7)
    plan = makePlan({ ports: { room, provider, acme, mail, calendar, api, next }, folder })
    running = await startServers(plan, () => {}, ['provider', 'acme'])
  })
  afterEach(() => {
    example?.kill('SIGKILL')
  })
  afterAll(async () => {
    await running?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function startExample(name: string): Promise<void> {
    const file = new URL(name, examples)
    example = spawn(process.execPath, ['--import', preload.href, fileURLToPath(file)], {
      // `sessions.db` is made in the working directory.
      cwd: await mkdtemp(join(folder, 'run-')),
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        EXAMPLE: file.href,
        ORIGIN: plan.urls.mail,
        PORT: String(plan.ports.mail),
        ISSUER: plan.urls.provider,
        CLIENT_SECRET: plan.secrets.mail,
        SECRET: 'a secret of this test, at least 32 bytes',
      },
    })
    await vi.waitFor(() => send(new URL('/auth/logout', plan.urls.mail)), 20_000)
  }

  /** Opens the app, and is led through the provider and Acme. */
  async function logIn(browser: Browser) {
    const provider = await browser.open(plan.urls.mail)
    expect(provider.url.origin).toBe(plan.urls.provider)
    const acme = await browser.click(provider, 'Sign in with Acme')
    return browser.press(acme, 'Sign in', { name: 'ana', password: 'ana-demo' })
  }

  it.for(['1-hono.ts', '2-express.ts', '5-own-login.ts'])(
    '%s: log in, log out, and it is over (needs 1 and 3) [A3 A7 L4]',
    async (name, { skip }) => {
      skip(!stripsTypes, 'this Node does not read TypeScript; 22.18 and later do')
      await startExample(name)
      const browser = openBrowser()
      const home = await logIn(browser)
      expect(home.url.href).toBe(`${plan.urls.mail}/`)
      expect(home.html.text).toContain('Hello Ana')
      const cookie = await browser.cookies(plan.urls.mail)
      const tryCopy = () => send(new URL(plan.urls.mail), { headers: { cookie, accept: 'text/html' } })
      expect(await tryCopy()).toMatchObject({ status: 200, text: expect.stringContaining('Hello Ana') })

      const landed = await browser.press(home, 'Log out')
      expect(landed.url.origin).toBe(plan.urls.mail)
      expect(landed.status).toBe(200)
      expect(await browser.cookies(plan.urls.mail)).not.toContain(cookie)
      expect((await tryCopy()).text).not.toContain('Hello Ana')
      const next = await browser.open(plan.urls.mail)
      expect(next.url.origin).toBe(plan.urls.provider)
      expect(next.html.text).toContain('Sign in with Acme')
    },
  )
})

describe('the guard, run as written, with its app, audience and port replaced', () => {
  let stage: Stage
  let example: ChildProcess | undefined
  beforeAll(() => {
    stage = createStage()
  })
  afterAll(async () => {
    example?.kill('SIGKILL')
    await stage.clear()
  })

  it('4-guard.ts: lets in who is signed in, and refuses the same token after the logout (need 5) [G1 F6]', async ({
    skip,
  }) => {
    skip(!stripsTypes, 'this Node does not read TypeScript; 22.18 and later do')
    const { provider, issuer } = await stage.provider()
    const app = await stage.app({ issuer, keys: { jobs: key } })
    const [port = 0] = await findFreePorts(1)
    const file = new URL('4-guard.ts', examples)
    example = spawn(process.execPath, ['--import', preload.href, fileURLToPath(file)], {
      cwd: stage.folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        EXAMPLE: file.href,
        ORIGIN: app.url,
        PORT: String(port),
        AUDIENCE: 'api',
        ISSUER: issuer,
        FEED_KEY: key,
      },
    })
    const alice = new SocketBrowser('alice')
    await alice.login(app, provider)
    const authorization = `Bearer ${await alice.token(app)}`
    const ask = (headers: Record<string, string> = {}) => fetch(`http://127.0.0.1:${port}/jobs`, { headers })
    await vi.waitFor(async () => expect(await (await ask({ authorization })).json()).toEqual({ of: 'alice' }), 20_000)
    expect((await ask()).status).toBe(401)
    await alice.logout(app)
    await vi.waitFor(async () => expect((await ask({ authorization })).status).toBe(401), 20_000)
    expect(app.events.find(({ type }) => type === 'logout.finished')?.report.layers.services).toMatchObject({
      outcome: 'ended',
    })
  })
})
