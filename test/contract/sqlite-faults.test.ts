import { sqliteStore } from 'endsession/sqlite'
import { testClock } from 'endsession/testing'
import { describe, expect, it, vi } from 'vitest'
import { idOf, limits, session, signIn, who } from '../../packages/endsession/src/testing/contract/kit.ts'
import { type Connection, present } from './sqlite-drivers.ts'
import { failed, filesFor, value, watched } from './sqlite-files.ts'

for (const driver of present) {
  describe(`sqlite store on ${driver.name}`, () => {
    const { nextFile, connect, open } = filesFor(driver)

    it('[S13] syncs each commit to the disk, and says so; without a file it says `process`', async () => {
      const database = connect()
      expect(await sqliteStore(database).open(limits)).toEqual({ durability: 'disk' })
      expect(value(database, 'PRAGMA journal_mode')).toBe('wal')
      expect(value(database, 'PRAGMA synchronous')).toBe(2)
      expect(await sqliteStore(connect(':memory:')).open(limits)).toEqual({ durability: 'process' })
    })

    it('[S13 S12] is refused where the setting does not hold', async () => {
      const database = connect()
      const deaf = {
        ...watched(database, () => {}),
        exec: (sql: string) => database.exec(sql.replace('synchronous = FULL', 'synchronous = NORMAL')),
      }
      await expect(sqliteStore(deaf).open(limits)).rejects.toMatchObject(failed)
    })

    it('[S12] a file of a newer release, or of another application, is left as it is', async () => {
      for (const pragmas of [
        'PRAGMA user_version = 2; PRAGMA application_id = 1701733491',
        'PRAGMA user_version = 1',
      ]) {
        nextFile()
        const database = connect()
        database.exec(`CREATE TABLE theirs (a); ${pragmas}`)
        await expect(open(database)).rejects.toMatchObject(failed)
        expect(value(database, 'PRAGMA journal_mode')).toBe('delete')
        expect(value(database, 'SELECT count(*) FROM sqlite_schema')).toBe(1)
      }
    })

    it('[S11] several handles make one new file together', async () => {
      const stores = await Promise.all(Array.from({ length: 4 }, () => open()))
      const heads = await Promise.all(stores.map((store) => store.head()))
      expect(new Set(heads).size).toBe(1)
    })

    it('[S11 A3] who met a lock while opening sees what others end from then on', async () => {
      const first = connect()
      const [here, late] = [await open(first), connect()]
      await here.create(session('a'))
      first.exec('PRAGMA locking_mode = EXCLUSIVE')
      await here.touch(idOf('a'))
      const there = sqliteStore(late)
      const opening = there.open(limits)
      first.exec('PRAGMA locking_mode = NORMAL')
      await here.touch(idOf('a'))
      await opening
      expect(await there.get(idOf('a'))).toBeDefined()
      await here.end({ by: 'id', id: idOf('a') }, 'user')
      expect(await there.get(idOf('a'))).toBeUndefined()
      expect(await there.create(session('b'))).toBe('created')
      expect(await here.get(idOf('b'))).toBeDefined()
    })

    it('[S5] 64 ends at once share a few commits, and none is answered before its own', async () => {
      const [order, database]: [string[], Connection] = [[], connect()]
      const store = await open(watched(database, (sql) => sql === 'COMMIT' && order.push('commit')))
      for (let index = 0; index < 64; index++)
        await store.create(session(`a${index}`, { sub: `p${index}`, sid: undefined }))
      order.length = 0
      await Promise.all(
        Array.from({ length: 64 }, (_, index) =>
          store.end({ by: 'id', id: idOf(`a${index}`) }, 'user').then(() => order.push('answer')),
        ),
      )
      const commits = order.filter((what) => what === 'commit').length
      expect(commits).toBeGreaterThan(0)
      expect(commits).toBeLessThanOrEqual(8)
      expect(order.indexOf('answer')).toBeGreaterThan(order.indexOf('commit'))
    })

    it('[S12 S5] a commit that fails is not acknowledged, and leaves nothing', async () => {
      let broken = false
      const store = await open(
        watched(connect(), (sql) => {
          if (broken && sql === 'COMMIT') throw new Error('disk full')
        }),
      )
      await store.create(session('a'))
      const head = await store.head()
      broken = true
      const error: unknown = await store.end({ by: 'id', id: idOf('a'), sid: true }, 'user').catch((thrown) => thrown)
      expect(error).toMatchObject({
        ...failed,
        message: 'The session database failed.',
        cause: { message: 'disk full' },
      })
      broken = false
      expect(await store.head()).toBe(head)
      expect(await store.get(idOf('a'))).toBeDefined()
      expect(await store.covers({ ...who, sid: 's1', at: signIn })).toBeUndefined()
      expect((await store.end({ by: 'id', id: idOf('a') }, 'user')).records.map(({ repeated }) => repeated)).toEqual([
        false,
      ])
    })

    it('[S11 S12] a call that fails takes back only itself, not those that share its commit', async () => {
      const database = connect()
      const store = await open(database)
      for (const name of ['a', 'spoilt', 'b']) await store.create(session(name, { sub: name, sid: name }))
      database.prepare('UPDATE sessions SET tokens = ? WHERE id = ?').run('[{"hash":', idOf('spoilt'))
      const start = await store.head()
      const answers = await Promise.allSettled(
        ['a', 'spoilt', 'b'].map((name) => store.end({ by: 'id', id: idOf(name), sid: true }, 'user')),
      )
      expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(Number((await store.head()).split('.')[1]) - Number(start.split('.')[1])).toBe(4)
      expect(await store.covers({ ...who, sid: 'spoilt', at: signIn })).toBeUndefined()
    })

    it('[S5 S11] a call that fails half way takes back its half, not those that share its commit', async () => {
      let appends = 0
      const store = await open(
        watched(connect(), (sql) => {
          if (sql.startsWith('INSERT INTO feed') && ++appends === 2) throw new Error('no more memory')
        }),
      )
      const names = ['a', 'b', 'c']
      for (const name of names) await store.create(session(name, { sub: name, sid: undefined }))
      const ends = await Promise.allSettled(names.map((name) => store.end({ by: 'id', id: idOf(name) }, 'user')))
      expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      const lives = await Promise.all(names.map(async (name) => (await store.get(idOf(name))) !== undefined))
      expect(lives).toEqual([false, true, false])
      expect((await store.end({ by: 'id', id: idOf('b') }, 'user')).records.map(({ repeated }) => repeated)).toEqual([
        false,
      ])
    })

    it('[S12] before open and after close every call is ERR_STORE; the database stays open', async () => {
      const database = connect()
      const store = sqliteStore(database)
      await expect(store.get(idOf('a'))).rejects.toMatchObject(failed)
      await store.open(limits)
      const last = store.create(session('a'))
      await store.close()
      await store.close()
      expect(await last).toBe('created')
      await expect(store.end({ by: 'id', id: idOf('a') }, 'user')).rejects.toMatchObject(failed)
      await expect(store.get(idOf('a'))).rejects.toMatchObject(failed)
      expect(value(database, 'SELECT count(*) FROM sessions')).toBe(1)
    })

    it('[S11 A12] a lock of another process is waited for, while this process goes on', async () => {
      const store = await open()
      await store.create(session('a'))
      const other = connect()
      other.exec('BEGIN IMMEDIATE')
      let turns = 0
      const turning = setInterval(() => turns++, 5)
      const end = store.end({ by: 'id', id: idOf('a') }, 'user')
      await vi.waitFor(() => expect(turns).toBeGreaterThan(3), 30_000)
      expect(await store.get(idOf('a')), 'nothing is done yet').toBeDefined()
      other.exec('COMMIT')
      expect((await end).records).toHaveLength(1)
      clearInterval(turning)
    })

    it('[F2] a missing number, or a head below one\u2019s own position, is lost and said', async () => {
      const database = connect()
      const store = await open(database)
      const start = await store.head()
      for (const name of ['a', 'b', 'c']) {
        await store.create(session(name))
        await store.end({ by: 'id', id: idOf(name) }, 'user')
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
      database.exec('DELETE FROM feed WHERE number = 2')
      expect(await seen(start)).toEqual([`${epoch}.1`, 'lost'])
      expect(await seen(`${epoch}.9`)).toEqual(['lost'])
      expect(await seen(`${epoch}.2`)).toEqual([`${epoch}.3`])
    })

    it('[F1] numbers go on after the newest entries have been forgotten', async () => {
      const clock = testClock()
      const store = await open(connect(), clock)
      await store.create(session('a'))
      await store.end({ by: 'id', id: idOf('a') }, 'user')
      const before = await store.head()
      clock.advance(1_000_000)
      await store.claim('sweeps', 1)
      expect(await store.head()).toBe(before)
      await store.create(session('b'))
      expect((await store.end({ by: 'id', id: idOf('b') }, 'user')).position).toBe(before.replace('.1', '.2'))
    })

    it('[A12] what is over is dropped, at most a hundred rows with each write', async () => {
      const [clock, database] = [testClock(), connect()]
      const store = await open(database, clock)
      const rows = () =>
        ['ended', 'marks', 'feed', 'claims', 'followers'].map(
          (table) => value(database, `SELECT count(*) FROM ${table}`) as number,
        )
      await Promise.all(Array.from({ length: 60 }, (_, index) => store.create(session(`a${index}`))))
      await store.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere')
      await Promise.all(Array.from({ length: 60 }, (_, index) => store.claim(`k${index}`, 10)))
      await Promise.all(Array.from({ length: 60 }, (_, index) => store.follow(`f${index}`, 'x')))
      clock.advance(100_000)
      let left = rows()
      expect(Math.min(...left)).toBeGreaterThanOrEqual(60)
      for (let write = 0; write < 5; write++) {
        await store.touch(idOf('nobody'))
        const now = rows()
        expect(left.reduce((sum, count, table) => sum + count - (now[table] ?? 0), 0)).toBeLessThanOrEqual(100)
        left = now
      }
      expect(left).toEqual([0, 0, 0, 0, 0])
    })
  })
}
