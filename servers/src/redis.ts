/** Redis servers of one's own: on free loopback ports, in folders of their own, ended by their process id. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { findFreePort } from './free-port.ts'
import { watch } from './watch.ts'

const program = 'redis-server'
const isThere = (() => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** For a `describe` that needs the server: where there is none it is left out, and says how to get one. */
export const neededRedis: { readonly skip?: boolean; readonly meta?: { readonly leftOut: string } } = isThere
  ? {}
  : { skip: true, meta: { leftOut: 'no redis-server: `apt-get install redis-server`' } }

export type Settings = Readonly<Record<string, string>>

export interface RedisServer {
  readonly host: '127.0.0.1'
  readonly port: number
  /** Where its files are. */
  readonly folder: string
  /** SIGKILL, and gone. */
  kill(): Promise<void>
  /** Again, on the same port, with the files that are there. */
  start(): Promise<void>
  /** With its password, if `requirepass` sets one. */
  readonly url: string
  /** A connection that `clear` ends. */
  connect(): Redis
}

export interface RedisServers {
  /** As a user should run it, where `settings` say nothing else. */
  start(settings?: Settings): Promise<RedisServer>
  /** Masters that share the slots. */
  startCluster(masters: number): Promise<readonly RedisServer[]>
  /** Ends all that was started, and removes its files. */
  clear(): Promise<void>
}

const host = '127.0.0.1'
const durable: Settings = { appendonly: 'yes', appendfsync: 'always', save: '' }

export function redisServers(): RedisServers {
  const folders: string[] = []
  const running = new Set<ChildProcess>()
  const connections: Redis[] = []

  async function begin(port: number, folder: string, settings: Settings): Promise<ChildProcess> {
    const all = { ...durable, port: String(port), bind: host, dir: folder, ...settings }
    const lines = Object.entries(all).map(([name, value]) => `${name} ${JSON.stringify(value)}\n`)
    // Not on the command line, which everybody can read; and a Ctrl-C is for whoever started it.
    const child = spawn(program, ['-'], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] })
    child.stdin.on('error', () => {})
    child.stdin.end(lines.join(''))
    running.add(child)
    const watcher = watch(child.pid as number, 'KILL', folder)
    const said: string[] = []
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        said.push(line)
        if (line.includes('Ready to accept connections')) resolve()
      })
      child.once('exit', () => {
        running.delete(child)
        watcher.kill('SIGKILL')
        reject(new Error(`redis-server ended by itself: ${said.slice(-5).join(' | ')}`))
      })
    })
    return child
  }

  async function start(settings: Settings = {}): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'endsession-redis-'))
    folders.push(folder)
    const port = await findFreePort()
    const { requirepass: password } = settings
    let child = await begin(port, folder, settings)
    return {
      host,
      port,
      folder,
      url: `redis://${password === undefined ? '' : `:${password}@`}${host}:${port}`,
      kill: () => endChild(child),
      start: async () => {
        child = await begin(port, folder, settings)
      },
      connect() {
        const connection = new Redis({ host, port, ...(password !== undefined && { password }) })
        // Each call says it, too.
        connection.on('error', () => {})
        connections.push(connection)
        return connection
      },
    }
  }

  return {
    start,
    async startCluster(masters) {
      const servers: RedisServer[] = []
      const buses: number[] = []
      for (let index = 0; index < masters; index++) {
        const bus = await findFreePort()
        buses.push(bus)
        servers.push(await start({ 'cluster-enabled': 'yes', 'cluster-port': String(bus) }))
      }
      const nodes = servers.map((server) => server.connect())
      for (const [index, node] of nodes.entries()) {
        const [from, to] = [index, index + 1].map((part) => Math.floor((16_384 * part) / masters))
        await node.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String((to as number) - 1))
        await node.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
      }
      for (const [index, { port }] of servers.entries())
        await nodes[0]?.call('CLUSTER', 'MEET', host, String(port), String(buses[index]))
      for (const node of nodes) {
        const isWhole = async () => {
          const info = String(await node.call('CLUSTER', 'INFO'))
          return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${masters}`)
        }
        for (let attempt = 0; attempt < 300 && !(await isWhole()); attempt++) await pause(50)
      }
      return servers
    },
    async clear() {
      for (const connection of connections) connection.disconnect()
      await Promise.all([...running].map(endChild))
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
    },
  }
}

function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    process.kill(child.pid as number, 'SIGKILL')
  })
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
