import '../../demo/dist/localhost-lookup.js'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { people } from '../../demo/dist/servers/people.js'
import { neededKeycloak } from '../../servers/src/keycloak.ts'
import { type ControlRoom, liesOf, openControlRoom, places, windowsOf } from '../e2e/control-room.ts'
import { findFreePorts } from '../e2e/ports.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

let started: ChildProcess | undefined
afterEach(() => {
  started?.kill('SIGKILL')
  started = undefined
})

async function startDemo(words: readonly string[], env = {}) {
  const ports = await findFreePorts(places.length)
  const { AUTH_ENABLED: _apps, API_AUTH_ENABLED: _api, ...inherited } = process.env
  const options = places.flatMap((name, at) => [`--${name}-port`, String(ports[at])])
  const child = spawn(process.execPath, ['demo/dist/main.js', '--provider', 'keycloak', ...options, ...words], {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started = child
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (said.stdout += chunk))
  child.stderr.on('data', (chunk) => (said.stderr += chunk))
  const ended = once(child, 'close').then(([status]) => status as number | null)
  return { child, said, ended, port: ports[places.indexOf('provider')] as number }
}

async function runDemo(words: readonly string[], env = {}) {
  const { said, ended } = await startDemo(words, env)
  return { status: await ended, ...said }
}

type Printed = Record<'usual' | 'endsession', Record<string, { outcome: string; observed: string; evidence: string }>>

describe('the demo on a real Keycloak', { ...neededKeycloak }, () => {
  describe('--once', () => {
    let ran: Awaited<ReturnType<typeof runDemo>>
    let result: Printed
    beforeAll(async () => {
      // With the Next.js app, so that there is a client of each kind.
      ran = await runDemo(['--once', '--json', '--next'])
      expect(ran.stderr).not.toContain('error:')
      result = JSON.parse(ran.stdout)
    })

    it('exits 0: the usual logout left all but the browser’s cookie alive (need 1)', () => {
      expect(ran.status).toBe(0)
      expect(ran.stderr).toContain('starting Keycloak with two realms')
      const { browser, ...others } = result.usual
      expect(browser).toMatchObject({ outcome: 'ended', observed: 'over' })
      expect(Object.values(others).map(({ observed }) => observed)).toEqual(Array(7).fill('alive'))
    })

    it.each([
      ['browser', ['ended'], 'this browser is signed out (need 9)'],
      ['app', ['ended'], 'a copy of the cookie opens nothing (need 3) [A3]'],
      ['tokens', ['ended'], 'Keycloak refuses the refresh token (need 13)'],
      ['services', ['ended'], 'the API’s guard has confirmed, and refuses Keycloak’s access token (need 5) [G1 G3]'],
      ['peers', ['requested'], 'Keycloak told Calendar by back-channel logout (need 4) [A2 M8]'],
      ['next', ['requested'], 'and Jobs, whose session is in Auth.js’s cookie [A2 M8]'],
      // Whether the probe proves anything at Keycloak is for its profile to say.
      ['provider', ['ended', 'requested'], '“Log in” leads to Keycloak’s login screen (need 1) [A7]'],
      ['upstream', ['unknown'], 'the realm behind it was ended, too, and nobody claims to have seen it [A2]'],
    ])('%s: claimed %s, found over: %s', (layer, outcomes) => {
      expect(outcomes).toContain(result.endsession[layer]?.outcome)
      expect(result.endsession[layer]?.observed).toBe('over')
    })
  })

  describe('the control room', () => {
    let room: ControlRoom
    beforeAll(async () => {
      room = await openControlRoom(['--provider', 'keycloak'])
    })
    afterAll(() => room?.stop())

    it('tells its story, and looks at Keycloak’s doors by its admin API [A2 A3]', async () => {
      const first = await room.press('button=1')
      expect(first.headline).toBe('Ana is logged in: 7 of 7 doors open')
      expect(first.rows['provider']?.is).toContain('Example ID, by Keycloak’s admin API → Ana is signed in')
      expect(first.rows['upstream']?.is).toContain('Acme’s own admin API → Ana is signed in')
      expect(first.rows['tokens']?.is).toContain('Keycloak’s introspection → the copied refresh token is good')

      expect((await room.press('button=2')).headline).toBe('6 of 7 still open')
      expect((await room.press('button=3')).headline).toBe('Back in without a password: 7 of 7 open')

      const fourth = await room.press('button=4&scope=provider')
      expect(fourth.headline).toBe('0 doors open. 1 we can’t see.')
      expect(liesOf(fourth)).toEqual([])
      expect(fourth.rows['provider']?.is).toContain('Example ID, by Keycloak’s admin API → nobody is signed in')
      // Keycloak films nothing: the app that got the message did.
      expect(fourth.film).toContain(
        'Example ID to Calendar: says that this login is over. POST /auth/backchannel-logout',
      )
      expect(fourth.film).toContain('eyJ… (logout token, Ana, calendar)')

      const fifth = await room.press('button=5')
      expect(fifth.story).toContain('nobody gets in without the password')
      expect([first, fourth, fifth].map(({ problem }) => problem)).toEqual(['', '', ''])
    })

    it('says of an Acme that Keycloak leaves alone what it says of one that it ends: unknown [A2]', async () => {
      await room.press('whatIf=upstream-stays')
      const left = await room.press('button=4&scope=provider')
      expect(windowsOf(left)).toMatchObject({ provider: 'dark', upstream: 'lit' })
      expect(left.rows['upstream']?.says).toContain('unknown')
      expect(left.rows['upstream']?.is).toContain('Acme’s own admin API → Ana is signed in')
      expect(liesOf(left)).toEqual([])
      await room.press('whatIf=upstream-stays')
      const ended = await room.press('button=4&scope=provider')
      expect(windowsOf(ended)).toMatchObject({ provider: 'dark', upstream: 'unseen' })
    })

    it('does what Keycloak can do, and says of the rest that only the demo’s own provider can', async () => {
      const phone = await room.press('whatIf=end-all-devices')
      expect(phone.story).toContain('the phone is out at once')
      const admin = await room.press('whatIf=admin-ends')
      expect(admin.rows['app']?.says).toContain('ended')
      for (const id of ['provider-down', 'provider-slow', 'decline', 'logout-token-late', 'logout-token-twice']) {
        const { problem } = await room.press(`whatIf=${id}`)
        expect(problem).toBe('Only the demo’s own provider can be told to do that. Start without --provider keycloak.')
      }
    })

    it('begins anew: nobody is known at either realm', async () => {
      await room.press('button=1')
      expect(await sessionsOfAna(room)).not.toEqual([[], []])
      expect((await room.press('reset=1')).headline).toBe('Nobody is logged in yet')
      expect(await sessionsOfAna(room)).toEqual([[], []])
      const again = await room.press('button=1')
      expect(again.story).toContain('Ana gave her password to Acme')
      expect(again.headline).toBe('Ana is logged in: 7 of 7 doors open')
    })

    it('shows no cookie, no token and no password anywhere [A6]', () => {
      const secrets = room.secrets()
      expect(secrets.filter((secret) => secret.startsWith('eyJ')).length).toBeGreaterThan(10)
      expect(room.leaks()).toEqual([])
    })
  })

  it('that is told to stop while Keycloak starts leaves nothing behind', async () => {
    const { child, said, ended, port } = await startDemo(['--once'])
    await vi.waitFor(() => expect(said.stderr).toMatch(/starting Keycloak \d/), 60_000)
    await vi.waitFor(() => expect(commandsWith(`--http-port=${port}`)).toHaveLength(1), 60_000)
    child.kill('SIGTERM')
    expect(await ended).toBe(143)
    await vi.waitFor(() => expect(commandsWith(`--http-port=${port}`)).toEqual([]), 30_000)
  })
})

/** As its administrator finds them, in both realms. */
async function sessionsOfAna(room: ControlRoom): Promise<readonly unknown[]> {
  const [, password = ''] = /admin with (\S+)/.exec(room.output()) ?? []
  const { origin } = new URL(room.urls.provider.replace('provider.', ''))
  const form = { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password }
  const login = await fetch(`${origin}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const { access_token: token } = (await login.json()) as { access_token: string }
  const ask = async (path: string) =>
    (await fetch(`${origin}/admin/realms${path}`, { headers: { authorization: `Bearer ${token}` } })).json()
  const [ana] = people
  return Promise.all([
    ask(`/example/users/${ana?.idAt.example}/sessions`),
    ask(`/acme/users/${ana?.idAt.acme}/sessions`),
  ])
}

/** Processes that were started with this word. */
function commandsWith(word: string): readonly string[] {
  const all = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8', maxBuffer: 1e8 }).split('\n')
  return all.filter((line) => line.split(' ').includes(word))
}

describe('--provider', () => {
  it('without Java says what to install', async () => {
    const { status, stdout, stderr } = await runDemo(['--once'], { PATH: '/nowhere', JAVA_HOME: '' })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(/^error: .*Java.*$/m)
  })

  it('names a taken port, and how to choose another', async () => {
    const [port = 0] = await findFreePorts(1)
    const other = createServer().listen(port, '127.0.0.1')
    await once(other, 'listening')
    const { status, stderr } = await runDemo(['--once', '--provider-port', String(port)])
    other.close()
    expect(status).toBe(1)
    expect(stderr).toContain(`error: port ${port} is taken (for provider): choose another with --provider-port`)
  })

  it.each([
    [['--provider', 'other'], '--provider other: is one of own, keycloak'],
    [['--provider-asks'], '--provider-asks is for the demo’s own provider: Keycloak asks nobody who shows a good hint'],
  ])('refuses %j, and says where the help is', async (words, message) => {
    expect(await runDemo(words)).toEqual({
      status: 2,
      stdout: '',
      stderr: `error: ${message}\nTry: npm start -- --help\n`,
    })
  })
})
