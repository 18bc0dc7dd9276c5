import { type EndSessionError, type Event, memoryStore, type NewSession, type Store } from 'endsession'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { watchStore } from '../../packages/endsession/src/session/watched-store.ts'

const limits = {
  absoluteSeconds: 1000,
  idleSeconds: 1000,
  endedSeconds: 600,
  reauthSeconds: 1000,
  accessTokenSeconds: 1000,
}
const session = (id: string, more: Partial<NewSession> = {}): NewSession => ({
  id,
  iss: 'https://id.example',
  client: 'app',
  sub: 'alice',
  sid: 'sid-1',
  signedInAt: 100,
  sealed: new Uint8Array([1]),
  tokens: [],
  liveSeconds: 900,
  endsBy: 'absolute',
  ...more,
})
const person = { iss: 'https://id.example', client: 'app', sub: 'alice' }

describe('watchStore', () => {
  afterEach(() => void vi.useRealTimers())

  function make(over: Partial<Record<keyof Store, unknown>> = {}, lossy = true) {
    const events: Event[] = []
    const inner = { ...memoryStore({ now: () => 1000 }), ...over } as Store
    return { events, inner, store: watchStore(inner, limits, lossy, (event) => void events.push(event)) }
  }

  it('[S12] passes on what a store answers, and opens it once, first', async () => {
    const { store, inner } = make()
    const open = vi.spyOn(inner, 'open')
    await Promise.all([store.now(), store.now(), store.head()])
    expect(open).toHaveBeenCalledTimes(1)
    expect(await store.create(session('0.a'))).toBe('created')
    expect((await store.get('0.a'))?.sub).toBe('alice')
    expect(await store.get('0.b')).toBe(undefined)
    expect(await store.update('0.a', 0, {})).toBe('updated')
    expect(await store.list(person)).toHaveLength(1)
    expect(await store.claim('k', 5)).toBe(true)
    expect((await store.end({ by: 'id', id: '0.a', sid: true }, 'user')).records).toHaveLength(1)
    expect((await store.end({ by: 'id', id: '0.b' }, 'user')).records).toEqual([])
    expect(await store.covers({ ...person, sid: 'sid-1', at: 99 })).toMatchObject({ cause: 'user' })
    expect(await store.create(session('0.c'))).toMatchObject({ cause: 'user' })
    expect((await store.pending(9)).unsettled).toHaveLength(1)
    await store.settle('0.a')
    await store.touch('0.a')
    expect(await store.followers()).toEqual([])
  })

  const failures: [what: string, fail: () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('secret detail')
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret detail'))],
    ['rejects with nothing', () => Promise.reject(undefined)],
  ]
  const calls: [method: keyof Store, call: (store: ReturnType<typeof make>['store']) => Promise<unknown>][] = [
    ['now', (store) => store.now()],
    ['create', (store) => store.create(session('0.a'))],
    ['get', (store) => store.get('0.a')],
    ['touch', (store) => store.touch('0.a')],
    ['update', (store) => store.update('0.a', 0, {})],
    ['end', (store) => store.end({ by: 'id', id: '0.a' }, 'user')],
    ['settle', (store) => store.settle('0.a')],
    ['pending', (store) => store.pending(9)],
    ['covers', (store) => store.covers({ iss: 'i', at: 1 })],
    ['list', (store) => store.list(person)],
    ['claim', (store) => store.claim('k', 1)],
    ['head', (store) => store.head()],
    ['follow', (store) => store.follow('n', 'p')],
    ['followers', (store) => store.followers()],
  ]
  for (const [method, call] of calls)
    it.each(failures)(`[S12] ${method} that %s: ERR_STORE in safe words, told once`, async (_, fail) => {
      const { store, events } = make({ [method]: fail })
      const error = (await call(store).catch((thrown) => thrown)) as EndSessionError
      expect(error).toMatchObject({
        code: 'ERR_STORE',
        status: 503,
        message: 'The session store does not work right now.',
      })
      expect(events).toEqual([{ type: 'store.failed', error }])
    })

  it.each(calls)('[A12 S12] %s that never answers is given up after 5 s', async (method, call) => {
    vi.useFakeTimers()
    const { store } = make({ [method]: () => new Promise(() => {}) })
    const answer = call(store).catch((error) => error)
    await vi.advanceTimersByTimeAsync(4_900)
    expect(await Promise.race([answer, 'waits'])).toBe('waits')
    await vi.advanceTimersByTimeAsync(200)
    expect(await answer).toMatchObject({ code: 'ERR_STORE' })
  })

  const stored = { ...session('0.a'), openedAt: 1, seenAt: 1, expiresAt: 9, revision: 0 }
  const ended = { ...stored, cause: 'user', endedAt: 5, repeated: false, settled: false }
  const garbage: [method: keyof Store, answer: unknown][] = [
    ['now', 'soon'],
    ['now', Number.NaN],
    ['now', undefined],
    ['create', undefined],
    ['create', 'ok'],
    ['create', {}],
    ['create', null],
    ['get', null],
    ['get', {}],
    ['get', 'alice'],
    ['get', { ...stored, id: '0.b' }],
    ['get', { ...stored, sub: 7 }],
    ['get', { ...stored, expiresAt: 'never' }],
    ['get', { ...stored, sealed: 'text' }],
    ['get', { ...stored, tokens: undefined }],
    ['update', undefined],
    ['update', true],
    ['update', 'yes'],
    ['end', undefined],
    ['end', null],
    ['end', {}],
    ['end', { records: [] }],
    ['end', { records: {}, position: 'e.1' }],
    ['end', { records: [stored], position: 'e.1' }],
    ['end', { records: [{ ...ended, id: '0.b' }], position: 'e.1' }],
    ['end', { records: [{ ...ended, repeated: undefined }], position: 'e.1' }],
    ['end', { records: [null], position: 'e.1' }],
    ['pending', undefined],
    ['pending', { expired: [], unsettled: [stored] }],
    ['pending', { expired: [{}], unsettled: [] }],
    ['covers', null],
    ['covers', true],
    ['covers', {}],
    ['list', undefined],
    ['list', [{}]],
    ['list', [{ ...stored, iss: 'https://evil.example' }]],
    ['claim', undefined],
    ['claim', 1],
    ['claim', 'true'],
    ['head', undefined],
    ['head', 5],
    ['followers', undefined],
    ['followers', {}],
  ]
  it.each(garbage)('[S12] %s that answers %o', async (method, answer) => {
    const { store } = make({ [method]: async () => answer })
    const [, call] = calls.find(([name]) => name === method) as (typeof calls)[number]
    await expect(call(store)).rejects.toMatchObject({ code: 'ERR_STORE' })
  })

  it('[S12] a store that opens at the second try works from then on', async () => {
    let tries = 0
    const { store } = make({
      open: async () => (tries++ === 0 ? Promise.reject(new Error('starting')) : { durability: 'disk' }),
    })
    await expect(store.get('0.a')).rejects.toMatchObject({ code: 'ERR_STORE' })
    expect(await store.get('0.a')).toBe(undefined)
    expect(await store.get('0.a')).toBe(undefined)
    expect(tries).toBe(2)
  })

  it.each(['process', 'second', undefined, 'Disk'])(
    '[S13] durability %s is refused, unless it is wanted',
    async (durability) => {
      const open = async () => ({ durability })
      await expect(make({ open }, false).store.get('0.a')).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
      expect(await make({ open }, true).store.get('0.a')).toBe(undefined)
      expect(await make({ open: async () => ({ durability: 'disk' }) }, false).store.get('0.a')).toBe(undefined)
    },
  )
})
