import { byId, type Case, check, create, endById, equal, idOf, living, ok, session, signIn, who } from './kit.ts'

/** An end that comes again, late, or long after the login. */
export const repeatingCases: readonly Case[] = [
  check('[S6] a repeated end by sub answers the same records', async ({ open }) => {
    const store = await open()
    await create(store, session('a'), session('b', { sid: undefined }))
    const once = (await store.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere')).records
    const twice = (await store.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere')).records
    const facts = (records: typeof once) => records.map(({ id, endedAt, sealed }) => [id, endedAt, sealed]).sort()
    equal(facts(twice), facts(once), 'records')
    equal(
      [once, twice].map((records) => records.map(({ repeated }) => repeated)),
      [
        [false, false],
        [true, true],
      ],
      'repeated',
    )
  }),
  check('[S6 M4] a repeated end raises its marks as of the first, and ends what they cover', async ({ open, pass }) => {
    const store = await open()
    await create(store, session('a'), session('older'), session('newer', { signedInAt: signIn + 5000 }))
    await endById(store, 'a')
    const { endedAt, openedAt } = (await endById(store, 'a')).records[0] as { endedAt: number; openedAt: number }
    await pass(1.1)
    const { records } = await store.end({ ...byId('a'), sid: true }, 'user')
    equal(
      records.map(({ id, repeated }) => [id, repeated]).sort(),
      [
        [idOf('a'), true],
        [idOf('older'), false],
      ].sort(),
      'records',
    )
    equal(await living(store, 'older', 'newer'), ['newer'], 'alive')
    const mark = await store.covers({ ...who, sid: 's1', at: signIn })
    equal(mark?.before, signIn + Math.ceil(endedAt - openedAt), 'as of endedAt')
  }),
  check(
    '[M9 S6] the provider\u2019s time at the opening is kept, and an end counts from there',
    async ({ open, another }) => {
      const store = await open()
      const toldAt = signIn + 5000
      await create(store, session('a', { toldAt }), session('older'))
      equal((await (await another(store)).get(idOf('a')))?.toldAt, toldAt, 'of the session')
      const { records } = await endById(store, 'a')
      const { endedAt, openedAt } = records[0] as { endedAt: number; openedAt: number }
      const time = toldAt + Math.ceil(endedAt - openedAt)
      const again = await (await another(store)).end({ ...byId('a'), sid: true }, 'user')
      equal(again.records.find(({ id }) => id === idOf('a'))?.toldAt, toldAt, 'of the record')
      const mark = await store.covers({ ...who, sid: 's1', at: signIn })
      equal([mark?.before, mark?.authBefore], [time, time], 'the mark of the sid')
      await create(store, session('b', { toldAt, sub: 'bob', sid: undefined }))
      await store.end({ by: 'sub', ...who, sub: 'bob' }, 'everywhere')
      const everywhere = await store.covers({ ...who, sub: 'bob', at: toldAt })
      ok((everywhere?.before ?? 0) >= toldAt && (everywhere?.authBefore ?? 0) >= toldAt, 'the mark of the sub')
    },
  ),
  check('[S5] a session that has expired is still there to be ended, tokens and all', async ({ open, pass }) => {
    const store = await open()
    await create(store, session('a', { liveSeconds: 0.05 }))
    await pass(0.07)
    const { records } = await endById(store, 'a', 'absolute')
    equal(
      records.map(({ id, cause, repeated }) => [id, cause, repeated]),
      [[idOf('a'), 'absolute', false]],
      'records',
    )
  }),
]
