import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { redisStore } from 'endsession/redis'
import { testClock } from 'endsession/testing'
import { describe, expect, it } from 'vitest'
import type { Store } from '../../packages/endsession/src/session/store.ts'
import { idOf, limits, session, signIn, who } from '../../packages/endsession/src/testing/contract/kit.ts'
import { neededRedis, type RedisServer } from '../../servers/src/redis.ts'
import { failed, redisHandles, seenAfter } from './redis-handles.ts'

async function endAll(store: Store, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await store.create(session(name))
    await store.end({ by: 'id', id: idOf(name) }, 'user')
  }
}

describe('redis store', neededRedis, () => {
  const { start, open } = redisHandles()
  let server: RedisServer | undefined
  const fresh = async (options = {}) => {
    server ??= await start()
    return open(server, options)
  }

  it('[S11] works on after the server has forgotten its scripts', async () => {
    const { store, redis } = await fresh()
    await store.create(session('a'))
    await redis.script('FLUSH')
    expect(await store.get(idOf('a'))).toBeDefined()
    await redis.script('FLUSH')
    expect((await store.end({ by: 'id', id: idOf('a') }, 'user')).records).toHaveLength(1)
    await redis.script('FLUSH')
    const answers = await Promise.all(Array.from({ length: 20 }, () => store.claim('k', 100)))
    expect(answers.filter((won) => won)).toHaveLength(1)
  })

  it('[S11] each call is one command, once its script is known', async () => {
    const { store, redis } = await fresh()
    await endAll(store, 'known')
    await store.touch(idOf('known'))
    await store.update(idOf('known'), 0, {})
    await store.get(idOf('known'))
    await store.covers({ ...who, sub: 'alice', at: signIn })
    await store.claim('known', 1)
    await store.list({ ...who, sub: 'alice' })
    const seen: string[] = []
    const monitor = await redis.monitor()
    monitor.on('monitor', (_time: string, words: readonly string[], source: string) => {
      if (source !== 'lua') seen.push(String(words[0]).toLowerCase())
    })
    await store.create(session('a'), { replaces: idOf('known') })
    await store.get(idOf('a'))
    await store.touch(idOf('a'))
    await store.update(idOf('a'), 0, { sealed: new Uint8Array([1]) })
    await store.covers({ ...who, sub: 'alice', sid: 's1', token: 't', at: signIn })
    await store.claim('one', 1)
    await store.list({ ...who, sub: 'alice' })
    await store.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere')
    await redis.echo('the last')
    await expect.poll(() => seen.at(-1), { timeout: 20_000 }).toBe('echo')
    monitor.disconnect()
    expect(seen).toEqual([...Array(8).fill('evalsha'), 'echo'])
  })

  it('[S11] several handles make one partition together', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => fresh({ prefix: 'together' })))
    const heads = await Promise.all(stores.map(({ store }) => store.head()))
    expect(new Set(heads).size).toBe(1)
  })

  it('[S12] before open and after close every call is ERR_STORE; the connection stays open', async () => {
    const { store, redis } = await fresh()
    const unopened = redisStore(redis, { prefix: 'unopened' })
    await expect(unopened.get(idOf('a'))).rejects.toMatchObject(failed)
    await store.create(session('a'))
    await store.close()
    await store.close()
    await expect(store.end({ by: 'id', id: idOf('a') }, 'user')).rejects.toMatchObject(failed)
    await expect(store.get(idOf('a'))).rejects.toMatchObject(failed)
    expect(await redis.ping()).toBe('PONG')
  })

  it('[S12 A12] an end without an answer is not acknowledged, and is not waited for without end', async () => {
    const own = await start()
    const { store } = await open(own)
    await store.create(session('a'))
    const admin = own.connect()
    // Ten minutes: longer than any test.
    await admin.call('CLIENT', 'PAUSE', '600000', 'WRITE')
    await expect(store.end({ by: 'id', id: idOf('a') }, 'user')).rejects.toMatchObject(failed)
    await admin.call('CLIENT', 'UNPAUSE')
    const { records } = await store.end({ by: 'id', id: idOf('a') }, 'user')
    expect(records, 'done or not, the next one answers').toHaveLength(1)
  })

  it('[S12] while the server is away every call is ERR_STORE; after it they work', async () => {
    const own = await start()
    const { store } = await open(own)
    await store.create(session('a'))
    await own.kill()
    await expect(store.get(idOf('a'))).rejects.toMatchObject(failed)
    await own.start()
    await expect.poll(async () => (await store.get(idOf('a')))?.id, { timeout: 20_000 }).toBe(idOf('a'))
  })

  it('[F2] a missing number, another epoch, or a head below one\u2019s own position is lost and said', async () => {
    const { store, redis, key } = await fresh()
    const start = await store.head()
    await endAll(store, 'a', 'b', 'c')
    const [epoch] = start.split('.')
    expect(await seenAfter(store, start, 3)).toEqual([1, 2, 3])
    await redis.xdel(key('feed'), '0-2')
    expect(await seenAfter(store, start, 3)).toEqual([1, 'lost'])
    expect(await seenAfter(store, `${epoch}.9`, 1)).toEqual(['lost'])
    expect(await seenAfter(store, `${epoch}.2`, 1)).toEqual([3])
    expect(await seenAfter(store, 'other.2', 1)).toEqual(['lost'])
  })

  it('[F2] a waiting follower is told when everything in Redis has been deleted; the store goes on', async () => {
    const { store, redis } = await open(await start())
    await endAll(store, 'a')
    const position = await store.head()
    const told = seenAfter(store, position, 1)
    await redis.flushall()
    expect(await told).toEqual(['lost'])
    expect(await store.get(idOf('a'))).toBeUndefined()
    await endAll(store, 'b')
    expect(store.reached(await store.head(), position)).toBe(false)
  })

  it('[F2 S13] a server that comes back without its data: lost, and said', async () => {
    const own = await start({ appendonly: 'no' })
    const { store } = await open(own)
    await endAll(store, 'a', 'b')
    const position = await store.head()
    await own.kill()
    await own.start()
    await expect.poll(() => store.head().catch(() => position), { timeout: 20_000 }).not.toBe(position)
    expect(await seenAfter(store, position, 1)).toEqual(['lost'])
  })

  it('[F2] an older copy of its log, though its numbers have caught up: lost, and said', async () => {
    const own = await start()
    const { store, redis } = await open(own)
    await endAll(store, 'a')
    await redis.call('WAITAOF', '1', '0', '0').catch(() => {})
    const copy = `${own.folder}-copy`
    cpSync(own.folder, copy, { recursive: true })
    await endAll(store, 'b', 'c')
    const position = await store.head()
    await own.kill()
    rmSync(join(own.folder, 'appendonlydir'), { recursive: true, force: true })
    cpSync(copy, own.folder, { recursive: true })
    rmSync(copy, { recursive: true })
    await own.start()
    await expect
      .poll(
        () =>
          store.get(idOf('a')).then(
            () => 'there',
            () => 'away',
          ),
        { timeout: 20_000 },
      )
      .toBe('there')
    await endAll(store, 'd', 'e', 'f')
    const numberOf = (place: string) => Number(place.split('.').at(-1))
    expect(numberOf(await store.head())).toBeGreaterThan(numberOf(position))
    expect(await seenAfter(store, position, 1)).toEqual(['lost'])
    expect(store.reached(await store.head(), position)).toBe(false)
  })

  it('[F2] a replica that takes over without the last ends: lost, and said', async () => {
    const [master, replica] = [await start(), await start()]
    const { store } = await open(master, { prefix: 'over' })
    await endAll(store, 'a')
    const other = replica.connect()
    await other.replicaof(master.host, master.port)
    await expect.poll(() => other.info('replication'), { timeout: 20_000 }).toContain('master_link_status:up')
    await expect.poll(() => other.exists(`{over:0}:ended:${idOf('a')}`), { timeout: 20_000 }).toBe(1)
    await other.config('SET', 'replica-read-only', 'no')
    await other.replicaof('NO', 'ONE')
    await endAll(store, 'b', 'c')
    const position = await store.head()
    const { store: promoted } = await open(replica, { prefix: 'over' })
    await endAll(promoted, 'd', 'e', 'f')
    expect(await seenAfter(promoted, position, 1)).toEqual(['lost'])
    expect(promoted.reached(await promoted.head(), position)).toBe(false)
  })

  it('[A12] nothing stays for ever: what is over goes, some of it with each write, and with the sweeper\u2019s question', async () => {
    const clock = testClock()
    const { store, redis, key } = await fresh(clock)
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        store.create(session(`a${index}`, { tokens: [{ hash: `t${index}`, expiresAt: clock.now() + 50 }] })),
      ),
    )
    await store.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere')
    await Promise.all(Array.from({ length: 60 }, (_, index) => store.follow(`f${index}`, 'x')))
    const pattern = `${key('').replace(/[{}]/g, '?')}*`
    clock.advance(100_000)
    await store.claim('sweeps', 0.001)
    const left = await redis.hlen(key('marks'))
    expect(left, 'a few with one write').toBeGreaterThanOrEqual(60)
    for (let round = 0; round < 5; round++) await store.pending(10)
    expect((await redis.keys(pattern)).sort()).toEqual(['claim:sweeps', 'feed', 'meta'].map(key))
    const goesIn = await redis.pttl(key('claim:sweeps'))
    expect(goesIn > 0 && goesIn <= 61_000, 'a claim goes by itself').toBe(true)
    expect(await redis.xlen(key('feed'))).toBe(0)
    const before = await store.head()
    await endAll(store, 'later')
    expect(await store.head()).toBe(before.replace('.61', '.62'))
  })

  it('[F3] a snapshot is whole, however many marks there are, and while they are raised', async () => {
    const { store } = await fresh()
    const people = Array.from({ length: 1300 }, (_, index) => `p${index}`)
    const end = (sub: string, before: number) => store.end({ by: 'sub', ...who, sub, before }, 'backchannel')
    await Promise.all(people.map((sub) => end(sub, signIn)))
    const { entries } = await store.snapshot()
    const seen = new Set<string>()
    const raising = [450, 900]
    for await (const entry of entries) {
      if (seen.size === raising[0]) {
        raising.shift()
        await Promise.all(people.slice(0, 900).map((sub) => end(sub, signIn + seen.size)))
      }
      seen.add(entry.sub as string)
    }
    expect(seen.size).toBe(people.length)
  })

  it('[S11] limits of another process that are shorter hide no mark from a snapshot', async () => {
    const clock = testClock()
    const { store, redis, key } = await fresh(clock)
    const short = redisStore(redis, { ...clock, prefix: key('').slice(1, -4) })
    await short.open({ ...limits, absoluteSeconds: 10, accessTokenSeconds: 10 })
    const end = (by: Store, sub: string) => by.end({ by: 'sub', ...who, sub, before: signIn }, 'backchannel')
    await end(store, 'alice')
    await short.end({ by: 'sub', ...who, sub: 'alice', before: signIn + 1 }, 'backchannel')
    const score = await redis.zscore(key('marks-by-keeping'), (await redis.hkeys(key('marks')))[0] as string)
    expect(Number(score)).toBe(clock.now() + limits.absoluteSeconds + limits.accessTokenSeconds)
  })
})
