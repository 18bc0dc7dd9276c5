import { describe, expect, it } from 'vitest'
import { idOf, session, signIn, who } from '../../packages/endsession/src/testing/contract/kit.ts'
import { neededRedis, type RedisServer } from '../../servers/src/redis.ts'
import { failed, redisHandles, seenAfter } from './redis-handles.ts'

describe('redis store with rows that are not whole', neededRedis, () => {
  const { start, open } = redisHandles()
  let server: RedisServer | undefined
  const fresh = async () => {
    server ??= await start()
    return open(server)
  }
  const everyone = { by: 'sub', ...who, sub: 'alice' } as const

  it.each([
    ['tokens', '[{"hash":"t"'],
    ['tokens', '[{"hash":7,"expiresAt":1}]'],
    ['tokens', '[{"hash":"t","expiresAt":"soon"}]'],
    ['tokens', '{"hash":"t"}'],
    ['tokens', 'null'],
    ['who', '{"id":"0.a"}'],
    ['who', '[]'],
    ['who', '{"id":"0.a","iss":"i","client":"c","sub":"s"}'],
    ['facts', ''],
    ['facts', '1 sid sub'],
    ['facts', '2 sid sub 1000000000 - 1000 absolute 1 5000000000 0'],
    ['facts', '1 sid sub soon - 1000 absolute 1 5000000000 0'],
    ['facts', '1 sid sub nan - 1000 absolute 1 5000000000 0'],
    ['facts', '1 sid sub 1000000000 - 1000 whenever 1 5000000000 0'],
    ['facts', '1 sid sub 1000000000 - 1000 absolute 1 inf 0'],
    ['facts', '1 - sub 1000000000 - 1000 absolute 1 5000000000 0'],
    ['facts', '1 sid sub 1000000000 - 1000 absolute 1 5000000000 0 more'],
    ['sealed', 'not base64url!'],
    ['seen', 'just now'],
    ['facts', undefined],
    ['seen', undefined],
    ['sealed', undefined],
  ])(
    '[S12 S14] a session row whose %s is %s is ERR_STORE, never "signed out"; nothing is written',
    async (field, spoilt) => {
      const { store, redis, key, digest } = await fresh()
      await store.create(session('a'))
      await store.create(session('sibling'))
      if (spoilt === undefined) await redis.hdel(key(`live:${idOf('a')}`), field)
      else await redis.hset(key(`live:${idOf('a')}`), field, spoilt)
      const before = await digest()
      await expect(store.get(idOf('a'))).rejects.toMatchObject(failed)
      await expect(store.end({ by: 'id', id: idOf('a') }, 'user')).rejects.toMatchObject(failed)
      await expect(store.end({ by: 'id', id: idOf('sibling'), sid: true }, 'user')).rejects.toMatchObject(failed)
      await expect(store.end(everyone, 'everywhere')).rejects.toMatchObject(failed)
      await expect(store.update(idOf('a'), 0, {})).rejects.toMatchObject(failed)
      await expect(store.touch(idOf('a'))).rejects.toMatchObject(failed)
      await expect(store.list({ ...who, sub: 'alice' })).rejects.toMatchObject(failed)
      await expect(store.create(session('b'), { replaces: idOf('a') })).rejects.toMatchObject(failed)
      expect(await digest(), 'what is in Redis').toEqual(before)
      expect(await store.get(idOf('sibling'))).toBeDefined()
    },
  )

  it('[S12] spoilt marks, entries, claims, followers and ended records are ERR_STORE too', async () => {
    const { store, redis, key } = await fresh()
    const start = await store.head()
    await store.create(session('a'))
    await store.end({ by: 'id', id: idOf('a'), sid: true }, 'user')
    await redis.hset(key(`ended:${idOf('a')}`), 'end', 'user then 0 1')
    for (const field of await redis.hkeys(key('marks'))) await redis.hset(key('marks'), field, '1 - - user then 5 -')
    await redis.del(key('feed'))
    await redis.call('XADD', key('feed'), '0-1', 'kind', 'id', 'key', 'k', 'tokens', '{')
    await redis.set(key('claim:k'), 'taken')
    await redis.hset(key('followers'), 'f', 'x')
    await redis.zadd(key('followers-by-time'), 9_999_999_999, 'f')
    await expect(store.covers({ ...who, sid: 's1', at: signIn })).rejects.toMatchObject(failed)
    await expect(store.create(session('b'))).rejects.toMatchObject(failed)
    await expect(store.pending(10)).rejects.toMatchObject(failed)
    await expect(store.end({ by: 'id', id: idOf('a') }, 'user')).rejects.toMatchObject(failed)
    await expect(store.settle(idOf('a'))).rejects.toMatchObject(failed)
    await expect(store.claim('k', 1)).rejects.toMatchObject(failed)
    await expect(store.followers()).rejects.toMatchObject(failed)
    await expect(store.snapshot()).rejects.toMatchObject(failed)
    await expect(seenAfter(store, start, 1)).rejects.toMatchObject(failed)
  })

  it('[S12 S5] a key that holds something else stops an end before its first write', async () => {
    for (const name of [
      'live-by-expiry',
      'live-by-use',
      'ended-by-keeping',
      'unsettled',
      'marks',
      'marks-by-keeping',
      'feed',
    ]) {
      const { store, redis, key, digest } = await fresh()
      await store.create(session('a', { tokens: [{ hash: 't', expiresAt: 5_000_000_000 }] }))
      await redis.del(key(name))
      await redis.set(key(name), 'something else')
      const before = await digest()
      await expect(store.end({ by: 'id', id: idOf('a'), sid: true }, 'user'), name).rejects.toMatchObject(failed)
      await expect(store.create(session('b')), name).rejects.toMatchObject(failed)
      expect(await digest(), name).toEqual(before)
    }
  })

  it('[S12 F2] a feed that is ahead of its head is not written on, and then nothing is done', async () => {
    const { store, redis, key, digest } = await fresh()
    await store.create(session('a'))
    await store.create(session('b'))
    await store.end({ by: 'id', id: idOf('a') }, 'user')
    await redis.hset(key('meta'), 'head', '0')
    const before = await digest()
    await expect(store.end({ by: 'id', id: idOf('b') }, 'user')).rejects.toMatchObject(failed)
    expect(await digest()).toEqual(before)
  })

  it('[S12 S14] what a newer release wrote is left as it is, also under a store that is open', async () => {
    const { store, redis, key, digest } = await fresh()
    await store.create(session('a'))
    await redis.hset(key('meta'), 'version', '2')
    const before = await digest()
    const second = open(server as RedisServer, { prefix: key('').slice(1, -4) })
    await expect(second).rejects.toMatchObject({ ...failed, message: expect.stringContaining('another release') })
    await expect(store.get(idOf('a'))).rejects.toMatchObject(failed)
    await expect(store.end({ by: 'id', id: idOf('a') }, 'user')).rejects.toMatchObject(failed)
    await expect(store.pending(10)).rejects.toMatchObject(failed)
    expect(await digest()).toEqual(before)
  })

  it('[S12 S5] what no row may hold is not written: its session could never be ended', async () => {
    const { store, digest } = await fresh()
    await store.create(session('a'))
    const before = await digest()
    const tokens = [{ hash: 't', expiresAt: Number.POSITIVE_INFINITY }]
    const replaces = idOf('a')
    await expect(store.create(session('b', { tokens }), { replaces })).rejects.toMatchObject(failed)
    await expect(store.create(session('b', { signedInAt: Number.NaN }), { replaces })).rejects.toMatchObject(failed)
    await expect(store.update(idOf('a'), 0, { tokens })).rejects.toMatchObject(failed)
    await expect(store.end({ by: 'tokens', id: idOf('a'), tokens }, 'user')).rejects.toMatchObject(failed)
    expect(await digest()).toEqual(before)
  })

  it('[S12] keys of another application are left as they are', async () => {
    const { redis, digest } = await fresh()
    await redis.hset('{theirs:0}:meta', 'a', 'b')
    await redis.set('{text:0}:meta', 'theirs')
    const before = await digest()
    for (const prefix of ['theirs', 'text'])
      await expect(open(server as RedisServer, { prefix })).rejects.toMatchObject(failed)
    expect(await digest()).toEqual(before)
  })

  it('[A3 S5] an index that has lost an id does not save its session from its end', async () => {
    const { store, redis, key } = await fresh()
    await store.create(session('a'))
    for (const name of await redis.keys(key('live-sid:*').replace(/[{}]/g, '?'))) await redis.del(name)
    expect((await store.end({ by: 'id', id: idOf('a'), sid: true }, 'user')).records).toHaveLength(1)
    expect(await store.get(idOf('a'))).toBeUndefined()
  })
})
