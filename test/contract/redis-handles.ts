/** What the tests of the redis store's own promises share. */
import { type RedisStoreOptions, redisStore } from 'endsession/redis'
import type { Redis } from 'ioredis'
import { afterAll } from 'vitest'
import type { Position, Store } from '../../packages/endsession/src/session/store.ts'
import { limits } from '../../packages/endsession/src/testing/contract/kit.ts'
import { type RedisServer, type RedisServers, redisServers, type Settings } from '../../servers/src/redis.ts'

export const failed = { name: 'EndSessionError', code: 'ERR_STORE', status: 503 }

export interface Handles extends RedisServers {
  /** An open store on a server, with what it lives in. */
  open(
    server: RedisServer,
    options?: RedisStoreOptions,
  ): Promise<{ readonly store: Store; readonly redis: Redis; key(name: string): string; digest(): Promise<unknown> }>
}

/** Everything that is started here ends with the tests. */
export function redisHandles(): Handles {
  const servers = redisServers()
  const stores: Store[] = []
  let prefixes = 0
  afterAll(async () => {
    for (const store of stores) await store.close()
    await servers.clear()
  })
  return {
    ...servers,
    start: (settings: Settings = {}) => servers.start({ 'enable-debug-command': 'yes', ...settings }),
    async open(server, options = {}) {
      const prefix = options.prefix ?? `own-${++prefixes}`
      const redis = server.connect()
      const store = redisStore(redis, { ...options, prefix })
      stores.push(store)
      await store.open(limits)
      return { store, redis, key: (name) => `{${prefix}:0}:${name}`, digest: () => redis.call('DEBUG', 'DIGEST') }
    },
  }
}

/** Numbers of what comes after a position, and `lost`, until nothing more comes soon. */
export async function seenAfter(store: Store, position: Position, most: number): Promise<readonly (number | 'lost')[]> {
  const seen: (number | 'lost')[] = []
  for await (const entry of store.feed(position, AbortSignal.timeout(30_000))) {
    seen.push('lost' in entry ? 'lost' : Number(entry.position.split('.').at(-1)))
    if (seen.length >= most) break
  }
  return seen
}
