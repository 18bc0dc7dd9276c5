import { redisStore } from 'endsession/redis'
import { Cluster, type Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { idOf, limits, session, signIn, who } from '../../packages/endsession/src/testing/contract/kit.ts'
import { neededRedis } from '../../servers/src/redis.ts'
import { failed, redisHandles } from './redis-handles.ts'

describe('redis store, while the cluster moves its slot', neededRedis, () => {
  const { startCluster } = redisHandles()

  it('[S5 S11 A2] no end is acknowledged by a master that has half of the keys; afterwards all is as it was', async () => {
    const servers = await startCluster(2)
    const cluster = new Cluster(
      servers.map(({ host, port }) => ({ host, port })),
      { maxRedirections: 2, retryDelayOnTryAgain: 10 },
    )
    try {
      const store = redisStore(cluster)
      await store.open(limits)
      for (const name of ['a', 'b']) await store.create(session(name))
      await store.end({ by: 'sub', ...who, sub: 'bob', before: signIn }, 'backchannel')
      const meta = '{endsession:0}:meta'
      const slot = Number(await cluster.cluster('KEYSLOT', meta))
      const nodes = servers.map((server) => server.connect())
      const holds = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'COUNTKEYSINSLOT', String(slot))))
      const from = holds.findIndex((count) => Number(count) > 0)
      const [source, target] = [nodes[from], nodes[1 - from]] as [Redis, Redis]
      const nameOf = async (node: Redis) => String(await node.call('CLUSTER', 'MYID'))
      await target.call('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', await nameOf(source))
      await source.call('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', await nameOf(target))
      const move = (key: string) => source.migrate('127.0.0.1', servers[1 - from]!.port, key, 0, 5000)
      const refused = async () => {
        const bob = session('late', { sub: 'bob', sid: undefined })
        await expect(store.end({ by: 'id', id: idOf('a'), sid: true }, 'user')).rejects.toMatchObject(failed)
        await expect(store.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere')).rejects.toMatchObject(failed)
        await expect(store.create(bob)).rejects.toMatchObject(failed)
        await expect(store.list({ ...who, sub: 'alice' })).rejects.toMatchObject(failed)
        await expect(store.pending(10)).rejects.toMatchObject(failed)
      }
      await refused()
      await move(meta)
      await refused()
      await move('{endsession:0}:marks')
      await refused()
      for (const key of (await source.call('CLUSTER', 'GETKEYSINSLOT', String(slot), '100')) as string[])
        await move(key)
      for (const node of [target, source])
        await node.call('CLUSTER', 'SETSLOT', String(slot), 'NODE', await nameOf(target))
      expect(await store.list({ ...who, sub: 'alice' })).toHaveLength(2)
      expect(await store.create(session('late', { sub: 'bob', sid: undefined }))).not.toBe('created')
      expect((await store.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere')).records).toHaveLength(2)
    } finally {
      cluster.disconnect()
    }
  })
})
