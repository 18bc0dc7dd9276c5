import { describe, expect, it } from 'vitest'
import { idOf, session, signIn, who } from '../../packages/endsession/src/testing/contract/kit.ts'
import { present } from './sqlite-drivers.ts'
import { failed, filesFor, value } from './sqlite-files.ts'

for (const driver of present) {
  describe(`sqlite store on ${driver.name}, with rows that are not whole`, () => {
    const { connect, open } = filesFor(driver)

    it.each([
      ['tokens', '[{"hash":"t"'],
      ['tokens', '[{"hash":7}]'],
      ['tokens', 'null'],
      ['format', 2],
      ['ends_by', 'whenever'],
      ['sealed', 'text'],
      ['signed_in_at', 'soon'],
      ['expires_at', new Uint8Array([1])],
      ['sub', new Uint8Array([1])],
      ['sid', 7],
    ])(
      '[S12 S14] a session row with spoilt %s is ERR_STORE, never "signed out"; nothing half done',
      async (column, spoilt) => {
        const database = connect()
        const store = await open(database)
        await store.create(session('a'))
        await store.create(session('sibling'))
        const head = await store.head()
        const integer = column === 'sid' ? 'CAST(? AS BLOB)' : '?'
        database.prepare(`UPDATE sessions SET ${column} = ${integer} WHERE id = ?`).run(spoilt, idOf('a'))
        await expect(store.get(idOf('a'))).rejects.toMatchObject(failed)
        await expect(store.end({ by: 'id', id: idOf('a') }, 'user')).rejects.toMatchObject(failed)
        await expect(store.update(idOf('a'), 0, {})).rejects.toMatchObject(failed)
        await expect(store.touch(idOf('a'))).rejects.toMatchObject(failed)
        if (column !== 'sub') {
          await expect(store.list({ ...who, sub: 'alice' })).rejects.toMatchObject(failed)
          await expect(store.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere')).rejects.toMatchObject(failed)
        }
        expect(await store.head()).toBe(head)
        expect([value(database, 'SELECT count(*) FROM marks'), value(database, 'SELECT count(*) FROM ended')]).toEqual([
          0, 0,
        ])
        expect(await store.get(idOf('sibling'))).toBeDefined()
      },
    )

    it('[S12] spoilt marks, entries and ended records are ERR_STORE too', async () => {
      const database = connect()
      const store = await open(database)
      const start = await store.head()
      await store.create(session('a'))
      await store.end({ by: 'id', id: idOf('a'), sid: true }, 'user')
      database.exec(
        "UPDATE marks SET ended_at = 'then'; UPDATE feed SET tokens = '{'; UPDATE ended SET ended_at = 'then'",
      )
      await expect(store.covers({ ...who, sid: 's1', at: signIn })).rejects.toMatchObject(failed)
      await expect(store.create(session('b'))).rejects.toMatchObject(failed)
      await expect(store.pending(10)).rejects.toMatchObject(failed)
      await expect(store.end({ by: 'id', id: idOf('a') }, 'user')).rejects.toMatchObject(failed)
      const reading = (async () => {
        for await (const _ of store.feed(start, AbortSignal.timeout(30_000))) return 'an entry'
        return 'the end'
      })()
      await expect(reading).rejects.toMatchObject(failed)
    })
  })
}
