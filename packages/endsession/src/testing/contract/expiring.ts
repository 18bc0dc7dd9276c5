import type { StoredSession } from '../../session/store.ts'
import {
  alive,
  byId,
  type Case,
  check,
  create,
  endById,
  entriesAfter,
  equal,
  eventually,
  idOf,
  ok,
  session,
  signIn,
  who,
} from './kit.ts'

/** Time: with limits of fractions of a second, in the store's own clock. */
export const expiringCases: readonly Case[] = [
  check(
    '[M1 S3 S7] a session ends by itself: nobody gets it, nothing wakes it, and it waits to be ended',
    async ({ open, pass }) => {
      const store = await open({ absoluteSeconds: 0.4 })
      await create(store, session('absolute'), session('provider', { liveSeconds: 0.2, endsBy: 'session_expiry' }))
      const { revision } = (await store.get(idOf('absolute'))) ?? { revision: 0 }
      await pass(0.42)
      for (const [name, word] of [
        ['absolute', 'absolute'],
        ['provider', 'session_expiry'],
      ] as const) {
        await store.touch(idOf(name))
        equal(await store.update(idOf(name), revision, { liveSeconds: 100 }), 'gone', 'update')
        equal(await alive(store, name), false, 'alive')
        const waiting = (await store.pending(10)).expired.find(({ id }) => id === idOf(name))
        equal(waiting?.endsBy, word, 'pending, with the word for its end')
      }
      equal(await store.list({ ...who, sub: 'alice' }), [], 'listed')
      equal((await store.pending(1)).expired.length, 1, 'so many at most')
      await endById(store, 'absolute', 'absolute')
      equal(
        (await store.pending(10)).expired.map(({ id }) => id),
        [idOf('provider')],
        'once it is ended',
      )
    },
  ),
  check('[M1 S3 S7] an idle session ends too; touch keeps it, and never brings it back', async ({ open, pass }) => {
    const store = await open({ idleSeconds: 0.4 })
    const opened = await store.now()
    await create(store, session('used'), session('idle'))
    await pass(0.3)
    const touched = await store.now()
    await store.touch(idOf('used'))
    // On a machine that stood still meanwhile this says nothing.
    const tooLate = (await store.now()) >= opened + 0.4
    await pass(0.15)
    const lives = await alive(store, 'used')
    ok(lives || tooLate || (await store.now()) >= touched + 0.4, 'the touched one lives')
    equal(await alive(store, 'idle'), false, 'the other')
    await store.touch(idOf('idle'))
    equal(await alive(store, 'idle'), false, 'touched too late')
    ok(
      (await store.pending(10)).expired.some(({ id }) => id === idOf('idle')),
      'pending',
    )
  }),
  check(
    '[S1 A3] an expired session\u2019s id opens nothing again, whether or not its end has been noted',
    async ({ open, pass }) => {
      const store = await open({ idleSeconds: 0.1 })
      const given = session('a')
      await create(store, given)
      await pass(0.12)
      const refused = await store.create(given)
      ok(typeof refused === 'object', 'refused')
      equal([refused.cause, await alive(store, 'a')], ['idle', false], 'cause and life')
      await endById(store, 'a', 'idle')
      ok((await store.create(given)) !== 'created', 'once it has been noted')
    },
  ),
  check('[S6] a record answers for endedSeconds; that of an expiry for a day', async ({ open, pass }) => {
    const store = await open({ endedSeconds: 0.3 })
    await create(store, session('a'), session('b'))
    await endById(store, 'a')
    const [first] = (await endById(store, 'a')).records
    ok(first?.repeated || (await store.now()) > (first?.endedAt ?? 0), 'at first')
    await endById(store, 'b', 'idle')
    await pass(0.32)
    equal((await endById(store, 'a')).records, [], 'after endedSeconds')
    equal(
      (await endById(store, 'b')).records.map(({ repeated }) => repeated),
      [true],
      'after an expiry',
    )
    ok(
      (await store.pending(10)).unsettled.some(({ id }) => id === idOf('a')),
      'kept until settled',
    )
    ok((await store.create(session('a'))) !== 'created', 'its id stays ended')
  }),
  check('[S10] a claim is free again when its time is over', async ({ open, pass }) => {
    const store = await open()
    equal([await store.claim('k', 0.2), await store.claim('long', 100)], [true, true], 'at first')
    await pass(0.22)
    equal(
      [await store.claim('k', 100), await store.claim('k', 100), await store.claim('long', 100)],
      [true, false, false],
      'later',
    )
  }),
  check(
    '[M13 F3] marks are kept absoluteSeconds and accessTokenSeconds, authBefore for reauthSeconds',
    async ({ open, pass }) => {
      const store = await open({ absoluteSeconds: 0.3, accessTokenSeconds: 0.2, reauthSeconds: 0.8 })
      await store.end({ by: 'sub', ...who, sub: 'alice', before: signIn }, 'everywhere')
      const at = (await store.covers({ ...who, sub: 'alice', at: signIn }))?.endedAt ?? 0
      await pass(0.35)
      const covered = await store.covers({ ...who, sub: 'alice', at: signIn })
      ok(covered || (await store.now()) >= at + 0.5, 'longer than absoluteSeconds alone')
      await pass(0.17)
      const gone = async () => (await store.covers({ ...who, sub: 'alice', at: signIn })) === undefined
      await eventually(gone, 'before is over')
      const stale = await store.create(session('stale', { authTime: signIn }))
      ok(stale !== 'created' || (await store.now()) >= at + 0.8, 'authBefore outlives before')
      const { entries } = await store.snapshot()
      for await (const entry of entries) ok(entry.sub === undefined, 'no entry for what is over')
      await pass(0.3)
      await eventually(
        async () => (await store.create(session('b', { authTime: signIn }))) === 'created',
        'authBefore is over',
      )
    },
  ),
  check('[M13] the marks of an id and of a token are kept until those would have expired', async ({ open, pass }) => {
    const store = await open({ absoluteSeconds: 0.2, accessTokenSeconds: 0.1, endedSeconds: 0.1 })
    const now = await store.now()
    await create(
      store,
      session('a', {
        tokens: [
          { hash: 'long', expiresAt: now + 100 },
          { hash: 'short', expiresAt: now + 0.3 },
        ],
      }),
    )
    await endById(store, 'a')
    await pass(0.35)
    ok(await store.covers({ ...who, at: signIn, token: 'long' }), 'a token that lives longer than its session')
    await eventually(
      async () => (await store.covers({ ...who, at: signIn, token: 'short' })) === undefined,
      'a token that has expired',
    )
  }),
  check('[M13 A3] no mark goes before `marksUntil`, where the limits have one', async ({ open, pass }) => {
    const marksUntil = (await (await open()).now()) + 1000
    const store = await open({ absoluteSeconds: 0.2, accessTokenSeconds: 0.1, endedSeconds: 0.1, marksUntil })
    await create(store, session('a'))
    await endById(store, 'a')
    await store.end({ by: 'sub', ...who, sub: 'bob', before: signIn }, 'backchannel')
    await pass(0.45)
    ok((await store.create(session('a'))) !== 'created', 'a session that has ended')
    ok(await store.covers({ ...who, sub: 'bob', at: signIn }), 'a person')
  }),
  check(
    '[F1 F2] entries are kept until their time is over; then a follower from before gets all, or is told of the loss',
    async ({ open, pass }) => {
      const store = await open({ absoluteSeconds: 0.2, accessTokenSeconds: 0.1, endedSeconds: 0.1 })
      const start = await store.head()
      const begun = await store.now()
      const end = async (...names: readonly string[]) => {
        for (const name of names) {
          await create(store, session(name, { sid: undefined }))
          await endById(store, name)
        }
        return names.map(idOf).join()
      }
      const idsAfter = async (position: string, count: number) =>
        (await entriesAfter(store, position, count)).map(({ id }) => id).join()
      const first = await end('a', 'b', 'c')
      ok((await idsAfter(start, 3)) === first || (await store.now()) >= begun + 0.1, 'kept until then')
      await pass(0.3)
      const second = await end('d', 'e', 'f')
      const found = await idsAfter(start, 6)
      ok(found === '' || found === `${first},${second}`, 'never a gap that is not said')
      const position = await store.head()
      const third = await end('g')
      equal(await idsAfter(position, 1), third, 'the newest is there')
    },
  ),
  check('[F5] a follower that is silent for accessTokenSeconds is forgotten', async ({ open, pass }) => {
    const store = await open({ accessTokenSeconds: 0.3 })
    await store.follow('silent', await store.head())
    await pass(0.32)
    await store.follow('speaks', await store.head())
    equal(
      (await store.followers()).map(({ name }) => name),
      ['speaks'],
      'followers',
    )
  }),
  check('[S2] startedWith that has expired refuses nothing, and its end by expiry neither', async ({ open, pass }) => {
    const store = await open()
    await create(store, session('first', { liveSeconds: 0.1 }))
    await pass(0.12)
    equal(await store.create(session('one'), { startedWith: idOf('first') }), 'created', 'not yet noted')
    await endById(store, 'first', 'absolute')
    equal(
      await store.create(session('two'), { startedWith: idOf('first'), replaces: idOf('first') }),
      'created',
      'noted',
    )
    const kept = (await store.end(byId('first'), 'user')).records[0] as StoredSession & { cause: string }
    equal(kept.cause, 'absolute', 'its cause')
  }),
]

/** Time that nobody can wait for: run where the clock can be moved. */
export const longCases: readonly Case[] = [
  check('[S7] an ended record is kept a day at most, settled or not', async ({ open, pass }) => {
    const store = await open()
    await create(store, session('a'), session('settled'))
    await endById(store, 'a')
    await endById(store, 'settled')
    await store.settle(idOf('settled'))
    await pass(86_000)
    equal(
      (await store.pending(10)).unsettled.map(({ id }) => id),
      [idOf('a')],
      'almost a day',
    )
    await pass(401)
    equal((await store.pending(10)).unsettled, [], 'a day')
    equal((await endById(store, 'a')).records, [], 'it does not answer')
  }),
  check('[S6] the record of an expiry answers for a day, not longer', async ({ open, pass }) => {
    const store = await open()
    await create(store, session('a'))
    await endById(store, 'a', 'idle')
    await store.settle(idOf('a'))
    await pass(86_000)
    equal(
      (await endById(store, 'a')).records.map(({ cause, repeated }) => [cause, repeated]),
      [['idle', true]],
      'almost a day',
    )
    await pass(401)
    equal((await endById(store, 'a')).records, [], 'a day')
  }),
  check(
    '[M13 A3] with the usual limits a mark refuses as long as a session or a token of before may live',
    async ({ open, pass }) => {
      const store = await open({
        absoluteSeconds: 604_800,
        idleSeconds: 86_400,
        accessTokenSeconds: 86_400,
        reauthSeconds: 2_592_000,
      })
      const login = { signedInAt: signIn + 900_000 }
      await store.end({ by: 'sub', ...who, sub: 'alice', before: signIn }, 'everywhere')
      await pass(604_800 + 86_400 - 1)
      ok(await store.covers({ ...who, sub: 'alice', at: signIn }), 'covers')
      await pass(2)
      equal(await store.covers({ ...who, sub: 'alice', at: signIn }), undefined, 'covers no longer')
      await pass(2_592_000 - 604_800 - 86_400 - 2)
      ok((await store.create(session('stale', { ...login, authTime: signIn }))) !== 'created', 'authBefore')
      await pass(2)
      equal(await store.create(session('b', { ...login, authTime: signIn })), 'created', 'authBefore no longer')
    },
  ),
]
