import '../../demo/dist/localhost-lookup.js'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { sightOfToken, type Watched } from '../../demo/dist/once/api-token.js'
import { byLayer, judge, type Row } from '../../demo/dist/once/result.js'
import { send } from '../../demo/dist/once/send.js'
import { drawTable } from '../../demo/dist/once/table.js'
import { findFreePorts } from './ports.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const layers = ['browser', 'app', 'tokens', 'services', 'peers', 'provider', 'upstream']
const names = ['provider', 'acme', 'mail', 'calendar', 'api']
/** As the ports come. */
const places = ['room', ...names]

interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

let started: ChildProcess | undefined
afterEach(() => {
  started?.kill('SIGKILL')
  started = undefined
})

type Env = Readonly<Record<string, string>>

function startDemo(words: readonly string[], env: Env = {}): ChildProcess {
  const { AUTH_ENABLED: _apps, API_AUTH_ENABLED: _api, ...inherited } = process.env
  started = spawn(process.execPath, ['demo/dist/main.js', ...words], {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return started
}

async function runDemo(...words: readonly string[]): Promise<Ran> {
  return finish(startDemo(words))
}

async function finish(child: ChildProcess): Promise<Ran> {
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const [status] = await once(child, 'close')
  return { status, stdout: await stdout, stderr: await stderr }
}

async function collect(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = ''
  for await (const chunk of stream ?? []) text += chunk
  return text
}

function portOptions(ports: readonly number[]): readonly string[] {
  return places.flatMap((name, at) => [`--${name}-port`, String(ports[at])])
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** What `--json` prints. */
type Printed = Record<
  'usual' | 'endsession',
  Readonly<Record<string, { outcome: string; observed: string; evidence: string }>>
>

describe('--once --json', () => {
  let ran: Ran
  let result: Printed

  beforeAll(async () => {
    ran = await runDemo('--once', '--json', ...portOptions(await findFreePorts(places.length)))
    expect(ran.stderr).not.toContain('error:')
    result = JSON.parse(ran.stdout)
  })

  it('exits 0 and prints nothing else on stdout', () => {
    expect(ran.status).toBe(0)
    expect(ran.stdout.trim()).toBe(JSON.stringify(result, null, 2))
  })

  it('says both ways for all seven layers, in the three words that were promised', () => {
    expect(Object.keys(result)).toEqual(['usual', 'endsession'])
    for (const rows of Object.values(result)) {
      expect(Object.keys(rows)).toEqual(layers)
      for (const row of Object.values(rows)) {
        expect(Object.keys(row)).toEqual(['outcome', 'observed', 'evidence'])
        expect(['alive', 'over', 'not seen']).toContain(row.observed)
        expect(row.evidence).not.toBe('')
      }
    }
  })

  it('shows the problem: the usual logout ends the cookie in the browser and nothing else (need 1)', () => {
    const { browser, ...others } = result.usual
    expect(browser).toMatchObject({ outcome: 'ended', observed: 'over' })
    for (const row of Object.values(others)) {
      expect(row).toMatchObject({ outcome: 'skipped', observed: 'alive' })
      expect(row.evidence).toMatch(/^not_attempted: /)
    }
  })

  it('tells progress, and the time until all was ready, on stderr', () => {
    for (const name of names) expect(ran.stderr).toMatch(new RegExp(`^ {2}${name} at http://${name}\\.localhost:`, 'm'))
    expect(ran.stderr).toMatch(/^ready in \d+\.\d s$/m)
  })

  it.each([
    ['browser', 'ended', 'over', 'this browser is signed out (need 9)'],
    ['app', 'ended', 'over', 'a copy of the cookie opens nothing (need 3) [A3]'],
    ['tokens', 'ended', 'over', 'the provider refuses the refresh token (need 13)'],
    [
      'services',
      'ended',
      'over',
      'the API’s guard has confirmed, and refuses the copied access token (need 5) [G1 G3]',
    ],
    ['peers', 'requested', 'over', 'Calendar is told by back-channel logout, and tells the API (need 4) [A2 G1]'],
    ['provider', 'ended', 'over', '“Log in” leads to the login screen (need 1) [A7 L11]'],
    ['upstream', 'unknown', 'over', 'Example ID told Acme, and nobody claims to have seen it [A2]'],
  ])('%s: claimed %s, found %s: %s', (layer, outcome, observed) => {
    expect(result.endsession[layer]).toMatchObject({ outcome, observed })
  })

  it('names the guard that has confirmed, and how soon the API refused the token, but not somebody else’s [G1 G3]', () => {
    const { evidence } = result.endsession['services'] ?? { evidence: '' }
    expect(evidence).toMatch(
      /^guard_confirmed: .*\(guard api\)\. The API refuses the access token, \d+ ms after the click/,
    )
    expect(evidence).toMatch(/Somebody else’s works on\.$/)
  })

  it('says of Calendar that its cookie and its token are over, each told by Calendar’s own feed [G1]', () => {
    expect(result.endsession['peers']?.evidence).toContain(
      'A copy of Calendar’s cookie opens nothing, and the API refuses Calendar’s token.',
    )
  })

  it('calls nothing ended that was found alive [A2]', () => {
    const lies = Object.values(result.endsession).filter((row) => row.outcome === 'ended' && row.observed === 'alive')
    expect(lies).toEqual([])
  })

  it('lets no token out, on stdout or stderr [A6]', () => {
    expect(ran.stdout + ran.stderr).not.toMatch(/eyJ[\w-]{10,}/)
  })
})

describe('--once, and the person stays signed in at the provider', () => {
  it('does not call the provider ended, and the next login is interactive all the same (need 1) [A2 A7 L12]', async () => {
    const ran = await runDemo('--once', '--json', '--provider-asks', ...portOptions(await findFreePorts(places.length)))
    const { endsession } = JSON.parse(ran.stdout)
    expect(endsession.provider.outcome).not.toBe('ended')
    expect(endsession.provider).toMatchObject({
      observed: 'alive',
      evidence: expect.stringContaining('Its session lives on; yet “Log in” leads to its login screen.'),
    })
    expect(endsession.app).toMatchObject({ outcome: 'ended', observed: 'over' })
    // Mail's tokens are over at the API, Calendar's are not: its session has not ended.
    expect(endsession.services).toMatchObject({ outcome: 'ended', observed: 'over' })
    expect(endsession.peers).toMatchObject({
      observed: 'alive',
      evidence: expect.stringContaining('still signed in, and the API takes its token.'),
    })
    // "No" is not passed on.
    expect(endsession.upstream).toMatchObject({ outcome: 'unknown', observed: 'alive' })
    expect(ran.status).toBe(0)
  })
})

describe('--once --upstream-stays', () => {
  it('says the same of an upstream that lives on as of one that does not: it cannot see which it is [A2]', async () => {
    const words = ['--once', '--json', '--upstream-stays', ...portOptions(await findFreePorts(places.length))]
    const { endsession } = JSON.parse((await runDemo(...words)).stdout) as Printed
    expect(endsession['upstream']).toMatchObject({ outcome: 'unknown', observed: 'alive' })
    expect(endsession['provider']).toMatchObject({ outcome: 'ended', observed: 'over' })
  })
})

describe.skipIf(process.platform === 'win32')('--once --guard-stopped', () => {
  it('does not call services ended that cannot confirm; they refuse once they go on (need 5) [G1 G3]', async () => {
    const ran = await runDemo('--once', '--json', '--guard-stopped', ...portOptions(await findFreePorts(places.length)))
    expect(ran.stderr).toMatch(
      /stopping the API’s process[\s\S]*logging out with endsession[\s\S]*the API’s process goes on/,
    )
    const { endsession } = JSON.parse(ran.stdout) as Printed
    expect(endsession['services']).toMatchObject({ outcome: 'requested', observed: 'over' })
    expect(endsession['services']?.evidence).toMatch(/^guard_silent: .*, \d+ ms after its process went on\./)
    // Whoever stands still keeps nobody else signed in.
    expect(endsession['app']).toMatchObject({ outcome: 'ended', observed: 'over' })
    expect(endsession['provider']).toMatchObject({ outcome: 'ended', observed: 'over' })
    expect(ran.status).toBe(0)
  })
})

describe('without authentication', () => {
  it.each([[['--once']], [['--once', '--json']]])(
    '%j: there is nothing to log out, and the exit status says so [L23]',
    async (words) => {
      const { status, stdout, stderr } = await finish(startDemo(words, { AUTH_ENABLED: 'false' }))
      expect({ status, stdout }).toEqual({ status: 3, stdout: '' })
      expect(stderr).toBe(
        'error: AUTH_ENABLED=false: authentication is disabled, so there is nobody to log in and nothing to log out\n',
      )
    },
  )

  it('refuses a value that is neither true nor false [L18]', async () => {
    const { status, stderr } = await finish(startDemo([], { AUTH_ENABLED: 'no' }))
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'error: AUTH_ENABLED=no: is true or false\nTry: npm start -- --help\n',
    })
  })

  async function startOpen(env: Env) {
    const ports = await findFreePorts(places.length)
    const child = startDemo(portOptions(ports), env)
    const heard = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) child[name]?.on('data', (chunk) => (heard[name] += chunk))
    await vi.waitFor(() => expect(heard.stdout).toContain('Ctrl-C ends everything.'), 20_000)
    const look = async (name: string, path: string) => {
      const url = new URL(path, `http://${name}.localhost:${ports[places.indexOf(name)]}`)
      const { status, text } = await send(url, { headers: { accept: 'text/html' } })
      return `${status} ${text}`
    }
    return { heard, look, ports }
  }

  it('everybody is in, at the apps and at the API; the pages say so, and offer no logout [L23]', async () => {
    const { heard, look, ports } = await startOpen({ AUTH_ENABLED: 'false' })
    expect(heard.stdout).toContain('Authentication is disabled: everybody is in, and nobody can be logged out.')
    expect(await isListening(ports[places.indexOf('provider')]!)).toBe(false)
    for (const app of ['mail', 'calendar']) {
      const home = await look(app, '/')
      expect(home).toMatch(/^200 [\s\S]*Authentication is disabled\./)
      expect(home).not.toContain('Log out')
    }
    expect(await look('mail', '/auth/login')).toContain('There is no login here')
    expect(await look('mail', '/auth/logout')).toContain('nobody can be logged out')
    expect(await look('mail', '/api-call')).toContain('Status 200')
    expect(await look('api', '/messages')).toBe('200 {"for":"unauthenticated","unread":3}')
    expect(heard.stderr).not.toContain('mode.disagreed')
  })

  it.each([
    [
      'the API',
      { AUTH_ENABLED: 'false', API_AUTH_ENABLED: 'true' },
      'A guard believes in logins; authentication is disabled here.',
    ],
    ['the apps', { API_AUTH_ENABLED: 'false' }, 'The guard api has authentication disabled; here it is enabled.'],
  ])(
    'only %s believing in logins: the API answers 503 and says why, and both sides tell it [L23]',
    async (_who, env, words) => {
      const { heard, look } = await startOpen(env)
      expect(heard.stdout).toMatch(/API .* does not agree: .*503/)
      expect(await look('api', '/messages')).toBe('503 {"error":"mode_disagreed"}')
      await vi.waitFor(() => expect(heard.stderr).toContain(`mail: mode.disagreed: ${words}`), 10_000)
      await vi.waitFor(() => expect(heard.stderr).toContain('api: mode.disagreed: '), 10_000)
    },
  )
})

const nothing = { reason: '', claim: '', found: '' }

describe('what was seen of a token', () => {
  const refused: Watched = { seconds: 0.04, taken: 2, lastTakenAt: 100, last: 'refused' }

  it.each([
    ['refused, while somebody else’s is taken', refused, 'taken', 120, 'over'],
    ['taken once more after it was called ended', { ...refused, lastTakenAt: 130 }, 'taken', 120, 'alive'],
    ['refused, and so is everybody’s', refused, 'refused', 120, 'not seen'],
    ['still taken at the end', { ...refused, seconds: undefined, last: 'taken' }, 'taken', undefined, 'alive'],
    ['neither taken nor refused', { ...refused, seconds: undefined, last: 'neither' }, 'taken', undefined, 'not seen'],
  ] as const)('%s [A2 G1]', (_what, watched, control, claimedAt, observed) => {
    expect(sightOfToken(watched, control, '', claimedAt).observed).toBe(observed)
  })
})

describe('the verdict', () => {
  const row = (outcome: Row['outcome'], observed: Row['observed']): Row => ({ ...nothing, outcome, observed })
  const usual = { ...byLayer(() => row('skipped', 'alive')), browser: row('ended', 'over') }

  it('fails when something was called ended and found alive [A2]', () => {
    const endsession = { ...byLayer(() => row('ended', 'over')), tokens: row('ended', 'alive') }
    expect(judge({ usual, endsession })).toEqual({
      passed: false,
      verdict: 'NOT TRUE: called ended and found alive: tokens',
    })
  })

  it('fails when the usual logout left nothing alive: then nothing was shown', () => {
    const over = byLayer(() => row('ended', 'over'))
    expect(judge({ usual: over, endsession: over }).passed).toBe(false)
  })

  it('passes when what is alive was not called ended', () => {
    const endsession = { ...byLayer(() => row('ended', 'over')), services: row('impossible', 'alive') }
    expect(judge({ usual, endsession }).passed).toBe(true)
  })
})

describe('the table', () => {
  const rows = (observed: Row['observed']) =>
    byLayer(
      (): Row => ({
        outcome: 'impossible',
        observed,
        reason: 'no_guard_follows',
        claim: 'No service follows what ends here: access tokens work there until they expire.',
        found: 'The API still takes the access token, and goes on to do so for an hour.',
      }),
    )

  it.each([80, 100, 120])('keeps to %d columns, and needs no colours', (columns) => {
    const lines = drawTable({ usual: rows('not seen'), endsession: rows('alive') }, columns).split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBe(columns)
    expect(lines.join('')).not.toContain('\u001b')
    for (const layer of layers) {
      expect(
        lines.filter((line) => line.startsWith(`${layer.padEnd(8)}  ? not seen  impossible  ● alive `)),
      ).toHaveLength(1)
    }
  })

  it('has a row per layer, with what was found and what was claimed', async () => {
    const child = startDemo(['--once', ...portOptions(await findFreePorts(places.length))], {
      COLUMNS: '80',
      NO_COLOR: '1',
    })
    const ran = await finish(child)
    expect(ran.status).toBe(0)
    expect(ran.stdout).toMatch(/^layer +way +says +is +evidence$/m)
    expect(ran.stdout).toMatch(/^browser +○ over +ended +○ over +\S/m)
    expect(ran.stdout).toMatch(/^services +● alive +ended +○ over +\S/m)
    for (const layer of layers) expect(ran.stdout).toMatch(new RegExp(`^${layer} `, 'm'))
    expect(Math.max(...ran.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})

describe('the command line', () => {
  it('names a taken port and how to choose another', async () => {
    const ports = await findFreePorts(places.length)
    const port = ports[places.indexOf('calendar')]
    const other = createServer().listen(port, '127.0.0.1')
    await once(other, 'listening')
    const ran = await runDemo('--once', '--json', ...portOptions(ports))
    other.close()
    expect(ran.status).toBe(1)
    expect(ran.stdout).toBe('')
    expect(ran.stderr).toContain(
      `error: port ${port} is taken (for calendar): choose another with --calendar-port or --port-base`,
    )
  })

  it('names it too where it is the control room’s, which `--once` does not need', async () => {
    const ports = await findFreePorts(places.length)
    const other = createServer().listen(ports[0], '127.0.0.1')
    await once(other, 'listening')
    const ran = await runDemo(...portOptions(ports))
    const without = await runDemo('--once', '--json', ...portOptions(ports))
    other.close()
    expect(ran).toMatchObject({ status: 1, stdout: '' })
    expect(ran.stderr).toContain(`error: port ${ports[0]} is taken (for room): choose another with --room-port`)
    expect(without.status).toBe(0)
  })

  it.each([
    [['--onec'], "Unknown option '--onec'"],
    [['--json'], '--json goes with --once'],
    [['--guard-stopped'], '--guard-stopped goes with --once'],
    [['--port-base', 'many'], '--port-base many: a port is 1 to 65535'],
    [['--mail-port', '4400'], 'room and mail cannot share port 4400'],
  ])('refuses %j, and says where the help is', async (words, message) => {
    const ran = await runDemo(...words)
    expect(ran).toEqual({ status: 2, stdout: '', stderr: `error: ${message}\nTry: npm start -- --help\n` })
  })

  it('explains every option with --help', async () => {
    const { status, stdout, stderr } = await runDemo('--help')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const option of [
      '--once',
      '--json',
      '--provider-asks',
      '--upstream-stays',
      '--guard-stopped',
      'SIGSTOP',
      '--next ',
      '--next-port',
      '--provider <kind>',
      'keycloak',
      'AUTH_ENABLED',
      'API_AUTH_ENABLED',
      '--port-base',
      ...places.map((name) => `--${name}-port`),
    ]) {
      expect(stdout).toContain(option)
    }
  })
})

describe('a plain start', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)(
    'prints where everything is, and leaves no server after %s',
    async (signal) => {
      const ports = await findFreePorts(places.length)
      const child = startDemo(portOptions(ports))
      let stdout = ''
      child.stdout?.on('data', (chunk) => {
        stdout += chunk
      })
      await vi.waitFor(() => expect(stdout).toContain('Ctrl-C ends everything.'), 20_000)
      for (const [at, name] of names.entries()) expect(stdout).toContain(`http://${name}.localhost:${ports[at + 1]}`)
      expect(stdout).toMatch(new RegExp(`^Control room +http://localhost:${ports[0]} `, 'm'))
      expect(await Promise.all(ports.map(isListening))).toEqual(ports.map(() => true))

      child.kill(signal)
      await vi.waitFor(
        async () => expect(await Promise.all(ports.map(isListening))).toEqual(ports.map(() => false)),
        10_000,
      )
    },
  )
})
