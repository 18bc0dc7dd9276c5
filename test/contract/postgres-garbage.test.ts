import { describe, expect, it } from 'vitest'
import { idOf, session, signIn, who } from '../../packages/endsession/src/testing/contract/kit.ts'
import { neededPostgres } from '../../servers/src/postgres.ts'
import { failed, schemasOf } from './postgres-schemas.ts'

const spoil = (path: string, value: string) =>
  `record = (SELECT json_object_agg(key, CASE key WHEN '${path}' THEN '${value}'::json ELSE value END) FROM json_each(record))`

describe('postgres store, with rows that are not whole', neededPostgres, () => {
  const { open, run, value } = schemasOf({ fsync: 'off' })

  it.each([
    ['a record that is no object', "record = '7'"],
    ['a record that is nothing', "record = 'null'"],
    ['a record that is empty', "record = '{}'"],
    ['tokens that are no list', spoil('tokens', 'null')],
    ['tokens that are no hashes', spoil('tokens', '[{"hash":7}]')],
    ['an end by no known word', spoil('endsBy', '"whenever"')],
    ['a time that is text', spoil('signedInAt', '"soon"')],
    ['a revision that is gone', spoil('revision', 'null')],
    ['a sub that is a number', spoil('sub', '7')],
    ['a time without end', "expires_at = 'Infinity'"],
    ['a time that is no number', "seen_at = 'NaN'"],
    ['the format of a newer release', 'format = 2'],
  ])('[S12 S14] %s: ERR_STORE, never "signed out"; nothing half done', async (_what, spoilt) => {
    const store = await open()
    await store.create(session('a'))
    await store.create(session('sibling'))
    const head = await store.head()
    await run(`UPDATE ~.sessions SET ${spoilt} WHERE id = $1`, [idOf('a')])
    const id = idOf('a')
    await expect(store.get(id)).rejects.toMatchObject(failed)
    await expect(store.end({ by: 'id', id }, 'user')).rejects.toMatchObject(failed)
    await expect(store.update(id, 0, {})).rejects.toMatchObject(failed)
    await expect(store.touch(id)).rejects.toMatchObject(failed)
    await expect(store.create(session('a'))).rejects.toMatchObject(failed)
    await expect(store.create(session('b'), { replaces: id })).rejects.toMatchObject(failed)
    await expect(store.list({ ...who, sub: 'alice' })).rejects.toMatchObject(failed)
    await expect(store.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere')).rejects.toMatchObject(failed)
    expect(await store.head()).toBe(head)
    const counts = 'SELECT (SELECT count(*) FROM ~.marks)::integer + (SELECT count(*) FROM ~.ended)::integer'
    expect(await value(counts)).toBe(0)
    expect(await store.get(idOf('sibling'))).toBeDefined()
  })

  it('[S12] spoilt marks, entries, ended records and heads are ERR_STORE too', async () => {
    const store = await open()
    const start = await store.head()
    await store.create(session('a'))
    await store.end({ by: 'id', id: idOf('a'), sid: true }, 'user')
    await run(`UPDATE ~.marks SET mark = '{"cause":"user","until":"then"}'`)
    await run(`UPDATE ~.feed SET entry = '{"tokens":[7]}'`)
    await run(`UPDATE ~.ended SET ended_at = 'NaN'`)
    await expect(store.covers({ ...who, sid: 's1', at: signIn })).rejects.toMatchObject(failed)
    await expect(store.create(session('b'))).rejects.toMatchObject(failed)
    await expect(store.pending(10)).rejects.toMatchObject(failed)
    await expect(store.end({ by: 'id', id: idOf('a') }, 'user')).rejects.toMatchObject(failed)
    const { entries } = await store.snapshot()
    await expect(entries[Symbol.asyncIterator]().next()).rejects.toMatchObject(failed)
    const reading = (async () => {
      for await (const _ of store.feed(start, AbortSignal.timeout(30_000))) return 'an entry'
      return 'the end'
    })()
    await expect(reading).rejects.toMatchObject(failed)
    await run('DELETE FROM ~.partitions')
    await expect(store.head()).rejects.toMatchObject(failed)
    await expect(store.create(session('c', { sub: 'carol', sid: 'c' }))).rejects.toMatchObject(failed)
  })
})
