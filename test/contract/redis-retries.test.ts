import { type IoredisClient, redisStore } from 'endsession/redis'
import type { Redis } from 'ioredis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createRun, storeError } from '../../packages/endsession/src/stores/redis/running.ts'
import { idOf, limits, session, signIn, who } from '../../packages/endsession/src/testing/contract/kit.ts'
import { neededRedis, type RedisServer } from '../../servers/src/redis.ts'
import { failed, redisHandles } from './redis-handles.ts'

/** Sends each call twice, as a client does whose connection broke before the first answer came, and gives the second. */
function resending(redis: Redis): IoredisClient {
  const twice = async (send: () => Promise<unknown>) => {
    await send()
    return send()
  }
  return {
    evalsha: (...words) => twice(() => redis.call('EVALSHA', ...words)),
    eval: (...words) => twice(() => redis.call('EVAL', ...words)),
    call: (...words: [string, ...string[]]) => redis.call(...words),
  }
}

describe('redis store behind a client that sends again', neededRedis, () => {
  const { start, open } = redisHandles()
  let server: RedisServer | undefined
  const fresh = async () => {
    server ??= await start()
    return open(server)
  }

  it('[S10 S11] a claim that the client has sent twice is won by who asked for it, and by nobody else', async () => {
    const { redis } = await fresh()
    const store = redisStore(resending(redis), { prefix: 'twice' })
    await store.open(limits)
    expect([await store.claim('k', 100), await store.claim('k', 100)]).toEqual([true, false])
    await store.close()
  })

  it('[S11 S6] a login and a logout that the client has sent twice are done once', async () => {
    const { redis } = await fresh()
    const store = redisStore(resending(redis), { prefix: 'again' })
    await store.open(limits)
    const before = Number((await store.head()).split('.').at(-1))
    expect(await store.create(session('a'))).toBe('created')
    expect((await store.end({ by: 'id', id: idOf('a') }, 'user')).records).toHaveLength(1)
    expect(await store.create(session('a')), 'not once more').toMatchObject({ cause: 'user' })
    expect(Number((await store.head()).split('.').at(-1))).toBe(before + 1)
    await store.close()
  })

  it.each(['\ud800', 'a\udc00b', '\\ud800', '\\\ud83d', 'a\0b', '\ud83d\ude00', '"\\"'])(
    '[S5 A1] whatever a provider calls somebody (%j), their session can be ended',
    async (odd) => {
      const { store } = await fresh()
      expect(await store.create(session('odd', { sub: odd, sid: odd }))).toBe('created')
      expect(await store.get(idOf('odd'))).toMatchObject({ sub: odd, sid: odd })
      await store.touch(idOf('odd'))
      expect(await store.update(idOf('odd'), 0, {})).toBe('updated')
      const { records } = await store.end({ by: 'sub', ...who, sub: odd }, 'everywhere')
      expect(records).toMatchObject([{ id: idOf('odd'), sub: odd, sid: odd }])
      expect(await store.get(idOf('odd'))).toBeUndefined()
    },
  )

  it('[S5 A1] a session that could not be ended is not opened', async () => {
    const { store, digest } = await fresh()
    const before = await digest()
    await expect(store.create(session('a', { authTime: Number.NaN }))).rejects.toMatchObject(failed)
    expect(await digest(), 'what is in Redis').toEqual(before)
  })

  it('[A6] what goes wrong does not carry what was sent: names, sealed tokens, passwords', async () => {
    const { store, redis, key } = await fresh()
    await redis.set(key('live-by-use'), 'something else')
    const error: unknown = await store.create(session('a', { sub: 'alice' })).catch((thrown) => thrown)
    expect(error).toMatchObject({ ...failed, cause: { message: expect.stringContaining('WRONGTYPE') } })
    expect((error as Error).cause).not.toHaveProperty('command')
    const refused = Object.assign(new Error('WRONGPASS'), { command: { name: 'auth', args: ['hunter2'] } })
    const cluster = Object.assign(new Error('Failed to refresh slots cache.'), { lastNodeError: refused })
    expect(storeError(cluster).cause).toMatchObject({ lastNodeError: { message: 'WRONGPASS' } })
    expect(refused).not.toHaveProperty('command')
  })
})

describe('redis store with a clock that is set back', neededRedis, () => {
  const { start, open } = redisHandles()

  it('[M9 A3] a logout still covers the login that it ends', async () => {
    let now = 1_800_000_000
    const { store } = await open(await start(), { now: () => now })
    await store.create(session('a'))
    now -= 600
    await store.end({ by: 'id', id: idOf('a'), sid: true }, 'user')
    expect(await store.covers({ ...who, sid: 's1', at: signIn })).toMatchObject({ cause: 'user' })
    expect(await store.create(session('b'))).toMatchObject({ cause: 'user' })
  })
})

describe('redis store that has stopped waiting', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('[S12] what was answered with an error is not sent afterwards, where the server asks for the script', async () => {
    vi.useFakeTimers()
    const sent: string[] = []
    let answer = (_error: Error) => {}
    const connection = {
      evalSha: () => new Promise((_, reject) => (answer = reject)),
      eval: async () => sent.push('eval'),
      masters: async () => [],
    }
    const call = createRun(connection, 'b')('create', [], '')
    const outcome = expect(call).rejects.toMatchObject(failed)
    await vi.advanceTimersByTimeAsync(5000)
    await outcome
    answer(new Error('NOSCRIPT No matching script.'))
    await vi.advanceTimersByTimeAsync(10)
    expect(sent).toEqual([])
  })
})
