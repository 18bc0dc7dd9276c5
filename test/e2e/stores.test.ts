import '../../demo/dist/localhost-lookup.js'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { balance } from '../../demo/dist/balancer.js'
import { neededPostgres, startPostgres } from '../../servers/src/postgres.ts'
import { neededRedis, redisServers } from '../../servers/src/redis.ts'
import { findFreePorts } from './ports.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const places = ['room', 'provider', 'acme', 'mail', 'calendar', 'api']

let started: ChildProcess | undefined
afterEach(() => {
  started?.kill('SIGKILL')
  started = undefined
})

/** The demo on free ports, and what it has said so far. */
async function startDemo(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const ports = await findFreePorts(places.length)
  const all = [...words, ...places.flatMap((name, at) => [`--${name}-port`, String(ports[at])])]
  const child = spawn(process.execPath, ['demo/dist/main.js', ...all], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started = child
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (said.stdout += chunk))
  child.stderr.on('data', (chunk) => (said.stderr += chunk))
  const ended = once(child, 'close').then(([status]) => status as number | null)
  return { child, said, ended, mail: `http://mail.localhost:${ports[places.indexOf('mail')]}` }
}

async function runDemo(words: readonly string[], env?: Readonly<Record<string, string>>) {
  const { said, ended } = await startDemo(words, env)
  return { status: await ended, ...said }
}

/** What is claimed and what is found, layer by layer, without the words that tell times. */
function claimsOf(stdout: string): object {
  const ways = Object.entries(JSON.parse(stdout) as Record<string, Record<string, Record<string, string>>>)
  return Object.fromEntries(
    ways.map(([way, rows]) => [
      way,
      Object.entries(rows).map(([layer, { outcome, observed }]) => `${layer}: ${outcome}, ${observed}`),
    ]),
  )
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The processes that this one has started. */
function childrenOf(pid: number): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,comm='], { encoding: 'utf8' }).trim().split('\n')
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([child, parent, name]) => Number(parent) === pid && name !== 'ps' && Number(child) > 0)
    .map(([child]) => Number(child))
}

/** The process that answered. */
async function whoAnswers(url: string): Promise<number> {
  const answer = await fetch(url)
  expect(answer.status).toBe(200)
  return Number(answer.headers.get('x-demo-process'))
}

/** The claims of one process with a file, which the others are held against. */
let onSqlite: object
beforeAll(async () => {
  onSqlite = claimsOf((await runDemo(['--once', '--json'])).stdout)
})

describe.each([
  ['sqlite', {}],
  ['redis', neededRedis],
  ['postgres', neededPostgres],
] as const)('the demo on %s, each app as three processes', (store, needed) => {
  describe(store, { ...needed, timeout: 120_000 }, () => {
    it('claims and finds what one process with a file does', async () => {
      const { status, stdout, stderr } = await runDemo(['--once', '--json', '--store', store, '--nodes', '3'])
      expect(stderr).not.toContain('error:')
      expect(stderr).toContain(`two apps, 3 processes each, and an API; sessions in ${store} …`)
      expect(status).toBe(0)
      expect(claimsOf(stdout)).toEqual(onSqlite)
    })

    it('hands requests to all three, and ends all of them when one dies', async () => {
      const { child, said, ended, mail } = await startDemo(['--store', store, '--nodes', '3'])
      await vi.waitFor(() => expect(said.stdout).toContain(`Sessions: ${store}. Each app: 3 processes.`), 60_000)
      const below = childrenOf(child.pid as number)
      // The API's guard asks as well, so turns do not come in order.
      const seen = new Set<number>()
      await vi.waitFor(async () => expect(seen.add(await whoAnswers(mail)).size).toBe(3), 20_000)
      expect(below).toEqual(expect.arrayContaining([...seen]))

      process.kill([...seen][1] as number, 'SIGKILL')
      expect(await ended).toBe(1)
      expect(said.stderr).toContain('error: mail ended unexpectedly (SIGKILL)')
      await vi.waitFor(() => expect(below.filter(isAlive)).toEqual([]), 20_000)
    })

    it('leaves no process when it is killed itself, the store’s server neither', async () => {
      const { child, said } = await startDemo(['--store', store, '--nodes', '2'])
      await vi.waitFor(() => expect(said.stdout).toContain('Ctrl-C ends everything.'), 60_000)
      const below = childrenOf(child.pid as number)
      expect(below.length).toBeGreaterThanOrEqual(7)
      child.kill('SIGKILL')
      await vi.waitFor(() => expect(below.filter(isAlive)).toEqual([]), 20_000)
    })
  })
})

describe('a server that is there already', () => {
  it('is used with --store-url, and left as it was: redis', { ...neededRedis, timeout: 120_000 }, async () => {
    const servers = redisServers()
    try {
      const server = await servers.start({ requirepass: 'a-password' })
      const client = server.connect()
      await client.set('somebody else’s', 'endsession_demo')
      const words = ['--once', '--json', '--store', 'redis', '--store-url', server.url, '--nodes', '2']
      const { status, stdout, stderr } = await runDemo(words)
      expect(stderr).not.toContain('error:')
      expect(status).toBe(0)
      expect(claimsOf(stdout)).toEqual(onSqlite)
      expect(await client.info('commandstats')).toMatch(/^cmdstat_eval/m)
      expect(await client.keys('*')).toEqual(['somebody else’s'])
    } finally {
      await servers.clear()
    }
  })

  it('is used with --store-url, and left as it was: postgres', { ...neededPostgres, timeout: 120_000 }, async () => {
    const server = await startPostgres({}, { password: 'a-password' })
    try {
      const schemas = async () => (await server.connect().query('SELECT nspname FROM pg_namespace ORDER BY 1')).rows
      const before = await schemas()
      const words = ['--once', '--json', '--store', 'postgres', '--store-url', server.url, '--nodes', '2']
      const { status, stdout, stderr } = await runDemo(words)
      expect(stderr).not.toContain('error:')
      expect(status).toBe(0)
      expect(claimsOf(stdout)).toEqual(onSqlite)
      expect(await schemas()).toEqual(before)
    } finally {
      await server.close()
    }
  })

  it('that does not answer ends the demo with an error, and its address is not repeated', {
    timeout: 120_000,
  }, async () => {
    const [port] = await findFreePorts(1)
    const url = `postgres://somebody:hidden-word@127.0.0.1:${port}/there`
    const { status, stdout, stderr } = await runDemo(['--once', '--store', 'postgres', '--store-url', url])
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain('error: ')
    expect(stderr).not.toContain('hidden-word')
  })
})

describe('the command line', () => {
  it.each([
    [['--nodes', '0'], '--nodes 0: is a number from 1 to 9'],
    [['--nodes', '2.5'], '--nodes 2.5: is a number from 1 to 9'],
    [['--nodes', '10'], '--nodes 10: is a number from 1 to 9'],
    [['--store', 'oracle'], '--store oracle: is one of sqlite, redis, postgres'],
    [['--store-url', 'redis://127.0.0.1'], '--store-url goes with --store redis or --store postgres'],
    [
      ['--store', 'redis', '--store-url', 'postgres://u:secret@127.0.0.1'],
      '--store-url: for redis it begins with redis:// or rediss://',
    ],
  ])('refuses %j, and says where the help is', async (words, message) => {
    expect(await runDemo(words)).toEqual({
      status: 2,
      stdout: '',
      stderr: `error: ${message}\nTry: npm start -- --help\n`,
    })
  })

  it('names the one command where there is no Redis', async () => {
    const { status, stderr } = await runDemo(['--store', 'redis'], { PATH: '/nowhere' })
    expect(status).toBe(1)
    expect(stderr).toContain('error: no redis-server: `apt-get install redis-server`')
    expect(stderr).toContain('--store-url redis://')
  })
})

describe('the balancer', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close()
      server.closeAllConnections()
    }
  })
  async function listening(listener: RequestListener): Promise<number> {
    const server = createServer(listener).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  it('passes a stream on as it comes, Host as it was, and tells the app when the client leaves', async () => {
    let hasLeft = false
    let host: string | undefined
    const port = await listening((request, response) => {
      host = request.headers.host
      response.on('close', () => {
        hasLeft = true
      })
      response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).write('first line\n')
    })
    const front = await listening(balance([port]))
    const asked = get({ host: '127.0.0.1', port: front, headers: { host: 'mail.localhost:4403' }, agent: false })
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(String((await once(answer, 'data'))[0])).toBe('first line\n')
    expect(host).toBe('mail.localhost:4403')
    expect(hasLeft).toBe(false)
    answer.on('error', () => {})
    asked.destroy()
    await vi.waitFor(() => expect(hasLeft).toBe(true))
  })

  it('breaks off where the app breaks off, instead of an answer that looks whole', async () => {
    const port = await listening((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy())
    })
    const front = await listening(balance([port]))
    const answer = await fetch(`http://127.0.0.1:${front}`)
    await expect(answer.text()).rejects.toThrow()
  })

  it('answers 502 for a process that is gone', async () => {
    const front = await listening(balance(await findFreePorts(1)))
    expect((await fetch(`http://127.0.0.1:${front}`)).status).toBe(502)
  })
})
