import '../../demo/dist/localhost-lookup.js'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openBrowser } from '../../demo/dist/once/browser.js'
import { isAtJobs, openJobs } from '../../demo/dist/once/jobs.js'
import { type ControlRoom, liesOf, openControlRoom, places, windowsOf } from './control-room.ts'
import { findFreePorts } from './ports.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** A build takes its time on a busy machine. */
vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 })

let started: ChildProcess | undefined
afterEach(() => {
  started?.kill('SIGKILL')
  started = undefined
})

async function startDemo(folder: string, words: readonly string[], env = {}) {
  const ports = await findFreePorts(places.length)
  const { AUTH_ENABLED: _apps, API_AUTH_ENABLED: _api, ...inherited } = process.env
  const options = places.flatMap((name, at) => [`--${name}-port`, String(ports[at])])
  const child = spawn(process.execPath, ['demo/dist/main.js', ...words, ...options], {
    cwd: folder,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started = child
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (said.stdout += chunk))
  child.stderr.on('data', (chunk) => (said.stderr += chunk))
  const ended = once(child, 'close').then(([status]) => status as number | null)
  return { child, said, ended, next: `http://next.localhost:${ports[places.indexOf('next')]}` }
}

async function runDemo(folder: string, ...words: readonly string[]) {
  const { said, ended } = await startDemo(folder, words)
  return { status: await ended, ...said }
}

describe('--once --next', () => {
  let ran: Awaited<ReturnType<typeof runDemo>>
  let result: Record<'usual' | 'endsession', Record<string, { outcome: string; observed: string; evidence: string }>>

  beforeAll(async () => {
    ran = await runDemo(root, '--once', '--json', '--next')
    expect(ran.stderr).not.toContain('error:')
    result = JSON.parse(ran.stdout)
  })

  it('has a row for Jobs, the Next.js app, beside the other peer, and exits 0', () => {
    expect(ran.status).toBe(0)
    const rows = ['browser', 'app', 'tokens', 'services', 'peers', 'next', 'provider', 'upstream']
    expect(Object.values(result).map((way) => Object.keys(way))).toEqual([rows, rows])
  })

  it('after the usual logout at Mail a copy of the cookie that Auth.js made for Jobs still opens it', () => {
    expect(result.usual['next']).toMatchObject({ outcome: 'skipped', observed: 'alive' })
    expect(result.usual['next']?.evidence).toContain(
      'Jobs, in the same browser, is still signed in, and the API takes its token.',
    )
  })

  it('after the logout with endsession it opens nothing, and the API refuses the token of Jobs (needs 3, 4) [A2 G1]', () => {
    expect(result.endsession['next']).toMatchObject({ outcome: 'requested', observed: 'over' })
    expect(result.endsession['next']?.evidence).toContain(
      'A copy of Jobs’ cookie opens nothing, and the API refuses Jobs’ token.',
    )
  })

  it('is built once: the next start takes what is there', async () => {
    const again = await runDemo(root, '--once', '--next')
    expect(again.stderr).toContain('the Next.js app was built before')
    expect(again.stdout).toMatch(/^next {6}● alive {4}requested {3}○ over /m)
    expect(again.status).toBe(0)
  })
})

describe('the control room with --next', () => {
  let room: ControlRoom
  beforeAll(async () => {
    room = await openControlRoom(['--next'])
  })
  afterAll(() => room?.stop())

  it('looks at Jobs as at the other app: open after the usual logout, and then closed [A3 M8]', async () => {
    const first = await room.press('button=1')
    expect(first.rows['peers']?.is).toContain('With copied cookies: Calendar → “Ana’s week”, Jobs → “Jobs of Ana”')
    expect(windowsOf(first)).toMatchObject({ peers: 'lit' })
    expect(first.film).toContain('clicks “Sign in”: Auth.js begins a login')

    const second = await room.press('button=2')
    expect(second.headline).toBe('6 of 7 still open')
    expect(liesOf(second)).toContain('peers')
    expect(second.film).toContain('a copied cookie opens Ana’s jobs')

    const fourth = await room.press('button=4&scope=provider')
    expect(fourth.headline).toBe('0 doors open. 1 we can’t see.')
    expect(fourth.rows['peers']?.is).toContain('Jobs → “Nobody is signed in”')
    expect(liesOf(fourth)).toEqual([])
    expect([first, second, fourth].map(({ problem }) => problem)).toEqual(['', '', ''])
  })

  it('shows no cookie and no token of it anywhere [A6]', async () => {
    await room.press('reset=1')
    await room.press('button=1')
    const secrets = room.secrets()
    expect(secrets.filter((secret) => secret.startsWith('eyJ')).length).toBeGreaterThan(3)
    expect(room.leaks()).toEqual([])
  })

  it('“Log out” in Jobs itself ends everything that Mail’s does, and the login screen is shown (needs 1, 2, 3) [A3 A7]', async () => {
    await room.press('reset=1')
    const browser = openBrowser()
    const screen = await openJobs({ urls: room.urls }, browser)
    const acme = await browser.click(screen, 'Sign in with Acme')
    const home = await browser.press(acme, 'Sign in', { name: 'ben', password: 'ben-demo' })
    expect([home.url.origin, isAtJobs(home)]).toEqual([room.urls.next, true])
    expect(home.html.querySelector('#jobs')?.text).toBe('200 ben has two jobs to do')
    const mail = await browser.click(await browser.open(room.urls.mail), 'Log in')
    expect(mail.html.text).toContain('Ben’s inbox')
    const copies = { next: await browser.cookies(room.urls.next), mail: await browser.cookies(room.urls.mail) }

    const out = await browser.press(await browser.open(room.urls.next), 'Log out')
    expect(out.url.origin).toBe(room.urls.next)
    const withCopy = async (name: 'next' | 'mail') =>
      (await fetch(room.urls[name], { headers: { cookie: copies[name] } })).text()
    expect(await withCopy('next')).toContain('Nobody is signed in')
    await vi.waitFor(async () => expect(await withCopy('mail')).toContain('You are signed out'), 20_000)
    expect((await openJobs({ urls: room.urls }, browser)).html.text).toContain('Sign in with Acme')
  })
})

it('without authentication Jobs is open to everybody, and says so to the API (need 20) [L23]', async () => {
  const { said, next } = await startDemo(root, ['--next'], { AUTH_ENABLED: 'false' })
  await vi.waitFor(() => expect(said.stdout).toContain('Ctrl-C ends everything.'), 120_000)
  const browser = openBrowser()
  // The API’s guard asks for its mode first.
  await vi.waitFor(
    async () => expect((await browser.open(next)).html.querySelector('#jobs')?.text).toMatch(/^200 /),
    30_000,
  )
  expect((await browser.open(next)).html.querySelector('h1')?.text).toBe('Jobs of Unauthenticated')
})

/** The demo in a folder of its own, with another program in place of Next.js. */
function makeCopy(program: string | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'endsession-next-demo-'))
  folders.push(folder)
  cpSync(join(root, 'demo/dist'), join(folder, 'demo/dist'), { recursive: true })
  cpSync(join(root, 'demo/package.json'), join(folder, 'demo/package.json'))
  cpSync(join(root, 'demo/src/room/page'), join(folder, 'demo/src/room/page'), { recursive: true })
  const example = 'examples/next-authjs'
  const kept = (path: string) => !path.includes('/.next') && !path.includes('/node_modules')
  cpSync(join(root, example), join(folder, example), { recursive: true, filter: kept })
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== 'next') symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  }
  if (program === undefined) return folder
  mkdirSync(join(folder, 'node_modules/next/dist/bin'), { recursive: true })
  writeFileSync(join(folder, 'node_modules/next/package.json'), '{ "name": "next", "version": "0.0.0" }')
  writeFileSync(join(folder, 'node_modules/next/dist/bin/next'), program)
  return folder
}
const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

describe('a Next.js app that cannot be built', () => {
  it('because Next.js is not installed: the demo says so, with the one command', async () => {
    const { status, stdout, stderr } = await runDemo(makeCopy(undefined), '--once', '--next')
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toBe('error: --next needs Next.js, and it is not installed: `npm ci`\n')
  })

  it('because of a mistake in it: the demo ends with the build’s own words, and tries again the next time', async () => {
    const folder = makeCopy(
      'console.log("  Creating an optimized production build ..."); console.error("a mistake in auth.ts"); process.exit(1)',
    )
    for (let time = 0; time < 2; time++) {
      const { status, stderr } = await runDemo(folder, '--once', '--next')
      expect(status).toBe(1)
      expect(stderr).toContain('  Creating an optimized production build ...\n')
      expect(stderr).toMatch(/error: the Next.js app could not be built:\n(.*\n)*a mistake in auth.ts/)
      expect(readdirSync(join(folder, '.demo'))).toEqual([])
    }
  })

  it.each([
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const)('because it was stopped by %s: the build is gone, too', async (signal, status) => {
    const folder = makeCopy(
      'require("node:fs").writeFileSync("../pid", String(process.pid)); setInterval(() => {}, 1000)',
    )
    const { child, ended } = await startDemo(folder, ['--once', '--next'])
    const file = join(folder, '.demo/pid')
    await vi.waitFor(() => expect(existsSync(file) && readFileSync(file, 'utf8')).toMatch(/^\d+$/), 60_000)
    const pid = Number(readFileSync(file, 'utf8'))
    expect(isAlive(pid)).toBe(true)
    child.kill(signal)
    expect(await ended).toBe(status)
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 20_000)
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
