/** A Postgres of one's own: Debian's server, on a free loopback port, in a folder that is removed at the end. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { findFreePort } from './free-port.ts'
import { watch } from './watch.ts'

const host = '127.0.0.1'
const home = '/usr/lib/postgresql'
const tools = (existsSync(home) ? readdirSync(home) : [])
  .sort((a, b) => Number(b) - Number(a))
  .map((version) => join(home, version, 'bin'))
  .find((bin) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres')))

/** The server does not run as root: there it runs as the user that its package has made. */
function account(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const [, , uid, gid] =
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .find(([name]) => name === 'postgres') ?? []
  if (uid === undefined) throw new Error('there is no user postgres')
  return { uid: Number(uid), gid: Number(gid) }
}

/** For a `describe` that needs the server: where there is none it is left out, and says how to get one. */
export const neededPostgres: { readonly skip?: boolean; readonly meta?: { readonly leftOut: string } } = tools
  ? {}
  : { skip: true, meta: { leftOut: 'no Postgres in /usr/lib/postgresql: `apt-get install postgresql`' } }

export interface PostgresServer {
  readonly port: number
  /** With its password, if it has one. */
  readonly url: string
  /** A pool that is ended with the server. */
  connect(config?: pg.PoolConfig): pg.Pool
  /** With SIGKILL: nothing is written down any more. */
  kill(): Promise<void>
  /** Once more, in the same folder and on the same port. */
  start(settings?: Readonly<Record<string, string>>): Promise<void>
  /** Ends it and removes its folder. */
  close(): Promise<void>
}

export interface PostgresWishes {
  /** The server to be a standby of. */
  readonly primary?: PostgresServer | undefined
  /** Who has it is let in. @default everybody on this machine */
  readonly password?: string | undefined
}

export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  { primary, password }: PostgresWishes = {},
): Promise<PostgresServer> {
  if (!tools) throw new Error('there is no Postgres server')
  const owner = account()
  const folder = mkdtempSync(join(tmpdir(), 'endsession-postgres-'))
  if (owner) chownSync(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  const secret = password === undefined ? {} : { password }
  function admission(): readonly string[] {
    if (password === undefined) return ['-A', 'trust']
    const file = join(folder, 'password')
    writeFileSync(file, password, { mode: 0o600 })
    if (owner) chownSync(file, owner.uid, owner.gid)
    return ['-A', 'scram-sha-256', `--pwfile=${file}`]
  }
  const [tool, words] = primary
    ? ['pg_basebackup', ['-h', host, '-p', String(primary.port), '-R', '-c', 'fast', '--no-sync']]
    : ['initdb', [...admission(), '-E', 'UTF8', '--locale=C', '--no-sync']]
  execFileSync(join(tools, tool), ['-D', data, '-U', 'postgres', ...words], { ...owner, cwd: folder, stdio: 'pipe' })
  const port = await findFreePort()
  const pools: pg.Pool[] = []
  let running: { readonly pid: number; readonly ended: Promise<void>; readonly watcher: ChildProcess } | undefined

  function connect(config: pg.PoolConfig = {}): pg.Pool {
    const pool = new pg.Pool({ host, port, user: 'postgres', database: 'postgres', ...secret, ...config })
    // An idle connection that the server closes is no reason to end the tests.
    pool.on('error', () => {})
    pools.push(pool)
    return pool
  }

  /** One attempt: after a SIGKILL the old server's children may be around for a moment, and the new one gives up. */
  async function attempt(given: Readonly<Record<string, string>>): Promise<boolean> {
    const all = { listen_addresses: host, port, unix_socket_directories: folder, ...settings, ...given }
    const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const child = spawn(join(tools as string, 'postgres'), ['-D', data, ...flags], {
      ...owner,
      cwd: folder,
      // A Ctrl-C is for whoever started it.
      detached: true,
      stdio: 'ignore',
    })
    let alive = true
    const ended = new Promise<void>((resolve) => {
      child.on('exit', () => {
        alive = false
        running?.watcher.kill('SIGKILL')
        resolve()
      })
    })
    running = { pid: child.pid as number, ended, watcher: watch(child.pid as number, 'QUIT', folder) }
    while (alive) {
      if (await answers({ host, port, user: 'postgres', ...secret })) return true
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return false
  }

  async function start(given: Readonly<Record<string, string>> = {}): Promise<void> {
    for (let attempts = 1; !(await attempt(given)); attempts++) {
      if (attempts === 50) throw new Error('the server does not start')
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  async function end(signal: 'SIGKILL' | 'SIGINT'): Promise<void> {
    if (!running) return
    const { pid, ended, watcher } = running
    running = undefined
    watcher.kill('SIGKILL')
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended already.
    }
    await ended
  }

  await start()
  return {
    port,
    url: `postgres://postgres${password === undefined ? '' : `:${password}`}@${host}:${port}/postgres`,
    connect,
    kill: () => end('SIGKILL'),
    start,
    async close() {
      await Promise.allSettled(pools.map((pool) => pool.end()))
      await end('SIGINT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function answers(where: pg.ClientConfig): Promise<boolean> {
  const client = new pg.Client({ ...where, connectionTimeoutMillis: 2000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
