import { type RedisClient, redisStore } from 'endsession/redis'
import { storeContract, testClock } from 'endsession/testing'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Store } from '../../packages/endsession/src/session/store.ts'
import { neededRedis, type RedisServer, redisServers } from '../../servers/src/redis.ts'
import { storeProcesses } from '../servers/store-process.ts'

interface Client {
  readonly client: RedisClient
  close(): unknown
}

type Connect = (servers: readonly RedisServer[]) => Promise<Client>

const clients: Readonly<Record<string, { readonly masters: number; readonly connect: Connect }>> = {
  ioredis: {
    masters: 1,
    async connect([server]) {
      const client = new Redis({ host: server!.host, port: server!.port })
      return { client, close: () => client.disconnect() }
    },
  },
  'node-redis': {
    masters: 1,
    async connect([server]) {
      const client = createClient({ socket: { host: server!.host, port: server!.port } })
      client.on('error', () => {})
      await client.connect()
      return { client, close: () => client.destroy() }
    },
  },
  'an ioredis cluster': {
    masters: 3,
    async connect(servers) {
      const client = new Cluster(servers.map(({ host, port }) => ({ host, port })))
      return { client, close: () => client.disconnect() }
    },
  },
  'a node-redis cluster': {
    masters: 3,
    async connect(servers) {
      const client = createCluster({
        rootNodes: servers.map(({ host, port }) => ({ socket: { host, port } })),
      })
      client.on('error', () => {})
      await client.connect()
      return { client, close: () => client.destroy() }
    },
  },
}

/** Stores with prefixes of their own, each handle on a connection of its own. */
function storesOn(masters: number, connect: Connect, options: { now?: () => number }) {
  const started = redisServers()
  const open: Client[] = []
  const prefixes = new Map<Store, string>()
  let servers: readonly RedisServer[] = []
  let stores = 0
  beforeAll(async () => {
    servers = masters === 1 ? [await started.start()] : await started.startCluster(masters)
  })
  afterAll(async () => {
    for (const client of open) await client.close()
    await started.clear()
  })
  // Two connections: many cases use them one after the other.
  async function handle(prefix: string, connection: 0 | 1): Promise<Store> {
    while (open.length <= connection) open.push(await connect(servers))
    const store = redisStore(open[connection]!.client, { ...options, prefix })
    prefixes.set(store, prefix)
    return store
  }
  const prefixOf = (store: Store) => prefixes.get(store) as string
  return {
    server: () => servers[0]!,
    prefixOf,
    make: () => handle(`contract-${++stores}`, 0),
    another: (store: Store) => handle(prefixOf(store), 1),
  }
}

for (const [name, { masters, connect }] of Object.entries(clients)) {
  describe(`redis store through ${name}, a clock that is moved`, neededRedis, () => {
    const clock = testClock()
    const { make, another } = storesOn(masters, connect, clock)
    storeContract(make, { another, advance: clock.advance, describe, it })
  })
}

for (const name of ['ioredis', 'a node-redis cluster']) {
  describe(`redis store through ${name}, the server\u2019s own clock`, neededRedis, () => {
    const { masters, connect } = clients[name]!
    const { make, another } = storesOn(masters, connect, {})
    storeContract(make, { another, describe, it })
  })
}

describe('redis store, the second handle in another process', neededRedis, () => {
  const { server, make, prefixOf } = storesOn(1, clients['ioredis']!.connect, {})
  const processes = storeProcesses()
  afterAll(processes.clear)
  const another = async (store: Store) =>
    processes.open({ store: 'redis', port: server().port, options: { prefix: prefixOf(store) } })
  storeContract(make, { another, describe, it })
})
