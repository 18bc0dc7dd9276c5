import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { byLayer, judge, type Row } from '../../demo/dist/once/result.js'
import { findFreePorts } from './ports.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const layers = ['browser', 'app', 'tokens', 'services', 'peers', 'provider', 'upstream']
const names = ['provider', 'acme', 'mail', 'calendar', 'api']

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

function startDemo(...words: readonly string[]): ChildProcess {
  started = spawn(process.execPath, ['demo/dist/main.js', ...words], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  return started
}

async function runDemo(...words: readonly string[]): Promise<Ran> {
  const child = startDemo(...words)
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
  return names.flatMap((name, at) => [`--${name}-port`, String(ports[at])])
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

describe('--once --json', () => {
  let ran: Ran
  let result: Record<'usual' | 'endsession', Readonly<Record<string, Row>>>

  beforeAll(async () => {
    ran = await runDemo('--once', '--json', ...portOptions(await findFreePorts(5)))
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
    ['services', 'impossible', 'alive', 'no guard, no claim: the API goes on, and the report says so (need 5) [A2]'],
    ['peers', 'requested', 'over', 'Calendar is told by back-channel logout (need 4) [A2]'],
    ['provider', 'ended', 'over', '“Log in” leads to the login screen (need 1) [A7 L11]'],
    ['upstream', 'unknown', 'alive', 'Acme lives on, and nobody claims that it does not [A2]'],
  ])('%s: claimed %s, found %s: %s', (layer, outcome, observed) => {
    expect(result.endsession[layer]).toMatchObject({ outcome, observed })
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
    const ran = await runDemo('--once', '--json', '--provider-asks', ...portOptions(await findFreePorts(5)))
    const { endsession } = JSON.parse(ran.stdout)
    expect(endsession.provider.outcome).not.toBe('ended')
    expect(endsession.provider).toMatchObject({
      observed: 'alive',
      evidence: expect.stringContaining('Its session lives on; yet “Log in” leads to its login screen.'),
    })
    expect(endsession.app).toMatchObject({ outcome: 'ended', observed: 'over' })
    expect(ran.status).toBe(0)
  })
})

describe('the verdict', () => {
  const row = (outcome: Row['outcome'], observed: Row['observed']): Row => ({ outcome, observed, evidence: '' })
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
  it('has a row per layer, with what was found and what was claimed', async () => {
    const ran = await runDemo('--once', ...portOptions(await findFreePorts(5)))
    expect(ran.status).toBe(0)
    expect(ran.stdout).toMatch(/^browser +over +ended +over +\S/m)
    expect(ran.stdout).toMatch(/^services +alive +impossible +alive +\S/m)
    for (const layer of layers) expect(ran.stdout).toMatch(new RegExp(`^${layer} `, 'm'))
  })
})

describe('the command line', () => {
  it('names a taken port and how to choose another', async () => {
    const ports = await findFreePorts(5)
    const other = createServer().listen(ports[3], '127.0.0.1')
    await once(other, 'listening')
    const ran = await runDemo('--once', '--json', ...portOptions(ports))
    other.close()
    expect(ran.status).toBe(1)
    expect(ran.stdout).toBe('')
    expect(ran.stderr).toContain(
      `error: port ${ports[3]} is taken (for calendar): choose another with --calendar-port or --port-base`,
    )
  })

  it.each([
    [['--onec'], "Unknown option '--onec'"],
    [['--json'], '--json goes with --once'],
    [['--port-base', 'many'], '--port-base many: a port is 1 to 65535'],
    [['--mail-port', '4400'], 'provider and mail cannot share port 4400'],
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
      '--port-base',
      ...names.map((name) => `--${name}-port`),
    ]) {
      expect(stdout).toContain(option)
    }
  })
})

describe('a plain start', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)(
    'prints where everything is, and leaves no server after %s',
    async (signal) => {
      const ports = await findFreePorts(5)
      const child = startDemo(...portOptions(ports))
      let stdout = ''
      child.stdout?.on('data', (chunk) => {
        stdout += chunk
      })
      await vi.waitFor(() => expect(stdout).toContain('Ctrl-C ends everything.'), 20_000)
      for (const [at, name] of names.entries()) expect(stdout).toContain(`http://${name}.localhost:${ports[at]}`)
      expect(await Promise.all(ports.map(isListening))).toEqual(ports.map(() => true))

      child.kill(signal)
      await vi.waitFor(
        async () => expect(await Promise.all(ports.map(isListening))).toEqual(ports.map(() => false)),
        10_000,
      )
    },
  )
})
