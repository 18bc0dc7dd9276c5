import type { StoredSession } from '../../session/store.ts'
import type { Cause } from '../../words.ts'
import {
  alive,
  byId,
  type Case,
  check,
  create,
  endById,
  entriesOf,
  equal,
  idOf,
  living,
  ok,
  session,
  signIn,
  who,
} from './kit.ts'

const inADay = async (now: Promise<number>) => (await now) + 86_400
/** Causes that mark nothing but what they end. */
const narrow: readonly Cause[] = [
  'user',
  'frontchannel',
  'idle',
  'absolute',
  'session_expiry',
  'refresh_refused',
  'replaced',
]

/** What an end takes, answers and leaves. */
export const endingCases: readonly Case[] = [
  check('[S5 S6] an end answers the session with its sealed tokens; nothing opens it any more', async ({ open }) => {
    const store = await open()
    await create(store, session('a', { tokens: [{ hash: 't', expiresAt: await inADay(store.now()) }] }))
    const held = (await store.get(idOf('a'))) as StoredSession
    const before = await store.now()
    const { records, position } = await endById(store, 'a')
    const [record] = records
    ok(record && records.length === 1, 'one record')
    ok(record.endedAt >= before && record.endedAt <= (await store.now()), 'endedAt: the store\u2019s clock')
    equal(record, { ...held, cause: 'user', endedAt: record.endedAt, repeated: false, settled: false }, 'the record')
    equal([await store.get(held.id), await store.list({ ...who, sub: 'alice' })], [undefined, []], 'what lives')
    ok(store.reached(await store.head(), position), 'the head is at the position')
  }),
  check('[S6 A13] a repeated end answers the same record, and ends nothing once more', async ({ open, another }) => {
    const store = await open()
    const start = await store.head()
    await create(store, session('a'))
    const { records } = await endById(store, 'a')
    const again = await (await another(store)).end(byId('a'), 'device')
    equal(
      again.records,
      records.map((record) => ({ ...record, repeated: true })),
      'the records',
    )
    equal((await entriesOf(store, start)).length, 1, 'entries')
  }),
  check('[S6] an unknown id: no records, no mark, no entry', async ({ open }) => {
    const store = await open()
    const start = await store.head()
    const { records, position } = await store.end({ ...byId('a'), sid: true }, 'user')
    equal([records, position], [[], start], 'the answer')
    await create(store, session('a'))
    equal(await alive(store, 'a'), true, 'alive')
  }),
  check('[S6 S7] a settled record still answers, and says so', async ({ open }) => {
    const store = await open()
    await create(store, session('a'))
    await endById(store, 'a')
    await store.settle(idOf('a'))
    const { records } = await endById(store, 'a')
    equal(
      records.map(({ repeated, settled }) => [repeated, settled]),
      [[true, true]],
      'the record',
    )
  }),
  check(
    '[S7] pending answers what is not settled, so many at most; settle takes one off',
    async ({ open, another }) => {
      const store = await open()
      const names = ['a', 'b', 'c']
      await create(store, ...names.map((name) => session(name)), session('lives'))
      for (const name of names) await endById(store, name)
      const unsettled = async () => (await (await another(store)).pending(10)).unsettled.map(({ id }) => id).sort()
      equal(await unsettled(), names.map(idOf).sort(), 'all of them')
      equal((await store.pending(2)).unsettled.length, 2, 'two at most')
      await store.settle(idOf('a'))
      await store.settle(idOf('a'))
      await store.settle(idOf('never'))
      await store.settle(idOf('lives'))
      equal(await unsettled(), ['b', 'c'].map(idOf).sort(), 'after settling')
      equal([(await store.pending(10)).expired, await alive(store, 'lives')], [[], true], 'what lives')
    },
  ),
  check('[M4 S8] an end marks the ids and token hashes of its records', async ({ open }) => {
    const store = await open()
    const expiresAt = await inADay(store.now())
    await create(
      store,
      session('a', {
        tokens: [
          { hash: 't1', expiresAt },
          { hash: 't2', expiresAt },
        ],
      }),
      session('b', { tokens: [{ hash: 't3', expiresAt }] }),
    )
    const { records } = await endById(store, 'a')
    for (const token of ['t1', 't2']) {
      const mark = await store.covers({ iss: 'whoever', at: signIn + 999_999, token })
      equal([mark?.cause, mark?.endedAt], ['user', records[0]?.endedAt], token)
    }
    equal(await store.covers({ ...who, at: signIn, token: 't3' }), undefined, 'a living session\u2019s token')
  }),
  check('[M4 S6] tokens that turn up after their session has ended are marked', async ({ open }) => {
    const store = await open()
    const start = await store.head()
    await create(store, session('a'))
    await endById(store, 'a')
    const tokens = [{ hash: 'late', expiresAt: await inADay(store.now()) }]
    const { records, position } = await store.end({ by: 'tokens', id: idOf('a'), tokens }, 'user')
    equal(
      records.map(({ id, repeated }) => [id, repeated]),
      [[idOf('a'), true]],
      'the record',
    )
    ok(await store.covers({ ...who, at: signIn, token: 'late' }), 'marked')
    ok(store.reached(await store.head(), position) && position !== start, 'position')
    equal(
      (await entriesOf(store, start)).flatMap((entry) => entry.tokens),
      ['late'],
      'told to followers',
    )
  }),
  check(
    '[M5] an end that is narrow marks nothing more: one click logs back in, same sid, same second',
    async ({ open }) => {
      for (const cause of narrow) {
        const store = await open()
        await create(store, session('a'), session('sibling'))
        await endById(store, 'a', cause)
        equal(await store.covers({ ...who, sub: 'alice', sid: 's1', at: signIn }), undefined, `covers after ${cause}`)
        equal(await store.create(session('again')), 'created', `login after ${cause}`)
        equal(await living(store, 'a', 'sibling', 'again'), ['sibling', 'again'], `alive after ${cause}`)
      }
    },
  ),
  check('[M6 M4] with sid: the provider session is marked, and every session under it ends', async ({ open }) => {
    for (const cause of ['user', 'device', 'admin'] as const) {
      const store = await open()
      await create(
        store,
        session('a'),
        session('b'),
        session('no sid', { sid: undefined }),
        session('s2', { sid: 's2' }),
        session('other', { client: 'other' }),
      )
      const { records } = await store.end({ ...byId('a'), sid: true }, cause)
      equal(
        records.map(({ id, cause, repeated }) => [id, cause, repeated]).sort(),
        [idOf('a'), idOf('b')].sort().map((id) => [id, cause, false]),
        'records',
      )
      equal(await living(store, 'a', 'b', 'no sid', 's2', 'other'), ['no sid', 's2', 'other'], 'alive')
      ok(await store.covers({ ...who, sid: 's1', at: signIn }), 'before')
      const refused = await store.create(session('same second'))
      ok(
        typeof refused === 'object' && (refused.before ?? 0) >= signIn && (refused.authBefore ?? 0) >= signIn,
        'a login of the same second is refused, with both numbers',
      )
    }
  }),
  check('[M6 S1] after it a login needs an authentication that is fresh', async ({ open }) => {
    const store = await open()
    await create(store, session('a'))
    await store.end({ ...byId('a'), sid: true }, 'user')
    const later = (name: string, given = {}) => session(name, { signedInAt: signIn + 500, ...given })
    const refused = await store.create(later('stale', { authTime: signIn }))
    ok(typeof refused === 'object' && refused.authBefore !== undefined, 'an old auth_time')
    ok((await store.create(later('stale', { authTime: refused.authBefore }))) !== 'created', 'the same second')
    ok(
      (await store.create(later('stale', { authTime: signIn }), { interactive: true })) !== 'created',
      'old, though interactive',
    )
    ok((await store.create(later('none'))) !== 'created', 'no auth_time')
    equal(await store.create(later('none'), { interactive: true }), 'created', 'no auth_time after the login screen')
    equal(await store.create(later('fresh', { authTime: refused.authBefore + 1 })), 'created', 'fresh')
    equal(await store.create(later('elsewhere', { sid: 's2' })), 'created', 'another provider session')
  }),
  check(
    '[M6] without a sid a device\u2019s or an admin\u2019s end asks the person for fresh authentication, and ends only itself',
    async ({ open }) => {
      for (const cause of ['device', 'admin'] as const) {
        const store = await open()
        await create(store, session('a', { sid: undefined }), session('b'), session('c', { sid: undefined }))
        await store.end({ ...byId('a'), sid: true }, cause)
        equal(await living(store, 'a', 'b', 'c'), ['b', 'c'], 'alive')
        equal(await store.covers({ ...who, sub: 'alice', at: signIn }), undefined, '`before` is not raised')
        const refused = await store.create(session('stale', { authTime: signIn, signedInAt: signIn + 500 }))
        ok(typeof refused === 'object' && refused.authBefore !== undefined, 'an old auth_time')
        equal(await store.create(session('fresh', { authTime: refused.authBefore + 1 })), 'created', 'a fresh one')
      }
    },
  ),
  check(
    '[M7] an end by sub takes all of the person\u2019s sessions at that client, and raises both numbers',
    async ({ open }) => {
      for (const cause of ['everywhere', 'admin'] as const) {
        const store = await open()
        await create(
          store,
          session('a'),
          session('b', { sid: 's2' }),
          session('c', { sid: undefined, signedInAt: signIn + 20 }),
        )
        await create(
          store,
          session('bob', { sub: 'bob' }),
          session('other', { client: 'other' }),
          session('elsewhere', { iss: 'https://other.example' }),
        )
        const { records } = await store.end({ by: 'sub', ...who, sub: 'alice' }, cause)
        equal(records.map(({ id }) => id).sort(), ['a', 'b', 'c'].map(idOf).sort(), 'records')
        equal(await living(store, 'a', 'b', 'c', 'bob', 'other', 'elsewhere'), ['bob', 'other', 'elsewhere'], 'alive')
        const mark = await store.covers({ ...who, sub: 'alice', sid: 'any', at: signIn + 20 })
        ok((mark?.before ?? 0) >= signIn + 20 && (mark?.authBefore ?? 0) >= signIn + 20, 'both numbers')
        ok(
          (await store.create(session('stale', { sid: 's3', signedInAt: signIn + 900, authTime: signIn }))) !==
            'created',
          'an old auth_time',
        )
      }
    },
  ),
]
