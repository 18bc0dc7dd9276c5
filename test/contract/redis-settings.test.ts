import { redisStore } from 'endsession/redis'
import { Cluster, Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { idOf, limits, session } from '../../packages/endsession/src/testing/contract/kit.ts'
import { neededRedis } from '../../servers/src/redis.ts'
import { failed, redisHandles } from './redis-handles.ts'

describe('redis store and the server\u2019s settings', neededRedis, () => {
  const { start, startCluster, open } = redisHandles()

  it('[S13] durability is what the server does with its log', async () => {
    const server = await start()
    const redis = server.connect()
    const durability = async (settings: Record<string, string>) => {
      for (const [name, value] of Object.entries(settings)) await redis.config('SET', name, value)
      return (await redisStore(redis, { durability: 'disk' }).open(limits)).durability
    }
    expect(await durability({})).toBe('disk')
    expect(await durability({ appendfsync: 'everysec' })).toBe('second')
    expect(await durability({ appendfsync: 'no' })).toBe('process')
    expect(await durability({ appendfsync: 'always', 'no-appendfsync-on-rewrite': 'yes' })).toBe('process')
    expect(await durability({ 'no-appendfsync-on-rewrite': 'no', appendonly: 'no' })).toBe('process')
  })

  it('[S13] a server that throws keys away when its memory is full is refused, unless told', async () => {
    const server = await start({ maxmemory: '100mb', 'maxmemory-policy': 'volatile-ttl' })
    const redis = server.connect()
    for (const policy of ['volatile-ttl', 'allkeys-lru']) {
      await redis.config('SET', 'maxmemory-policy', policy)
      const refused = expect(redisStore(redis).open(limits)).rejects
      await refused.toMatchObject({ code: 'ERR_OPTIONS', message: expect.stringContaining(policy) })
      expect(await redis.dbsize()).toBe(0)
    }
    expect(await redisStore(redis, { unsafeEviction: true }).open(limits)).toEqual({ durability: 'process' })
    await redis.config('SET', 'maxmemory-policy', 'noeviction')
    expect(await redisStore(redis).open(limits)).toEqual({ durability: 'disk' })
  })

  it('[S13] where we may not see the settings, what is declared counts; nothing declared is the least', async () => {
    const server = await start({ maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' })
    const admin = server.connect()
    await admin.call('ACL', 'SETUSER', 'app', 'on', '>word', '~*', '&*', '+@all', '-config')
    const redis = new Redis({ host: server.host, port: server.port, username: 'app', password: 'word' })
    try {
      const opening = () => redisStore(redis, { durability: 'disk' }).open(limits)
      await expect(opening(), 'what INFO tells still counts').rejects.toMatchObject({ code: 'ERR_OPTIONS' })
      await admin.config('SET', 'maxmemory-policy', 'noeviction')
      expect(await opening()).toEqual({ durability: 'disk' })
      expect(await redisStore(redis).open(limits)).toEqual({ durability: 'process' })
    } finally {
      redis.disconnect()
    }
  })

  it('[S12 F2] who may not ask which server is the master is told to be let', async () => {
    const server = await start()
    const admin = server.connect()
    await admin.call('ACL', 'SETUSER', 'app', 'on', '>word', '~*', '&*', '+@all', '-info')
    const redis = new Redis({
      host: server.host,
      port: server.port,
      username: 'app',
      password: 'word',
      enableReadyCheck: false,
    })
    try {
      const refused = { ...failed, message: expect.stringContaining('INFO') }
      await expect(redisStore(redis).open(limits)).rejects.toMatchObject(refused)
      expect(await admin.dbsize()).toBe(0)
    } finally {
      redis.disconnect()
    }
  })

  it('[S13] of a cluster every master is asked: the weakest counts', async () => {
    const servers = await startCluster(3)
    const cluster = new Cluster(servers.map(({ host, port }) => ({ host, port })))
    try {
      for (const [index, server] of servers.entries()) {
        await server.connect().config('SET', 'appendfsync', 'everysec')
        expect(await redisStore(cluster).open(limits), `master ${index}`).toEqual({ durability: 'second' })
        await server.connect().config('SET', 'appendfsync', 'always')
      }
      expect(await redisStore(cluster).open(limits)).toEqual({ durability: 'disk' })
      await servers[1]!.connect().config('SET', 'maxmemory', '100mb')
      await servers[1]!.connect().config('SET', 'maxmemory-policy', 'allkeys-lfu')
      await expect(redisStore(cluster).open(limits)).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
    } finally {
      cluster.disconnect()
    }
  })

  it('[S12 S11 S16] a replica answers nothing: neither at the start, nor when the master has become one', async () => {
    const [master, other] = [await start(), await start()]
    const { store, redis } = await open(master)
    await store.create(session('a'))
    await redis.replicaof(other.host, other.port)
    await expect(store.get(idOf('a'))).rejects.toMatchObject(failed)
    await expect(store.covers({ iss: 'i', client: 'c', sub: 's', at: 0 })).rejects.toMatchObject(failed)
    await expect(store.end({ by: 'id', id: idOf('a') }, 'user')).rejects.toMatchObject(failed)
    await expect(store.head()).rejects.toMatchObject(failed)
    await expect(redisStore(redis).open(limits)).rejects.toMatchObject(failed)
  })

  it('[S11] a master whose replicas are all out of reach answers nothing, where the server wants them', async () => {
    const { store, redis } = await open(await start())
    await store.create(session('a'))
    await redis.config('SET', 'min-replicas-to-write', '1')
    await expect(store.get(idOf('a'))).rejects.toMatchObject(failed)
    await redis.config('SET', 'min-replicas-to-write', '0')
    expect(await store.get(idOf('a'))).toBeDefined()
  })

  it('[A12 S5] when memory is full nobody logs in, and everybody can log out', async () => {
    const { store, redis } = await open(await start())
    for (const name of ['a', 'b', 'c']) await store.create(session(name, { sealed: new Uint8Array(3000) }))
    await redis.config('SET', 'maxmemory', '100kb')
    await expect(store.create(session('d'))).rejects.toMatchObject(failed)
    await expect(store.create(session('d'), { replaces: idOf('c') })).rejects.toMatchObject(failed)
    expect([await store.get(idOf('d')), (await store.get(idOf('c')))?.id]).toEqual([undefined, idOf('c')])
    await store.touch(idOf('a'))
    expect(await store.update(idOf('a'), 0, { sealed: new Uint8Array([1]) })).toBe('updated')
    expect((await store.end({ by: 'id', id: idOf('a'), sid: true }, 'user')).records).toHaveLength(3)
    expect(await store.get(idOf('a'))).toBeUndefined()
    await store.settle(idOf('a'))
  })

  it('[S5 S9] a client that puts a prefix of its own in front of every key is no trouble', async () => {
    const server = await start()
    const redis = new Redis({ host: server.host, port: server.port, keyPrefix: 'ours:' })
    try {
      const store = redisStore(redis)
      await store.open(limits)
      await store.create(session('a'))
      expect(await store.list({ iss: session('a').iss, client: session('a').client, sub: 'alice' })).toHaveLength(1)
      expect((await store.end({ by: 'id', id: idOf('a'), sid: true }, 'user')).records).toHaveLength(1)
      await store.settle(idOf('a'))
      expect((await store.pending(10)).unsettled).toEqual([])
      const keys = await server.connect().keys('*')
      expect(keys.filter((key) => !key.startsWith('ours:{endsession:0}:'))).toEqual([])
    } finally {
      redis.disconnect()
    }
  })

  it('[A10] a prefix that would leave the slot is refused', () => {
    const client = { evalsha: async () => 0, eval: async () => 0, call: async () => 0 }
    for (const prefix of ['', 'a{b}', 'a b', 'x'.repeat(65)])
      expect(() => redisStore(client, { prefix })).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS' }))
  })
})
