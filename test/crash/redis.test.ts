import { redisStore } from 'endsession/redis'
import { afterAll, describe, expect, it } from 'vitest'
import { neededRedis, type RedisServer, redisServers } from '../../servers/src/redis.ts'
import { killUnderLoad, type Victim } from './kill-under-load.ts'

describe('redis-server, killed under load', neededRedis, () => {
  const servers = redisServers()
  afterAll(() => servers.clear())

  const victim = (server: RedisServer): Victim => ({
    ...server,
    async connect() {
      const redis = server.connect()
      return { store: redisStore(redis), close: () => redis.disconnect() }
    },
  })

  it('[S13 S5 F1 F2] what it acknowledged is there after SIGKILL, whole, and every follower knows', async () => {
    const after = await killUnderLoad(victim(await servers.start()), 5)
    const nothing = { lives: [], unmarked: [], forgotten: [], half: [], untold: [] }
    expect(after).toEqual({ ...nothing, created: after.created, ended: after.ended, restarts: after.restarts })
    expect(after.ended).toBeGreaterThan(750)
    expect(after.restarts, 'once to begin, and once for each restart').toBeGreaterThanOrEqual(6)
  })

  it('[S13 F2] without its log it forgets logouts: this is seen, and every follower is told', async () => {
    const after = await killUnderLoad(victim(await servers.start({ appendonly: 'no' })), 2)
    expect(after.unmarked.length, 'marks that are gone').toBeGreaterThan(100)
    expect(after.forgotten.length, 'people who were signed in').toBeGreaterThan(10)
    expect(after.restarts).toBeGreaterThanOrEqual(3)
  })
})
