import { deadline } from '../../runtime.ts'
import type { Store, StoredSession } from '../../session/store.ts'
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
  ok,
  session,
  signIn,
  who,
} from './kit.ts'

/** Calls at the same time, from two handles: what they leave is what some order of them would have left. */
export const racingCases: readonly Case[] = [
  check('[S5 S11] what is acknowledged is seen at once, by every handle', async ({ open, another }) => {
    const store = await open()
    const other = await another(store)
    const expiresAt = (await store.now()) + 5000
    for (let round = 0; round < 8; round++) {
      const name = `a${round}`
      await create(store, session(name, { tokens: [{ hash: name, expiresAt }], sid: name }))
      equal(await alive(other, name), true, 'created')
      const { position } = await store.end({ ...byId(name), sid: true }, 'user')
      equal(await alive(other, name), false, 'alive')
      ok(await other.covers({ ...who, token: name, at: signIn }), 'token')
      ok(await other.covers({ ...who, sid: name, at: signIn }), 'sid')
      ok(other.reached(await other.head(), position), 'head')
    }
  }),
  check(
    '[S6 S11] 64 ends of one session: one ends it, the others answer the same record',
    async ({ open, another }) => {
      const store = await open()
      const handles = [store, await another(store)]
      const start = await store.head()
      await create(store, session('a'))
      const answers = await Promise.all(times(64, (index) => endById(pick(handles, index), 'a')))
      const records = answers.flatMap((answer) => answer.records)
      equal(
        [records.length, records.filter(({ repeated }) => !repeated).length],
        [64, 1],
        'records, and those not repeated',
      )
      equal(new Set(records.map(({ endedAt }) => endedAt)).size, 1, 'endedAt')
      equal((await entriesOf(store, start)).length, 1, 'entries')
    },
  ),
  check('[S5 S11] ends that overlap take each session once', async ({ open, another }) => {
    const store = await open()
    const handles = [store, await another(store)]
    const names = times(16, (index) => `a${index}`)
    await create(store, ...names.map((name, index) => session(name, { sid: `s${index % 3}` })))
    const answers = await Promise.all([
      ...names.map((name, index) => endById(pick(handles, index), name)),
      ...handles.map((handle) => handle.end({ by: 'sub', ...who, sub: 'alice' }, 'everywhere')),
      ...times(3, (index) => pick(handles, index).end({ by: 'sid', ...who, sid: `s${index}` }, 'admin')),
    ])
    const taken = answers.flatMap(({ records }) => records.filter(({ repeated }) => !repeated).map(({ id }) => id))
    equal([...taken].sort(), names.map(idOf).sort(), 'taken')
  }),
  check('[S11 A3] logins against an end of the person: refused or ended, none lives', async ({ open, another }) => {
    const store = await open()
    const handles = [store, await another(store)]
    const login = (index: number) => pick(handles, index).create(session(`a${index}`, { sid: undefined }))
    const end = () => pick(handles, 1).end({ by: 'sub', ...who, sub: 'alice', before: signIn }, 'backchannel')
    const [first, answer, second] = await Promise.all([
      Promise.all(times(16, login)),
      end(),
      Promise.all(times(16, (index) => login(16 + index))),
    ])
    const opened = [...first, ...second].flatMap((result, index) => (result === 'created' ? [idOf(`a${index}`)] : []))
    equal(answer.records.map(({ id }) => id).sort(), opened.sort(), 'those that opened are those that ended')
    equal((await store.list({ ...who, sub: 'alice' })).length, 0, 'alive')
  }),
  check(
    '[S4 S11 A3] updates and touches against an end never revive; the record has the last tokens',
    async ({ open, another }) => {
      const store = await open()
      const handles = [store, await another(store)]
      for (let round = 0; round < 8; round++) {
        const name = `a${round}`
        await create(store, session(name))
        const { id, revision, sealed } = (await store.get(idOf(name))) as StoredSession
        const renewed = new Uint8Array([round, 1, 2])
        const update = () => pick(handles, round).update(id, revision, { sealed: renewed })
        const end = () => pick(handles, round + 1).end(byId(name), 'user')
        const order = round % 4 < 2
        const [one, touched, two] = await Promise.all([
          order ? update() : end(),
          pick(handles, round).touch(id),
          order ? end() : update(),
        ])
        const [updated, ended] = (order ? [one, two] : [two, one]) as [string, Awaited<ReturnType<Store['end']>>]
        equal(touched, undefined, 'touch')
        ok(updated === 'updated' || updated === 'gone', `update: ${updated}`)
        equal(
          ended.records.map((record) => record.sealed),
          [updated === 'updated' ? renewed : sealed],
          'sealed',
        )
        equal([await alive(store, name), await store.update(id, revision + 1, {})], [false, 'gone'], 'afterwards')
      }
    },
  ),
  check('[S4 S11] of many updates of one revision one wins', async ({ open, another }) => {
    const store = await open()
    const handles = [store, await another(store)]
    await create(store, session('a'))
    const { id, revision } = (await store.get(idOf('a'))) as StoredSession
    const answers = await Promise.all(
      times(32, (index) => pick(handles, index).update(id, revision, { sealed: new Uint8Array([index]) })),
    )
    equal(answers.filter((answer) => answer === 'updated').length, 1, 'updated')
    equal(answers.filter((answer) => answer === 'stale').length, 31, 'stale')
    equal((await store.get(id))?.sealed, new Uint8Array([answers.indexOf('updated')]), 'the winner\u2019s')
  }),
  check('[S10 S11] of many claims of one key one is true', async ({ open, another }) => {
    const store = await open()
    const handles = [store, await another(store)]
    const answers = await Promise.all(times(64, (index) => pick(handles, index).claim('k', 100)))
    equal(answers.filter((won) => won).length, 1, 'won')
  }),
  check('[S2 S11] two logins that replace one session: it ends once', async ({ open, another }) => {
    const store = await open()
    const start = await store.head()
    const other = await another(store)
    await create(store, session('old'))
    const replaces = idOf('old')
    const answers = await Promise.all([
      store.create(session('x'), { replaces }),
      other.create(session('y'), { replaces }),
    ])
    equal(answers, ['created', 'created'], 'both open')
    equal(
      (await entriesOf(store, start)).map(({ id }) => id),
      [replaces],
      'ended',
    )
  }),
  check(
    '[F1 S11] ends from two handles at once: the feed has each once, without a gap, for one who reads meanwhile too',
    async ({ open, another }) => {
      const store = await open()
      const handles = [store, await another(store)]
      const start = await store.head()
      const names = times(64, (index) => `a${index}`)
      await create(store, ...names.map((name) => session(name, { sub: name, sid: undefined })))
      const meanwhile = seenUntil(handles[1] as Store, start, idOf('the last'))
      await Promise.all(names.map((name, index) => endById(pick(handles, index), name)))
      const entries = await entriesOf(store, start)
      equal(entries.map(({ id }) => id).sort(), names.map(idOf).sort(), 'each once')
      equal(await meanwhile, [...entries.map(({ id }) => id), idOf('the last')], 'seen meanwhile')
    },
  ),
  check('[S5 S11] a position is answered after the entry can be read', async ({ open, another }) => {
    const store = await open()
    const handles = [store, await another(store)]
    const start = await store.head()
    const names = times(12, (index) => `a${index}`)
    await create(store, ...names.map((name) => session(name, { sub: name, sid: undefined })))
    const answers = await Promise.all(names.map((name, index) => endById(pick(handles, index), name)))
    const entries = await entriesOf(store, start)
    for (const [index, { position }] of answers.entries()) {
      const own = entries.find(({ id }) => id === idOf(names[index] as string))
      ok(own && store.reached(position, own.position), 'its own entry is at or before its position')
    }
  }),
]

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

function pick(handles: readonly Store[], index: number): Store {
  return handles[index % handles.length] as Store
}

async function seenUntil(store: Store, position: string, last: string): Promise<readonly (string | undefined)[]> {
  const seen: (string | undefined)[] = []
  for await (const entry of store.feed(position, deadline(4))) {
    ok(!('lost' in entry), 'the feed lost continuity')
    seen.push(entry.id)
    if (entry.id === last) break
  }
  return seen
}
