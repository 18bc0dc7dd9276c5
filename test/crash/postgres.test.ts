import { postgresStore } from 'endsession/postgres'
import { afterAll, describe, expect, it } from 'vitest'
import { limits, session } from '../../packages/endsession/src/testing/contract/kit.ts'
import { neededPostgres, type PostgresServer, startPostgres } from '../../servers/src/postgres.ts'
import { watchedPool } from '../contract/postgres-schemas.ts'
import { killUnderLoad, type Victim } from './kill-under-load.ts'

// Each kill waits for a server to come back: on a busy machine that takes its time.
describe('postgres, killed under load', { ...neededPostgres, timeout: 300_000 }, () => {
  const servers: PostgresServer[] = []
  afterAll(() => Promise.all(servers.map((server) => server.close())))
  async function start(settings: Readonly<Record<string, string>> = {}, primary?: PostgresServer) {
    const server = await startPostgres(settings, { primary })
    servers.push(server)
    return server
  }

  /** `deaf`: its commits do not wait for the disk. */
  const victim = (server: PostgresServer, deaf = false): Victim => ({
    kill: server.kill,
    start: () => server.start(),
    async connect() {
      const pool = server.connect({ max: 4 })
      const through = watchedPool(pool, (sql, go, client) =>
        deaf && sql.startsWith('BEGIN')
          ? client.query(sql.replace("'synchronous_commit', 'on'", "'work_mem', '4MB'"))
          : go(),
      )
      return { store: postgresStore(through), close: () => pool.end() }
    },
  })

  it('[S13 S5 F1] what it acknowledged is there after SIGKILL, whole, and the feed goes on without a gap', async () => {
    // The server's default would lose some: the store asks for more in its own transactions.
    const after = await killUnderLoad(victim(await start({ synchronous_commit: 'off', wal_writer_delay: '10s' })), 5)
    const nothing = { lives: [], unmarked: [], forgotten: [], half: [], untold: [] }
    expect(after).toEqual({ ...nothing, created: after.created, ended: after.ended, restarts: 1 })
    expect(after.ended).toBeGreaterThan(750)
  })

  it('[S13 F2] where commits do not wait for the disk it forgets logouts: this is seen', async () => {
    const server = await start({ synchronous_commit: 'off', wal_writer_delay: '10s' })
    const after = await killUnderLoad(victim(server, true), 3)
    expect(after.unmarked.length + after.forgotten.length).toBeGreaterThan(0)
  })

  it('[S12 F2] a standby is refused while it is one; after it has taken over, followers are told of the loss', async () => {
    const primary = await start()
    const standby = await start({ hot_standby: 'on' }, primary)
    const store = postgresStore(primary.connect())
    await store.open(limits)
    const other = standby.connect()
    const failed = { code: 'ERR_STORE' }
    await expect(postgresStore(other).open(limits)).rejects.toMatchObject(failed)

    // One that was opened on the primary, and is led to the standby from then on.
    let led = false
    const balanced = watchedPool(primary.connect(), (sql, go) =>
      led ? other.query(sql.replaceAll('$1', "'x'")) : go(),
    )
    const misled = postgresStore(balanced)
    await misled.open(limits)
    const tables = async () => (await other.query("SELECT to_regclass('endsession.sessions')::text AS name")).rows[0]
    await expect.poll(tables, { timeout: 30_000 }).toEqual({ name: 'endsession.sessions' })
    led = true
    await expect(misled.get('x')).rejects.toMatchObject({ ...failed, message: expect.stringMatching(/standby/) })

    await store.create(session('a'))
    const { position } = await store.end({ by: 'id', id: session('a').id }, 'user')
    await primary.kill()
    await other.query('SELECT pg_promote()')
    const after = postgresStore(other)
    await after.open(limits)
    expect(after.reached(await after.head(), position)).toBe(false)
    const first = (async () => {
      for await (const entry of after.feed(position, AbortSignal.timeout(30_000))) return entry
      return undefined
    })()
    expect(await first).toEqual({ lost: true })
    await after.close()
  })
})
