import { PGlite } from '@electric-sql/pglite'
import { postgresStore } from 'endsession/postgres'
import { describe, expect, it } from 'vitest'
import { eventually, idOf, limits, session } from '../../packages/endsession/src/testing/contract/kit.ts'
import { neededPostgres } from '../../servers/src/postgres.ts'
import { failed, schemasOf, watchedPool } from './postgres-schemas.ts'

describe('postgres store, opening', neededPostgres, () => {
  const { pool, server, schema, store: storeOn, open, run, value } = schemasOf()

  it('[S13] says `disk` where the server keeps its commits, `process` where it does not', async () => {
    expect(await storeOn().open(limits)).toEqual({ durability: 'disk' })
    await run('ALTER TABLE ~.marks SET UNLOGGED')
    expect(await storeOn().open(limits), 'a table without a log').toEqual({ durability: 'process' })
    await run('ALTER TABLE ~.marks SET LOGGED')
    const set = async (fsync: string) => {
      await run(`ALTER SYSTEM SET fsync = ${fsync}`)
      await run('SELECT pg_reload_conf()')
      await eventually(async () => (await value('SHOW fsync')) === fsync, 'the setting has arrived')
    }
    await set('off')
    // The setting comes to other connections a moment later.
    await eventually(async () => (await storeOn().open(limits)).durability === 'process', 'says process')
    await set('on')
    await eventually(async () => (await storeOn().open(limits)).durability === 'disk', 'says disk again')
  })

  it('[S13] commits to the disk where the role does not, and leaves the connection as it was', async () => {
    const own = server().connect({ max: 1, options: '-c synchronous_commit=off' })
    const settings: unknown[] = []
    const through = watchedPool(own, async (sql, go, client) => {
      if (sql.endsWith('COMMIT')) settings.push((await client.query('SHOW synchronous_commit')).rows[0])
      return go()
    })
    const store = storeOn(through)
    expect(await store.open(limits)).toEqual({ durability: 'disk' })
    settings.length = 0
    await store.create(session('a'))
    await store.end({ by: 'id', id: idOf('a') }, 'user')
    expect(settings).toEqual([{ synchronous_commit: 'on' }, { synchronous_commit: 'on' }])
    expect((await own.query('SHOW synchronous_commit')).rows).toEqual([{ synchronous_commit: 'off' }])
    expect((await own.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '0' }])
  })

  it('[S13] says `second` where that setting cannot be raised', async () => {
    const deaf = watchedPool(server().connect({ options: '-c synchronous_commit=off' }), (sql, go, client) =>
      sql.startsWith('BEGIN') ? client.query(sql.replaceAll("'synchronous_commit', 'on'", "'work_mem', '4MB'")) : go(),
    )
    expect(await storeOn(deaf).open(limits)).toEqual({ durability: 'second' })
  })

  it('[S11] eight processes that open a new schema at once make it together', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => open(server().connect({ max: 1 }))))
    const heads = await Promise.all(stores.map((store) => store.head()))
    expect(new Set(heads).size).toBe(1)
    expect(await value("SELECT value FROM ~.meta WHERE name = 'version'")).toBe('1')
  })

  it('[S12] a schema of a newer release, or of another application, is left as it is', async () => {
    await open()
    await run("UPDATE ~.meta SET value = '2' WHERE name = 'version'")
    await expect(open()).rejects.toMatchObject({ ...failed, message: expect.stringMatching(/another release/) })
    expect(await value("SELECT value FROM ~.meta WHERE name = 'version'")).toBe('2')
    await run("UPDATE ~.meta SET value = 'soon' WHERE name = 'version'")
    await expect(open()).rejects.toMatchObject(failed)

    const tables = "SELECT count(*)::integer FROM pg_tables WHERE schemaname = '~'"
    await run('DROP SCHEMA ~ CASCADE; CREATE SCHEMA ~; CREATE TABLE ~.meta (theirs text)')
    await run("INSERT INTO ~.meta VALUES ('secret')")
    await expect(open()).rejects.toMatchObject({ ...failed, message: expect.stringMatching(/something else/) })
    expect(await value(tables)).toBe(1)

    await run('DROP SCHEMA ~ CASCADE; CREATE SCHEMA ~; CREATE TABLE ~.feed (theirs text)')
    await expect(open()).rejects.toMatchObject(failed)
    expect(await value(tables), 'no half of ours beside it').toBe(1)
  })

  it('[A12] a role that may not make schemas opens the one that it is given', async () => {
    const role = `role_${schema()}`
    await run(`CREATE ROLE ${role} LOGIN; CREATE SCHEMA ~ AUTHORIZATION ${role}`)
    const store = await open(server().connect({ user: role }))
    expect(await store.create(session('a'))).toBe('created')
    expect(await store.head(), 'one feed, whoever asks').toBe(await (await open()).head())
  })

  it('[A12] a role that may only read and write rows will do, once the tables are there', async () => {
    await open()
    const role = `role_${schema()}`
    await run(`CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA ~ TO ${role}`)
    await run(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ~ TO ${role}`)
    const store = await open(server().connect({ user: role }))
    await store.create(session('a'))
    expect((await store.end({ by: 'id', id: idOf('a') }, 'user')).records).toHaveLength(1)
    expect((await store.pending(10)).unsettled).toHaveLength(1)
  })

  it('[L18] a schema name that would have to be escaped is refused at once, with every other problem', () => {
    for (const name of ['', 'a"; DROP SCHEMA public; --', 'Upper', 'pg_mine', '1a', 'a b', 'a'.repeat(64)])
      expect(() => postgresStore(pool(), { schema: name }), name).toThrow(
        expect.objectContaining({ code: 'ERR_OPTIONS', message: expect.stringMatching(/schema/) }),
      )
    const both = { code: 'ERR_OPTIONS', message: expect.stringMatching(/- schema.*\n- pollSeconds/) }
    expect(() => postgresStore(pool(), { schema: '', pollSeconds: 0 })).toThrow(expect.objectContaining(both))
  })

  it('[S12] a server that is not there is ERR_STORE; the next call finds it again', async () => {
    const store = await open()
    await store.create(session('a'))
    await server().kill()
    // What was connected may get an answer for a moment more.
    const isGone = () =>
      store.get(idOf('a')).then(
        () => false,
        ({ code }) => code === 'ERR_STORE',
      )
    await eventually(isGone, 'it is gone')
    await expect(store.end({ by: 'id', id: idOf('a') }, 'user')).rejects.toMatchObject(failed)
    await server().start()
    await eventually(async () => (await store.get(idOf('a')).catch(() => undefined)) !== undefined, 'answers again')
    expect((await store.end({ by: 'id', id: idOf('a') }, 'user')).records).toMatchObject([{ repeated: false }])
  })
})

describe('postgres store on PGlite, opening', () => {
  it('[S13] says `process`, whatever its settings say', async () => {
    const database = await PGlite.create()
    expect(await postgresStore(database).open(limits)).toEqual({ durability: 'process' })
    await database.close()
  })
})
