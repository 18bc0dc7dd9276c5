import { within } from '../../runtime.ts'
import { subjectHash } from '../../session/marks.ts'
import type { Entry, Store } from '../../session/store.ts'
import {
  byId,
  type Case,
  check,
  client,
  create,
  endById,
  entriesAfter,
  entriesOf,
  equal,
  idOf,
  isLost,
  issuer,
  ok,
  patienceSeconds,
  session,
  signIn,
  who,
} from './kit.ts'

async function endMany(store: Store, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await create(store, session(name, { sub: `sub of ${name}`, sid: `sid of ${name}` }))
    await endById(store, name)
  }
}

async function gathered(entries: AsyncIterable<Entry>): Promise<readonly Entry[]> {
  const all: Entry[] = []
  for await (const entry of entries) all.push(entry)
  return all
}

/** The ordered stream of what ended. */
export const feedCases: readonly Case[] = [
  check(
    '[F1] a follower from the start sees every end once, in order, and each position is after the last',
    async ({ open }) => {
      const store = await open()
      const start = await store.head()
      await endMany(store, 'a', 'b', 'c', 'd')
      const entries = await entriesOf(store, start)
      equal(
        entries.map(({ id }) => id),
        ['a', 'b', 'c', 'd'].map(idOf),
        'in order',
      )
      const places = [start, ...entries.map(({ position }) => position)]
      for (const [index, place] of places.slice(1).entries()) {
        ok(store.reached(place, places[index] as string) && !store.reached(places[index] as string, place), 'rising')
      }
    },
  ),
  check('[F1] from any position comes what is after it, and what ends while one waits', async ({ open, another }) => {
    const store = await open()
    const other = await another(store)
    await endMany(store, 'a')
    const position = await store.head()
    const [own, others] = [entriesAfter(store, position, 2), entriesAfter(other, position, 2)]
    await endMany(store, 'b')
    await endMany(other, 'c')
    for (const seen of [own, others])
      equal(
        (await seen).map(({ id }) => id),
        ['b', 'c'].map(idOf),
        'seen',
      )
  }),
  check('[S5 F1] the position that an end answers stands for it: whoever has it has the entry', async ({ open }) => {
    const store = await open()
    const start = await store.head()
    await create(store, session('a'), session('b'))
    const { position } = await store.end({ ...byId('a'), sid: true }, 'user')
    const entries = await entriesOf(store, start)
    const covered = entries.filter((entry) => store.reached(position, entry.position))
    equal(covered.length, entries.length, 'entries at or before it')
    ok(covered.at(-1)?.position === position, 'the last one is it')
    equal(
      (await store.end({ ...byId('never') }, 'user')).position,
      await store.head(),
      'of an end of nothing: the head',
    )
  }),
  check('[F4 A6] entries hold hashes of sid and sub, never the values, nor anything sealed', async ({ open }) => {
    const store = await open()
    const start = await store.head()
    await create(store, session('a', { sid: 'the raw sid', sub: 'the raw sub' }))
    await store.end({ ...byId('a'), sid: true }, 'user')
    await store.end({ by: 'sub', ...who, sub: 'the raw sub' }, 'everywhere')
    const entries = [...(await entriesOf(store, start)), ...(await gathered((await store.snapshot()).entries))]
    ok(!/the raw|sealed/.test(JSON.stringify(entries)), 'no raw value')
    ok(
      entries.some(({ sid }) => sid === subjectHash(issuer, client, 'the raw sid')),
      'the hash of the sid',
    )
    ok(
      entries.some(({ sub }) => sub === subjectHash(issuer, client, 'the raw sub')),
      'the hash of the sub',
    )
  }),
  check('[F1 M4] entries tell all that the marks say: id, tokens, before, cause, until', async ({ open }) => {
    const store = await open()
    const start = await store.head()
    const expiresAt = Math.floor(await store.now()) + 50_000
    await create(store, session('a', { tokens: [{ hash: 't', expiresAt }] }))
    await store.end({ ...byId('a'), sid: true }, 'device')
    await store.end({ by: 'sub', ...who, sub: 'alice', before: signIn + 7 }, 'backchannel')
    const entries = await entriesOf(store, start)
    const bySid = entries.find(({ sid }) => sid)
    equal(bySid?.before, (await store.covers({ ...who, sid: 's1', at: signIn }))?.before, 'sid: before')
    equal([bySid?.cause, entries.find(({ sub }) => sub)?.before], ['device', signIn + 7], 'cause; sub: before')
    const one = entries.find(({ id }) => id === idOf('a'))
    ok(
      entries.some(({ tokens }) => tokens.includes('t')),
      'the token',
    )
    equal(one?.cause, 'device', 'the id\u2019s cause')
    const now = await store.now()
    for (const { until } of entries) ok(until > now, 'until')
    ok((entries.find(({ tokens }) => tokens.includes('t'))?.until ?? 0) >= expiresAt, 'as long as the token may live')
  }),
  check('[F2] another epoch, or no position at all: lost, and said', async ({ open }) => {
    const store = await open()
    const elsewhere = await open()
    await endMany(elsewhere, 'a')
    await endMany(store, 'a')
    equal(await isLost(store, await elsewhere.head()), true, 'another store\u2019s position')
    equal(await isLost(store, 'no position'), true, 'no position')
    equal(await isLost(store, ''), true, 'an empty one')
  }),
  check('[F1 F2] reached tells before, at and after; of another epoch: never', async ({ open }) => {
    const store = await open()
    const elsewhere = await open()
    const early = await store.head()
    const places = [early]
    for (let index = 0; index < 11; index++) {
      await endMany(store, `e${index}`)
      places.push(await store.head())
    }
    const late = await store.head()
    for (const [index, place] of places.entries()) {
      const found = places.map((want) => store.reached(place, want))
      equal(
        found,
        places.map((_, wanted) => wanted <= index),
        'own',
      )
    }
    equal([store.reached(await elsewhere.head(), early), store.reached(late, 'no position')], [false, false], 'others')
  }),
  check('[F1] an abort ends a follower, at once and also before it began; close ends it too', async ({ open }) => {
    const store = await open()
    const position = await store.head()
    const stop = new AbortController()
    const waiting = gathered(store.feed(position, stop.signal) as AsyncIterable<Entry>)
    const closed = gathered(store.feed(position, new AbortController().signal) as AsyncIterable<Entry>)
    stop.abort()
    equal(await within(waiting, patienceSeconds), [], 'aborted')
    equal(await gathered(store.feed(position, stop.signal) as AsyncIterable<Entry>), [], 'aborted before')
    await store.close()
    equal(await within(closed, patienceSeconds), [], 'closed')
  }),
  check(
    '[F3] snapshot answers every mark that covers anything, and the position that it stands for',
    async ({ open }) => {
      const store = await open()
      const expiresAt = (await store.now()) + 5000
      await create(
        store,
        session('a', {
          tokens: [
            { hash: 't1', expiresAt },
            { hash: 't2', expiresAt },
          ],
        }),
      )
      await store.end({ ...byId('a'), sid: true }, 'user')
      await store.end({ by: 'sub', ...who, sub: 'bob', before: signIn }, 'backchannel')
      await store.end({ by: 'tokens', id: idOf('a'), tokens: [{ hash: 't3', expiresAt }] }, 'user')
      await create(store, session('asked', { sid: undefined, sub: 'carol' }))
      await store.end({ ...byId('asked'), sid: true }, 'admin')
      const { position, entries } = await store.snapshot()
      const all = await gathered(entries)
      equal(position, await store.head(), 'the position')
      equal(all.flatMap(({ tokens }) => tokens).sort(), ['t1', 't2', 't3'], 'tokens')
      equal(all.flatMap(({ id }) => id ?? []).sort(), ['a', 'asked'].map(idOf).sort(), 'ids')
      const numbered = all.filter(({ sid, sub }) => sid ?? sub)
      const before = (await store.covers({ ...who, sid: 's1', at: signIn }))?.before
      const wanted = [
        [subjectHash(issuer, client, 's1'), before],
        [subjectHash(issuer, client, 'bob'), signIn],
      ]
      equal(numbered.map((entry) => [entry.sid ?? entry.sub, entry.before]).sort(), wanted.sort(), 'before')
      const later = entriesAfter(store, position, 1)
      await endMany(store, 'later')
      equal(
        (await later).map(({ id }) => id),
        [idOf('later')],
        'from there on',
      )
    },
  ),
  check('[F5] followers tells how far each has confirmed, and when', async ({ open, another }) => {
    const store = await open()
    const other = await another(store)
    const first = await store.head()
    await store.follow('mail', first)
    await store.follow('files', first)
    await endMany(store, 'a')
    const second = await store.head()
    const before = await store.now()
    await other.follow('mail', second)
    const found = [...(await store.followers())].sort((a, b) => (a.name < b.name ? -1 : 1))
    equal(
      found.map(({ name, position }) => [name, position]),
      [
        ['files', first],
        ['mail', second],
      ],
      'positions',
    )
    ok((found[1]?.confirmedAt ?? 0) >= before, 'confirmedAt')
  }),
]
