import { type Case, check, create, endById, equal, idOf, living, ok, session, signIn, who } from './kit.ts'

/** Logout messages of the provider, and what marks reach. */
export const markCases: readonly Case[] = [
  check(
    '[M8 M1] a logout token with sid ends that sid up to iat and the slack; equal seconds are ended',
    async ({ open }) => {
      const store = await open()
      await create(
        store,
        session('older', { signedInAt: signIn - 50 }),
        session('equal', { signedInAt: signIn + 60 }),
        session('newer', { signedInAt: signIn + 61 }),
        session('s2', { sid: 's2' }),
        session('other client', { client: 'other' }),
      )
      const { records } = await store.end(
        { by: 'sid', ...who, sid: 's1', before: signIn, slackSeconds: 60 },
        'backchannel',
      )
      equal(records.map(({ id }) => id).sort(), ['older', 'equal'].map(idOf).sort(), 'records')
      equal(
        await living(store, 'older', 'equal', 'newer', 's2', 'other client'),
        ['newer', 's2', 'other client'],
        'alive',
      )
      ok(
        (await store.create(session('late', { signedInAt: signIn + 60 }))) !== 'created',
        'a late login of the same second',
      )
      equal(
        await store.create(session('later', { signedInAt: signIn + 61 })),
        'created',
        'a later login, without auth_time',
      )
      const at = async (seconds: number) => (await store.covers({ ...who, sid: 's1', at: signIn + seconds }))?.before
      equal([await at(60), await at(61)], [signIn + 60, undefined], 'covers')
    },
  ),
  check(
    '[M8] its sub takes that person\u2019s sessions without a sid, up to iat, without the slack',
    async ({ open }) => {
      const store = await open()
      const stray = (name: string, given = {}) => session(name, { sid: undefined, ...given })
      await create(
        store,
        session('held', { signedInAt: signIn + 30 }),
        stray('old'),
        stray('within the slack', { signedInAt: signIn + 30 }),
        stray('bob', { sub: 'bob' }),
        stray('other client', { client: 'other' }),
        session('s2', { sid: 's2' }),
      )
      await store.end({ by: 'sid', ...who, sid: 's1', sub: 'alice', before: signIn, slackSeconds: 60 }, 'backchannel')
      const left = ['within the slack', 'bob', 'other client', 's2']
      equal(await living(store, 'held', 'old', ...left), left, 'alive')
      equal(await store.covers({ ...who, sub: 'alice', at: signIn }), undefined, 'the person as a whole is not marked')
    },
  ),
  check('[M8] without a sub it ends no session that lacks a sid', async ({ open }) => {
    const store = await open()
    await create(store, session('a'), session('stray', { sid: undefined }))
    await store.end({ by: 'sid', ...who, sid: 's1', before: signIn, slackSeconds: 60 }, 'backchannel')
    equal(await living(store, 'a', 'stray'), ['stray'], 'alive')
  }),
  check(
    '[M8] a sub that does not agree with the sid\u2019s sessions: nothing ends, nothing is marked',
    async ({ open }) => {
      const store = await open()
      await create(store, session('a'), session('mallory', { sub: 'mallory', sid: undefined }))
      const wrong = { by: 'sid', ...who, sid: 's1', sub: 'mallory', before: signIn, slackSeconds: 60 } as const
      equal((await store.end(wrong, 'backchannel')).records, [], 'while it lives')
      equal(await living(store, 'a', 'mallory'), ['a', 'mallory'], 'alive')
      await endById(store, 'a')
      equal((await store.end(wrong, 'backchannel')).records, [], 'when it has ended')
      equal(await store.covers({ ...who, sid: 's1', at: signIn }), undefined, 'covers')
      equal(await living(store, 'mallory'), ['mallory'], 'alive')
    },
  ),
  check('[M8 M1] a logout token with sub alone ends that person\u2019s sessions up to iat', async ({ open }) => {
    const store = await open()
    await create(
      store,
      session('older', { signedInAt: signIn - 1 }),
      session('equal', { sid: undefined }),
      session('newer', { signedInAt: signIn + 1 }),
      session('bob', { sub: 'bob' }),
    )
    await store.end({ by: 'sub', ...who, sub: 'alice', before: signIn }, 'backchannel')
    equal(await living(store, 'older', 'equal', 'newer', 'bob'), ['newer', 'bob'], 'alive')
    ok((await store.create(session('late'))) !== 'created', 'a late login')
    equal(await store.create(session('later', { signedInAt: signIn + 1 })), 'created', 'a later one, without auth_time')
  }),
  check(
    '[M3 A4] marks are only ever raised: a late or repeated message ends only what is older than itself',
    async ({ open }) => {
      const store = await open()
      for (const by of [
        { by: 'sid', ...who, sid: 's1' },
        { by: 'sub', ...who, sub: 'alice' },
      ] as const) {
        const [name, covers] = [`newer ${by.by}`, async (at: number) => (await store.covers({ ...by, at }))?.before]
        await store.end({ ...by, before: signIn + 100 }, 'backchannel')
        await create(store, session(name, { signedInAt: signIn + 101 }))
        await store.end({ ...by, before: signIn }, 'backchannel')
        equal(await covers(signIn + 100), signIn + 100, 'before, after a late message')
        await store.end({ ...by, before: signIn + 100 }, 'backchannel')
        equal(await covers(signIn + 100), signIn + 100, 'before, after a repeated one')
        equal(await living(store, name), [name], 'alive')
      }
    },
  ),
  check('[M3] authBefore is not lowered by an older end, nor by one that does not ask', async ({ open }) => {
    const store = await open()
    const stale = () => store.create(session('stale', { signedInAt: signIn + 900, authTime: signIn + 100 }))
    await store.end({ by: 'sub', ...who, sub: 'alice', before: signIn + 100 }, 'everywhere')
    ok((await stale()) !== 'created', 'at first')
    await store.end({ by: 'sub', ...who, sub: 'alice', before: signIn }, 'everywhere')
    ok((await stale()) !== 'created', 'after an older one')
    await store.end({ by: 'sub', ...who, sub: 'alice', before: signIn + 200 }, 'backchannel')
    ok((await stale()) !== 'created', 'after one that does not ask')
  }),
  check('[A3 M3] logging in erases no mark', async ({ open }) => {
    const store = await open()
    const expiresAt = (await store.now()) + 5000
    await create(store, session('a', { tokens: [{ hash: 't', expiresAt }] }))
    await store.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere')
    await store.end({ by: 'sid', ...who, sid: 's1', before: signIn }, 'backchannel')
    await create(store, session('back', { signedInAt: signIn + 5000, authTime: signIn + 5000 }))
    ok(await store.covers({ ...who, sub: 'alice', at: signIn }), 'sub')
    ok(await store.covers({ ...who, sid: 's1', at: signIn }), 'sid')
    ok(await store.covers({ ...who, token: 't', at: signIn }), 'token')
    ok((await store.create(session('a'))) !== 'created', 'id')
    ok(
      (await store.create(session('stale', { sid: 's9', signedInAt: signIn + 6000, authTime: signIn }))) !== 'created',
      'authBefore',
    )
  }),
  check('[M3 S8] marks are one issuer\u2019s and one client\u2019s: no other is covered', async ({ open }) => {
    const store = await open()
    await store.end({ by: 'sid', ...who, sid: 's1', before: signIn }, 'backchannel')
    await store.end({ by: 'sub', ...who, sub: 'alice', before: signIn }, 'backchannel')
    const both = { sid: 's1', sub: 'alice', at: signIn }
    for (const here of [
      { ...who, client: 'other' },
      { ...who, iss: 'https://other.example' },
    ]) {
      equal(await store.covers({ ...here, ...both }), undefined, 'covers')
      equal(await store.create(session(`at ${here.iss} ${here.client}`, here)), 'created', 'login')
    }
    equal(await store.covers({ iss: who.iss, ...both }), undefined, 'claims that name no client')
    ok(await store.covers({ ...who, sid: 's1', at: signIn }), 'by sid alone')
    ok(await store.covers({ ...who, sub: 'alice', sid: 's2', at: signIn }), 'by sub')
    equal(await store.covers({ ...who, sub: 'bob', sid: 's2', at: signIn }), undefined, 'neither')
  }),
  check('[M3 S8] names that look alike when put together are not the same', async ({ open }) => {
    const store = await open()
    const [one, two] = [
      { iss: 'https://a', client: 'b:c', sid: 'd', sub: 'x' },
      { iss: 'https://a', client: 'b', sid: 'c:d', sub: 'x' },
    ]
    await create(
      store,
      session('one', one),
      session('two', two),
      session('as sub', { ...one, sid: undefined, sub: 'd' }),
    )
    await store.end({ by: 'sid', iss: one.iss, client: one.client, sid: one.sid, before: signIn }, 'backchannel')
    equal(await living(store, 'one', 'two', 'as sub'), ['two', 'as sub'], 'alive')
    equal(await store.covers({ ...two, at: signIn }), undefined, 'covers')
  }),
  check('[S8] covers answers the mark: its number, its cause, when it was made', async ({ open }) => {
    const store = await open()
    const before = await store.now()
    await store.end({ by: 'sub', ...who, sub: 'alice', before: signIn }, 'backchannel')
    const mark = await store.covers({ ...who, sub: 'alice', at: signIn - 10 })
    equal([mark?.before, mark?.cause], [signIn, 'backchannel'], 'the mark')
    ok(mark && mark.endedAt >= before && mark.endedAt <= (await store.now()), 'endedAt')
  }),
  check(
    '[M9 M2] an end that starts here is timed by the newest session that it ends, in the provider\u2019s clock',
    async ({ open, pass }) => {
      const store = await open()
      await create(store, session('a', { signedInAt: signIn - 900 }), session('b'))
      await pass(0.05)
      const { records } = await store.end({ by: 'sid', ...who, sid: 's1' }, 'admin')
      const newest = records.find(({ id }) => id === idOf('b'))
      ok(newest && newest.endedAt > newest.openedAt, 'some time has gone by')
      const mark = await store.covers({ ...who, sid: 's1', at: signIn })
      equal(mark?.before, signIn + Math.ceil(newest.endedAt - newest.openedAt), 'before')
      equal(mark?.authBefore, mark?.before, 'authBefore')
    },
  ),
  check('[M9] an end that ends nothing is timed by the store\u2019s now', async ({ open }) => {
    const store = await open()
    const before = await store.now()
    await store.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere')
    const mark = await store.covers({ ...who, sub: 'alice', at: signIn })
    ok(mark?.before && mark.before >= Math.floor(before) && mark.before <= Math.ceil(await store.now()), 'before')
  }),
]
