import type { StoredSession } from '../../session/store.ts'
import type { Cause } from '../../words.ts'
import {
  alive,
  byId,
  type Case,
  check,
  create,
  endById,
  equal,
  idOf,
  limits,
  living,
  ok,
  session,
  signIn,
  who,
} from './kit.ts'

const refusing: readonly Cause[] = [
  'user',
  'everywhere',
  'device',
  'admin',
  'backchannel',
  'frontchannel',
  'refresh_refused',
]
const allowing: readonly Cause[] = ['replaced', 'idle', 'absolute', 'session_expiry']

/** Opening, reading, refreshing. */
export const sessionCases: readonly Case[] = [
  check('[S13] open answers how durable it is; now() is epoch seconds that do not go back', async ({ open }) => {
    // `open` of this kit checks the durability of every store that a case opens.
    const store = await open()
    const [first, second] = [await store.now(), await store.now()]
    ok(second >= first && first > 1_000_000_000, 'now()')
  }),
  check('[S1 S15] create stamps the store\u2019s times, and get answers what was given', async ({ open }) => {
    const store = await open()
    const given = session('a', { authTime: signIn - 5, tokens: [{ hash: 'h', expiresAt: 5_000_000_000 }] })
    const before = await store.now()
    await create(store, given)
    const after = await store.now()
    const got = (await store.get(given.id)) as StoredSession
    ok(got.openedAt >= before && got.openedAt <= after, 'openedAt: the store\u2019s clock')
    const stamped = {
      openedAt: got.openedAt,
      seenAt: got.openedAt,
      expiresAt: got.openedAt + 1000,
      revision: got.revision,
    }
    equal({ ...got, expiresAt: got.expiresAt }, { ...given, ...stamped }, 'the session')
  }),
  check('[S1] every value is opaque: any character, and nothing where nothing was given', async ({ open }) => {
    const store = await open()
    const odd = session('odd', {
      sub: 'a "b"\n:\\%*{}\u0001\u00e9\u{1f600}',
      sid: ' s:1|2 ',
      client: 'app:x',
      sealed: new Uint8Array([0, 255, 1]),
    })
    await create(store, odd, session('bare', { sid: undefined }))
    const { sub, sid, client, sealed } = (await store.get(odd.id)) as StoredSession
    equal(
      { sub, sid, client, sealed },
      { sub: odd.sub, sid: odd.sid, client: odd.client, sealed: odd.sealed },
      'odd values',
    )
    const bare = (await store.get(idOf('bare'))) as StoredSession
    equal([bare.sid, bare.authTime, bare.tokens], [undefined, undefined, []], 'what was not given')
    equal((await store.list({ iss: odd.iss, client: odd.client, sub: odd.sub })).length, 1, 'found by its sub')
  }),
  check('[S1] a life over absoluteSeconds is cut, and ends by that word', async ({ open }) => {
    const store = await open()
    await create(store, session('long', { liveSeconds: 10 * limits.absoluteSeconds, endsBy: 'session_expiry' }))
    const long = (await store.get(idOf('long'))) as StoredSession
    equal([long.expiresAt - long.openedAt, long.endsBy], [limits.absoluteSeconds, 'absolute'], 'cut')
    await create(store, session('short', { liveSeconds: 10, endsBy: 'session_expiry' }))
    equal((await store.get(idOf('short')))?.endsBy, 'session_expiry', 'the provider\u2019s own end comes first')
  }),
  check('[S1] a second create leaves a live session as it is', async ({ open }) => {
    const store = await open()
    await create(store, session('a'), session('a', { sub: 'mallory', signedInAt: signIn + 9 }))
    const got = (await store.get(idOf('a'))) as StoredSession
    equal([got.sub, got.signedInAt], ['alice', signIn], 'the session')
    equal((await store.list({ ...who, sub: 'mallory' })).length, 0, 'sessions of the second')
  }),
  check('[S1 A3] an id that has ended opens nothing again', async ({ open }) => {
    const store = await open()
    await create(store, session('a'))
    await endById(store, 'a')
    const refused = await store.create(session('a', { signedInAt: signIn + 500 }))
    ok(typeof refused === 'object' && refused.cause === 'user', 'refused, with the mark')
    equal(await alive(store, 'a'), false, 'alive')
  }),
  check('[S2] replaces ends the old session in the same step', async ({ open }) => {
    const store = await open()
    await create(store, session('old', { tokens: [{ hash: 'old token', expiresAt: 5_000_000_000 }] }))
    equal(await store.create(session('new'), { replaces: idOf('old') }), 'created', 'create')
    equal(await living(store, 'old', 'new'), ['new'], 'alive')
    const { records } = await endById(store, 'old')
    equal(
      records.map(({ cause, repeated }) => [cause, repeated]),
      [['replaced', true]],
      'what was left',
    )
    ok(await store.covers({ ...who, at: signIn, token: 'old token' }), 'its token is marked')
    equal(await alive(store, 'new'), true, 'the new one, same sid and second')
  }),
  check('[S2] a refused create replaces nothing', async ({ open }) => {
    const store = await open()
    await create(store, session('old', { sub: 'bob', sid: 's2' }))
    await store.end({ by: 'sub', ...who, sub: 'alice', before: signIn }, 'backchannel')
    ok((await store.create(session('new'), { replaces: idOf('old') })) !== 'created', 'refused')
    equal(await living(store, 'old', 'new'), ['old'], 'alive')
  }),
  check('[S2] startedWith refuses when that session has ended, with its mark', async ({ open }) => {
    for (const cause of refusing) {
      const store = await open()
      await create(store, session('first'))
      const { records } = await endById(store, 'first', cause)
      const refused = await store.create(session('then', { sub: 'bob', sid: 's2', signedInAt: signIn + 50 }), {
        startedWith: idOf('first'),
      })
      ok(typeof refused === 'object', `refused after ${cause}`)
      equal([refused.cause, refused.endedAt], [cause, records[0]?.endedAt], 'the mark')
      equal(await alive(store, 'then'), false, 'alive')
      // Of several each counts, the one that has ended too.
      await create(store, session('second', { sub: 'bob', sid: 's2', signedInAt: signIn + 50 }))
      const late = session('late', { sub: 'bob', sid: 's2', signedInAt: signIn + 50 })
      for (const both of [
        ['first', 'second'],
        ['second', 'first'],
      ])
        ok((await store.create(late, { startedWith: both.map(idOf) })) !== 'created', `one of two after ${cause}`)
      equal(await store.create(late, { startedWith: [idOf('second')] }), 'created', 'the living one alone')
    }
  }),
  check(
    '[S2] startedWith allows after replacement and expiry, while it lives, and when it is unknown',
    async ({ open }) => {
      for (const cause of allowing) {
        const store = await open()
        await create(store, session('first'))
        await endById(store, 'first', cause)
        equal(await store.create(session('then'), { startedWith: idOf('first') }), 'created', `after ${cause}`)
        equal(await store.create(session('more'), { startedWith: idOf('then') }), 'created', 'while it lives')
        equal(await store.create(session('last'), { startedWith: idOf('never was') }), 'created', 'unknown')
      }
    },
  ),
  check('[S3] get and touch of what is not there: nothing, and nothing is made', async ({ open }) => {
    const store = await open()
    await store.touch(idOf('a'))
    equal(await store.get(idOf('a')), undefined, 'get')
    equal((await store.list({ ...who, sub: 'alice' })).length, 0, 'list')
  }),
  check('[S3] touch notes seenAt and moves nothing else', async ({ open, pass }) => {
    const store = await open()
    await create(store, session('a'))
    const before = (await store.get(idOf('a'))) as StoredSession
    await pass(0.05)
    const noticed = await store.now()
    await store.touch(idOf('a'))
    const after = (await store.get(idOf('a'))) as StoredSession
    ok(after.seenAt >= noticed, 'seenAt')
    equal({ ...after, seenAt: 0 }, { ...before, seenAt: 0 }, 'the rest')
  }),
  check('[S4 M2] update answers updated, then stale; only the revision and the patch move', async ({ open }) => {
    const store = await open()
    await create(store, session('a'))
    const first = (await store.get(idOf('a'))) as StoredSession
    const patch = { sealed: new Uint8Array([7, 7]), tokens: [{ hash: 'second', expiresAt: 5_000_000_000 }] }
    equal(await store.update(first.id, first.revision, patch), 'updated', 'the first')
    const second = (await store.get(first.id)) as StoredSession
    ok(second.revision !== first.revision, 'the revision moves')
    const still = (got: StoredSession) => [
      got.signedInAt,
      got.openedAt,
      got.seenAt,
      got.sub,
      got.sid,
      Math.round(got.expiresAt - got.openedAt),
    ]
    equal(still(second), still(first), 'what an update does not move')
    equal({ sealed: second.sealed, tokens: second.tokens }, patch, 'the patch')
    equal(await store.update(first.id, first.revision, { sealed: new Uint8Array([9]) }), 'stale', 'the old revision')
    equal((await store.get(first.id))?.sealed, patch.sealed, 'a stale update writes nothing')
  }),
  check('[S4] an update\u2019s liveSeconds run from now on, and never past absoluteSeconds', async ({ open }) => {
    const store = await open()
    await create(store, session('a', { liveSeconds: 50, endsBy: 'session_expiry' }))
    const first = (await store.get(idOf('a'))) as StoredSession
    const before = await store.now()
    await store.update(first.id, first.revision, { liveSeconds: 2000 })
    const longer = (await store.get(first.id)) as StoredSession
    ok(longer.expiresAt >= before + 2000 && longer.expiresAt <= (await store.now()) + 2000, 'from now on')
    equal(longer.endsBy, 'session_expiry', 'the word stays')
    await store.update(first.id, longer.revision, { liveSeconds: 10 * limits.absoluteSeconds })
    const cut = (await store.get(first.id)) as StoredSession
    equal([cut.expiresAt - cut.openedAt, cut.endsBy], [limits.absoluteSeconds, 'absolute'], 'cut')
  }),
  check('[S4 A3] update never creates: gone, for what never was and for what has ended', async ({ open }) => {
    const store = await open()
    equal(await store.update(idOf('never'), 0, { sealed: new Uint8Array([1]) }), 'gone', 'never was')
    await create(store, session('a'))
    const { revision } = (await store.get(idOf('a'))) as StoredSession
    await endById(store, 'a')
    equal(await store.update(idOf('a'), revision, { sealed: new Uint8Array([1]) }), 'gone', 'ended')
    await store.touch(idOf('a'))
    equal(await living(store, 'never', 'a'), [], 'alive')
    equal((await store.list({ ...who, sub: 'alice' })).length, 0, 'listed')
  }),
  check('[S9] list answers the live sessions of a person, and of a sid, at that client', async ({ open }) => {
    const store = await open()
    await create(
      store,
      session('a'),
      session('b', { sid: 's2' }),
      session('c', { sid: undefined }),
      session('bob', { sub: 'bob' }),
      session('other client', { client: 'other' }),
      session('other issuer', { iss: 'https://other.example' }),
      session('ended'),
    )
    await store.end(byId('ended'), 'user')
    const ids = (found: readonly StoredSession[]) => found.map(({ id }) => id).sort()
    equal(ids(await store.list({ ...who, sub: 'alice' })), ['a', 'b', 'c'].map(idOf).sort(), 'of alice')
    equal(ids(await store.list({ ...who, sid: 's1' })), ['a', 'bob'].map(idOf).sort(), 'of the sid')
    equal(ids(await store.list({ ...who, sub: 'carol' })), [], 'of nobody')
  }),
  check('[S10] claim is true once, for each key', async ({ open, another }) => {
    const store = await open()
    const other = await another(store)
    equal(
      [await store.claim('k', 100), await store.claim('k', 100), await other.claim('k', 1)],
      [true, false, false],
      'one key',
    )
    equal([await other.claim('k2', 100), await store.claim('k2', 100)], [true, false], 'another key')
  }),
]
