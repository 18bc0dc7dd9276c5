import type { PostgresPool } from 'endsession/postgres'
import { postgresStore } from 'endsession/postgres'
import { testClock } from 'endsession/testing'
import { describe, expect, it } from 'vitest'
import { eventually, idOf, limits, session, signIn, who } from '../../packages/endsession/src/testing/contract/kit.ts'
import { neededPostgres } from '../../servers/src/postgres.ts'
import { failed, schemasOf, watchedPool } from './postgres-schemas.ts'

const byId = (name: string) => ({ by: 'id', id: idOf(name) }) as const
const isCommit = (sql: string) => sql.endsWith('COMMIT')
const isWrite = (sql: string) => sql.includes('WITH dropped')
const numberOf = (position: string) => Number(position.split('.')[1])

describe('postgres store', neededPostgres, () => {
  const { pool, server, schema, store: storeOn, open, run, value } = schemasOf({ fsync: 'off' })
  const repeated = async (store: ReturnType<typeof storeOn>, name: string) =>
    (await store.end(byId(name), 'user')).records.map((record) => record.repeated)

  it('[S5] 64 ends at once share a few commits, and none is answered before its own', async () => {
    const order: string[] = []
    const through = watchedPool(pool(), async (sql, go) => {
      const answer = await go()
      if (isCommit(sql)) order.push('commit')
      return answer
    })
    const store = await open(through)
    const names = Array.from({ length: 64 }, (_, index) => `a${index}`)
    await Promise.all(names.map((name) => store.create(session(name, { sub: name, sid: undefined }))))
    order.length = 0
    await Promise.all(names.map((name) => store.end(byId(name), 'user').then(() => order.push('answer'))))
    const commits = order.filter((what) => what === 'commit').length
    expect(commits).toBeGreaterThan(0)
    expect(commits).toBeLessThanOrEqual(8)
    expect(order[0]).toBe('commit')
    expect(through.closed()).toBe(0)
  })

  it('[S12 S5] a commit that fails is not acknowledged, and leaves nothing, nor a connection', async () => {
    let broken = false
    const through = watchedPool(pool(), async (sql, go) => {
      if (broken && isCommit(sql)) throw new Error('no route to host')
      return go()
    })
    const store = await open(through)
    await store.create(session('a'))
    const head = await store.head()
    broken = true
    const error: unknown = await store.end({ ...byId('a'), sid: true }, 'user').catch((thrown) => thrown)
    expect(error).toMatchObject({ ...failed, message: 'The session database failed.' })
    expect(error).toMatchObject({ cause: { message: 'no route to host' } })
    expect(through.closed()).toBe(1)
    broken = false
    expect(await store.head()).toBe(head)
    expect(await store.get(idOf('a'))).toBeDefined()
    expect(await store.covers({ ...who, sid: 's1', at: signIn })).toBeUndefined()
    expect(await repeated(store, 'a')).toEqual([false])
  })

  it('[S12 A2] a commit that the server answers with a rollback is not acknowledged', async () => {
    const store = await open(
      watchedPool(pool(), async (sql, go, client) => {
        // A statement fails, and whoever sits between says nothing of it.
        if (isCommit(sql) && sql.includes('DELETE')) {
          await client.query('SELECT 1/0').catch(() => {})
          return client.query('COMMIT')
        }
        return go()
      }),
    )
    await expect(store.create(session('a'))).rejects.toMatchObject(failed)
    expect(await store.get(idOf('a'))).toBeUndefined()
  })

  it('[S11 S12] a call that fails takes back only itself, not those that share its commit', async () => {
    const store = await open()
    for (const name of ['a', 'spoilt', 'b']) await store.create(session(name, { sub: name, sid: name }))
    await run(`UPDATE ~.sessions SET record = '{"iss":7}' WHERE id = $1`, [idOf('spoilt')])
    const start = await store.head()
    const answers = await Promise.allSettled(
      ['a', 'spoilt', 'b'].map((name) => store.end({ ...byId(name), sid: true }, 'user')),
    )
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(numberOf(await store.head()) - numberOf(start)).toBe(4)
    expect(await store.covers({ ...who, sid: 'spoilt', at: signIn })).toBeUndefined()
  })

  it('[S12 A12] what the database cannot take fails by itself: it keeps no logout from its commit', async () => {
    const store = await open()
    for (const name of ['a', 'b']) await store.create(session(name, { sub: name, sid: name }))
    const answers = await Promise.allSettled([
      store.end(byId('a'), 'user'),
      store.follow('a name with \0 in it', await store.head()),
      store.claim('\0', 10),
      store.end(byId('b'), 'user'),
    ])
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    expect(await store.pending(10)).toMatchObject({ unsettled: [{}, {}] })
    expect(await repeated(store, 'a')).toEqual([true])
    // What a provider may say is never such a value.
    const odd = { sub: 'a\0b', sid: '\ud800' }
    expect(await store.create(session('odd', odd))).toBe('created')
    expect(await store.get(idOf('odd'))).toMatchObject(odd)
    expect(await store.list({ ...who, sub: odd.sub })).toHaveLength(1)
    expect(await store.list({ ...who, sid: '\ufffd' })).toHaveLength(0)
  })

  it('[S12 A12] a spoilt claim fails by itself', async () => {
    const store = await open()
    for (const name of ['a', 'b']) await store.create(session(name, { sub: name, sid: name }))
    await run(`INSERT INTO ~.claims VALUES ('k', 'NaN')`)
    const answers = await Promise.allSettled([
      store.end(byId('a'), 'user'),
      store.claim('k', 10),
      store.end(byId('b'), 'user'),
    ])
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('[A6] what goes wrong does not carry the row: names, sealed tokens', async () => {
    const store = await open()
    await run('ALTER TABLE ~.sessions ADD CHECK (false)')
    const error: unknown = await store.create(session('a', { sub: 'alice' })).catch((thrown) => thrown)
    expect(error).toMatchObject({ ...failed, cause: { code: '23514' } })
    expect(JSON.stringify((error as Error).cause)).not.toContain('alice')
  })

  it('[A12 S6] who logs in and out all day long makes one more logout no longer for everybody', async () => {
    const store = await open()
    await store.create(session('a'))
    await store.end(byId('a'), 'user')
    await run(
      `INSERT INTO ~.ended SELECT id || '-' || n, format, by_sub, by_sid, record, sealed, seen_at, expires_at, cause,
        ended_at - n / 1000.0, settled, kept_until FROM ~.ended, generate_series(1, 1500) n`,
    )
    for (const selector of [
      { by: 'sub', ...who, sub: 'alice' },
      { by: 'sid', ...who, sid: 's1' },
    ] as const) {
      const { records } = await store.end(selector, 'everywhere')
      expect(records).toHaveLength(1000)
      expect(
        records.map(({ id }) => id),
        'the newest',
      ).toContain(idOf('a'))
    }
  })

  it('[S12] before open and after close every call is ERR_STORE; the pool stays open', async () => {
    const store = storeOn()
    await expect(store.get(idOf('a'))).rejects.toMatchObject(failed)
    await store.open(limits)
    const last = store.create(session('a'))
    await store.close()
    await store.close()
    expect(await last).toBe('created')
    await expect(store.end(byId('a'), 'user')).rejects.toMatchObject(failed)
    await expect(store.get(idOf('a'))).rejects.toMatchObject(failed)
    expect(await value('SELECT count(*)::integer FROM ~.sessions')).toBe(1)
  })

  it('[A12 S12] an end that another hand holds up fails, is not acknowledged, and leaves no transaction', async () => {
    const own = server().connect({ max: 2, application_name: schema() })
    const store = await open(own)
    await store.create(session('a'))
    const other = await pool().connect()
    await other.query(`BEGIN; SELECT head FROM ${schema()}.partitions FOR UPDATE`)
    await expect(store.end(byId('a'), 'user')).rejects.toMatchObject(failed)
    expect(await store.get(idOf('a')), 'reading goes on').toBeDefined()
    await other.query('COMMIT')
    other.release()
    expect(await repeated(store, 'a')).toEqual([false])
    const left = "SELECT count(*)::integer FROM pg_stat_activity WHERE application_name = $1 AND state <> 'idle'"
    await eventually(async () => (await value(left, [schema()])) === 0, 'a transaction is left')
  })

  it('[A12] a process that stands still in the middle of its transaction holds the others up for seconds only', async () => {
    let frozen = (): void => {}
    const isFrozen = new Promise<void>((resolve) => {
      frozen = resolve
    })
    const still = await open(
      watchedPool(pool(), async (sql, go) => {
        if (!isWrite(sql)) return go()
        frozen()
        return new Promise(() => {})
      }),
    )
    const store = await open()
    const lost = still.create(session('a'))
    lost.catch(() => {})
    await isFrozen
    expect(await store.create(session('b'))).toBe('created')
    await expect(lost).rejects.toMatchObject(failed)
    expect(await store.get(idOf('a'))).toBeUndefined()
  })

  it('[A12 S12] a pool without a free connection is not waited for for ever, and gets back what comes too late', async () => {
    const small = server().connect({ max: 1 })
    const store = await open(small)
    const taken = await small.connect()
    await expect(store.get(idOf('a'))).rejects.toMatchObject(failed)
    taken.release()
    await eventually(async () => small.idleCount === 1, 'the connection is back')
    expect(await store.get(idOf('a'))).toBeUndefined()
  })

  it('[S11] transactions that stand in each other\u2019s way are done again, so many times at most', async () => {
    let conflicts = 2
    const through = watchedPool(pool(), async (sql, go) => {
      if (isWrite(sql) && conflicts-- > 0) throw Object.assign(new Error('deadlock detected'), { code: '40P01' })
      return go()
    })
    const store = await open(through)
    expect(await store.create(session('a'))).toBe('created')
    expect(through.closed()).toBe(2)
    conflicts = 1000
    await expect(store.end(byId('a'), 'user')).rejects.toMatchObject(failed)
    expect(conflicts).toBeGreaterThan(980)
    conflicts = 0
    expect(await repeated(store, 'a')).toEqual([false])
  })

  it('[F1] no number is seen before those below it, however late their commit comes', async () => {
    let holds = false
    let letGo = (): void => {}
    let isHeld = (): void => {}
    const held = new Promise<void>((resolve) => {
      isHeld = resolve
    })
    const slow = await open(
      watchedPool(pool(), async (sql, go) => {
        if (holds && isCommit(sql)) {
          isHeld()
          await new Promise<void>((resolve) => {
            letGo = resolve
          })
        }
        return go()
      }),
    )
    const [fast, reader] = [await open(), await open()]
    for (const name of ['a', 'b', 'c']) await fast.create(session(name, { sub: name, sid: undefined }))
    const start = await reader.head()
    const numbers: number[] = []
    holds = true
    const late = slow.end(byId('a'), 'user')
    await held
    const stop = new AbortController()
    const reading = (async () => {
      for await (const entry of reader.feed(start, stop.signal)) {
        if ('lost' in entry) throw new Error('lost')
        if (numbers.push(numberOf(entry.position)) === 3) return
      }
    })()
    const others = ['b', 'c'].map((name) => fast.end(byId(name), 'user'))
    let answered = false
    for (const end of others)
      end.then(() => {
        answered = true
      })
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect([numbers, answered], 'nothing is seen, nor acknowledged, before the first').toEqual([[], false])
    letGo()
    await Promise.all([late, ...others, reading])
    stop.abort()
    expect(numbers).toEqual([1, 2, 3])
  })

  it('[F2] a missing number, a head below one\u2019s own position, or tables made anew: lost, and said', async () => {
    const store = await open()
    const start = await store.head()
    for (const name of ['a', 'b', 'c']) {
      await store.create(session(name))
      await store.end(byId(name), 'user')
    }
    const seen = async (position: string) => {
      const found: string[] = []
      for await (const entry of store.feed(position, AbortSignal.timeout(30_000))) {
        found.push('lost' in entry ? 'lost' : entry.position)
        if ('lost' in entry || entry.position.endsWith('.3')) return found
      }
      return found
    }
    const [epoch] = start.split('.')
    await run('DELETE FROM ~.feed WHERE number = 2')
    expect(await seen(start)).toEqual([`${epoch}.1`, 'lost'])
    expect(await seen(`${epoch}.9`)).toEqual(['lost'])
    expect(await seen(`${epoch}.2`)).toEqual([`${epoch}.3`])
    const meanwhile = (async () => {
      for await (const entry of store.feed(`${epoch}.3`, AbortSignal.timeout(30_000))) return entry
      return undefined
    })().catch(() => ({ lost: true }))
    await run('DROP SCHEMA ~ CASCADE')
    const again = await open()
    for (const name of ['a', 'b', 'c', 'd']) {
      await again.create(session(name))
      await again.end(byId(name), 'user')
    }
    expect(await meanwhile, 'or an error').toEqual({ lost: true })
    expect(await seen(`${epoch}.3`)).toEqual(['lost'])
  })

  it('[F1] numbers go on after the newest entries have been forgotten', async () => {
    const clock = testClock()
    const store = await open(pool(), clock)
    await store.create(session('a'))
    await store.end(byId('a'), 'user')
    const before = await store.head()
    clock.advance(1_000_000)
    await store.claim('sweeps', 1)
    expect(await value('SELECT count(*)::integer FROM ~.feed')).toBe(0)
    expect(await store.head()).toBe(before)
    await store.create(session('b'))
    expect((await store.end(byId('b'), 'user')).position).toBe(before.replace('.1', '.2'))
  })

  it('[A12] what is over is dropped, a few rows with each write', async () => {
    const clock = testClock()
    const store = await open(pool(), clock)
    const tables = ['ended', 'marks', 'feed', 'claims', 'followers']
    const rows = async () =>
      Promise.all(tables.map(async (table) => Number(await value(`SELECT count(*)::integer FROM ~.${table}`))))
    await Promise.all(Array.from({ length: 60 }, (_, index) => store.create(session(`a${index}`))))
    await store.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere')
    await Promise.all(Array.from({ length: 60 }, (_, index) => store.claim(`k${index}`, 10)))
    await Promise.all(Array.from({ length: 60 }, (_, index) => store.follow(`f${index}`, 'x')))
    clock.advance(100_000)
    let left = await rows()
    expect(Math.min(...left)).toBeGreaterThanOrEqual(60)
    for (let write = 0; write < 3; write++) {
      await store.touch(idOf('nobody'))
      const now = await rows()
      expect(left.reduce((sum, count, table) => sum + count - (now[table] ?? 0), 0)).toBeLessThanOrEqual(5 * 28)
      left = now
    }
    expect(left).toEqual([0, 0, 0, 0, 0])
  })

  it('[S12] a connection that breaks in the middle fails its own calls, and nothing else', async () => {
    let breaks = false
    const store = await open(
      watchedPool(pool(), async (sql, go, client) => {
        if (!breaks || !isWrite(sql)) return go()
        breaks = false
        const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
        await pool().query('SELECT pg_terminate_backend($1)', [rows[0].pid])
        return go()
      }),
    )
    await store.create(session('a'))
    breaks = true
    await expect(store.end(byId('a'), 'user')).rejects.toMatchObject(failed)
    expect(await store.get(idOf('a'))).toBeDefined()
    expect(await repeated(store, 'a')).toEqual([false])
  })

  it('[A12] cleaning up waits for nobody: a row that another hand holds stays for another time', async () => {
    const clock = testClock()
    const store = await open(pool(), clock)
    await store.create(session('a'))
    for (const key of ['held', 'free']) await store.claim(key, 10)
    clock.advance(100)
    const other = await pool().connect()
    await other.query(`BEGIN; SELECT FROM ${schema()}.claims WHERE id = 'held' FOR UPDATE`)
    expect(await repeated(store, 'a')).toEqual([false])
    await other.query('COMMIT')
    other.release()
    expect((await run('SELECT id FROM ~.claims')).rows).toEqual([{ id: 'held' }])
  })

  it('[A12] so many calls wait at most while the database does not answer; none of them for ever', async () => {
    let gone = false
    const store = await open({ connect: () => (gone ? new Promise(() => {}) : pool().connect()) })
    gone = true
    const waiting = Array.from({ length: 10_200 }, (_, index) => store.claim(`k${index}`, 10))
    await expect(waiting.at(-1)).rejects.toMatchObject({ ...failed, message: expect.stringMatching(/keep up/) })
    const answers = await Promise.allSettled(waiting)
    expect(answers.every(({ status }) => status === 'rejected')).toBe(true)
    gone = false
    expect(await store.claim('k1', 10)).toBe(true)
  })

  it('[S11] reads one moment after the lock, whatever the database takes for a transaction by default', async () => {
    const own = server().connect({ options: '-c default_transaction_isolation=serializable' })
    const pools = [own, own].map((each) => watchedPool(each, (_sql, go) => go()))
    const handles = await Promise.all(pools.map((each) => open(each)))
    const names = Array.from({ length: 20 }, (_, index) => `a${index}`)
    for (const name of names) await handles[0]?.create(session(name))
    const answers = await Promise.all(
      names.flatMap(() => handles.map((handle) => handle.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere'))),
    )
    const taken = answers.flatMap(({ records }) => records.filter((record) => !record.repeated))
    expect(taken).toHaveLength(20)
    expect(
      pools.map(({ closed }) => closed()),
      'and no conflict was met',
    ).toEqual([0, 0])
  })

  it('[S12 S16 A2] a standby is refused: what it answers may be older than a logout', async () => {
    const standby: PostgresPool = watchedPool(pool(), async (sql, go, client) =>
      sql.includes('pg_is_in_recovery()') && !sql.includes('CREATE')
        ? client.query(sql.replaceAll('pg_is_in_recovery()', 'true').replaceAll('$1', "'x'"))
        : go(),
    )
    const store = postgresStore(standby, { schema: schema() })
    await store.open(limits)
    await expect(store.get(idOf('a'))).rejects.toMatchObject({ ...failed, message: expect.stringMatching(/standby/) })
  })
})
