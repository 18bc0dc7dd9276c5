import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cause, memoryStore, type Session, type Store } from 'endsession'
import { sqliteStore } from 'endsession/sqlite'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { type Connection, present } from '../contract/sqlite-drivers.ts'
import { type FaultyStore, fails, faultyStore } from './faulty-store.ts'
import { leave } from './leaving.ts'
import { type SecondProcess, secondProcess, sessionOf } from './second-process.ts'
import { type Browser, makeSetting, type Setting, type SettingOptions } from './setting.ts'

const folder = mkdtempSync(join(tmpdir(), 'endsession-on-ended-'))
const connections: Connection[] = []
let files = 0
afterAll(() => {
  for (const connection of connections) connection.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Two handles to one store: what two processes of one app have. */
type Handles = (now: () => number) => readonly [here: Store, there: Store]
const kinds: [name: string, handles: Handles][] = [
  [
    'memory',
    (now) => {
      const store = memoryStore({ now })
      return [store, store]
    },
  ],
]
const driver = present[0]
if (driver)
  kinds.push([
    `sqlite (${driver.name}), two connections to one file`,
    (now) => {
      const path = join(folder, `${++files}.db`)
      const open = () => {
        const connection = driver.open(path)
        connections.push(connection)
        return sqliteStore(connection, { now })
      }
      return [open(), open()]
    },
  ])

describe.each(kinds)('onEnded, on %s (need 34)', (_, handles) => {
  let setting: Setting
  let faulty: FaultyStore
  let there: SecondProcess
  let browser: Browser
  let session: Session
  afterEach(async () => {
    vi.useRealTimers()
    await setting?.close()
    await there?.endsession.close()
  })

  async function signedIn(given: SettingOptions = {}): Promise<void> {
    let other: Store | undefined
    setting = await makeSetting({
      ...given,
      store: ({ now }) => {
        const [one, two] = handles(now)
        other = two
        faulty = faultyStore(one)
        return faulty.store
      },
    })
    there = secondProcess(setting, other)
    browser = setting.browser()
    await browser.login()
    session = await sessionOf(setting, browser)
  }
  /** What a listener has heard. */
  function listen(to: Session = session, process: Pick<SecondProcess, 'endsession'> = setting) {
    const heard: Cause[] = []
    const forget = process.endsession.onEnded(to, (cause) => void heard.push(cause))
    return { heard, forget }
  }
  const rest = (milliseconds = 250) => new Promise((resolve) => setTimeout(resolve, milliseconds))
  const until = (work: () => unknown) => vi.waitFor(work, { timeout: 30_000, interval: 10 })
  const endThere = (reason = 'test') => there.endsession.end({ id: session.id }, reason)

  it('[L26] once, by the end here, or in another process', async () => {
    await signedIn()
    const [here, two, elsewhere] = [listen(), listen(), listen(session, there)]
    await rest()
    expect([here.heard, two.heard, elsewhere.heard]).toEqual([[], [], []])
    await endThere()
    await until(() => expect([here.heard, two.heard, elsewhere.heard]).toEqual([['admin'], ['admin'], ['admin']]))
    await setting.endsession.end({ id: session.id }, 'again')
    await setting.endsession.end({ provider: 'example', sub: 'alice' }, 'again')
    await rest()
    expect([here.heard, two.heard]).toEqual([['admin'], ['admin']])
  })

  const causes: [cause: Cause, end: () => unknown][] = [
    ['user', () => leave(setting, browser, { scope: 'app' })],
    ['everywhere', () => leave(setting, browser, { scope: 'everywhere' })],
    ['device', () => setting.endsession.endDevice(session, { id: session.id })],
    ['admin', () => endThere()],
    [
      'backchannel',
      async () =>
        setting.browser('op').post('/auth/backchannel-logout', { logout_token: await setting.provider.logoutToken() }),
    ],
    ['replaced', () => browser.login()],
  ]
  it.each(causes)(
    '[L26 L25] the cause is %s, heard in both processes; and by who listens afterwards',
    async (cause, end) => {
      await signedIn()
      const [here, elsewhere] = [listen(), listen(session, there)]
      await rest()
      await end()
      await until(() => expect([here.heard, elsewhere.heard]).toEqual([[cause], [cause]]))
      const [late, lateThere] = [listen(), listen(session, there)]
      await until(() => expect([late.heard, lateThere.heard]).toEqual([[cause], [cause]]))
    },
  )

  it('[L26 L8] an expiry is told by the sweeper, also where nothing but onEnded is used', async () => {
    await signedIn()
    // From here on, so that the sweeper of the process that did the login never comes round.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const elsewhere = listen(session, there)
    await rest()
    setting.clock.advance(86_400)
    await rest()
    expect(elsewhere.heard).toEqual([])
    await until(async () => {
      await vi.advanceTimersByTimeAsync(31_000)
      expect(elsewhere.heard).toEqual(['idle'])
    })
  })

  it.each([
    ['idle', { session: { idleSeconds: 600 } }, 600],
    ['absolute', { session: { absoluteSeconds: 600 } }, 600],
  ] as const)(
    '[L26] %s: at once for who begins to listen to a session that has expired and is not swept up',
    async (cause, options, seconds) => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
      await signedIn({ options })
      setting.clock.advance(seconds)
      const { heard } = listen()
      await until(() => expect(heard).toEqual([cause]))
    },
  )

  it('[L26] of a session that nobody knows anything of any more, it is told that it is over', async () => {
    await signedIn()
    const { heard } = listen({ ...session, id: `0.${'A'.repeat(43)}` })
    await until(() => expect(heard).toEqual(['absolute']))
  })

  it('[L26] who has gone is not called, before or after', async () => {
    await signedIn()
    const [gone, stays] = [listen(), listen()]
    await rest()
    gone.forget()
    gone.forget()
    await endThere()
    await until(() => expect(stays.heard).toEqual(['admin']))
    const [late, atOnce] = [listen(), listen()]
    late.forget()
    await until(() => expect(atOnce.heard).toEqual(['admin']))
    expect([gone.heard, late.heard]).toEqual([[], []])
  })

  it('[L26] one function for two sockets is called for each; one that goes leaves the other', async () => {
    await signedIn()
    let calls = 0
    const count = () => void calls++
    const [first] = [
      setting.endsession.onEnded(session, count),
      setting.endsession.onEnded(session, count),
      setting.endsession.onEnded(session, count),
    ]
    first()
    await rest()
    await endThere()
    await until(() => expect(calls).toBe(2))
    await rest()
    expect(calls).toBe(2)
  })

  it('[L26] a listener that throws, at once or later, hurts nobody', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown) => void unhandled.push(error)
    process.on('unhandledRejection', note)
    await signedIn()
    setting.endsession.onEnded(session, () => {
      throw new Error("the listener's own")
    })
    setting.endsession.onEnded(session, (async () => {
      throw new Error("the listener's own, later")
    }) as () => void)
    const { heard } = listen()
    await rest()
    await endThere()
    await until(() => expect(heard).toEqual(['admin']))
    const late = listen()
    await until(() => expect(late.heard).toEqual(['admin']))
    await rest(50)
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  it.each(['get', 'head', 'snapshot', 'pending'] as const)(
    '[L26 S12] a store whose %s fails for a while is asked until it answers',
    async (method) => {
      await signedIn()
      // The feed is followed already, so that nothing else has the question asked again.
      const early = setting.browser('early')
      await early.login()
      if (method !== 'head') listen(await sessionOf(setting, early))
      await rest()
      await endThere()
      await rest()
      faulty.before[method] = fails
      const { heard } = listen()
      await rest()
      if (method !== 'head') expect(heard).toEqual([])
      delete faulty.before[method]
      await until(() => expect(heard).toEqual(['admin']))
      // And it follows on: what ends now is heard as well.
      const another = setting.browser('another')
      await another.login()
      session = await sessionOf(setting, another)
      const next = listen()
      await rest(600)
      await endThere()
      await until(() => expect(next.heard).toEqual(['admin']))
    },
  )

  it.each(['is lost', 'breaks'])('[L26 F2] what ended while the feed %s is heard all the same', async (how) => {
    await signedIn()
    const real = faulty.store.feed
    let feeds = 0
    let go = () => {}
    const broken = new Promise<void>((resolve) => (go = resolve))
    Object.assign(faulty.store, {
      feed: async function* (...given: Parameters<Store['feed']>) {
        if (++feeds > 1) return yield* real(...given)
        await broken
        if (how === 'breaks') throw new Error('the connection was reset')
        yield { lost: true }
      },
    })
    const { heard } = listen()
    await rest()
    await endThere()
    await rest()
    expect([heard, feeds]).toEqual([[], 1])
    go()
    await until(() => expect(heard).toEqual(['admin']))
  })

  it('[L26 A12] a feed that is lost again and again is followed at a walking pace', async () => {
    await signedIn()
    let feeds = 0
    Object.assign(faulty.store, {
      feed: async function* () {
        feeds++
        yield { lost: true }
      },
    })
    const { heard } = listen()
    await rest(1200)
    expect(feeds).toBeLessThan(6)
    await endThere()
    await until(() => expect(heard).toEqual(['admin']))
    await rest(1200)
    expect(heard).toEqual(['admin'])
  })

  it('[L26] close() ends it: nobody is called afterwards, and nothing is asked of the store', async () => {
    await signedIn()
    const { heard } = listen()
    await rest()
    await setting.close()
    const asked: string[] = []
    faulty.tell = (step) => void asked.push(step)
    await endThere()
    setting.endsession.onEnded(session, (cause) => void heard.push(cause))
    await rest(700)
    expect([heard, asked]).toEqual([[], []])
  })

  it('[L26] ... also while the store is being asked', async () => {
    await signedIn()
    await endThere()
    let answer = () => {}
    const answered = new Promise<void>((resolve) => (answer = resolve))
    faulty.before.pending = () => answered
    const { heard } = listen()
    await rest()
    await setting.endsession.close()
    answer()
    await rest()
    expect(heard).toEqual([])
  })

  it('[L26] listening is no work that a response waits for', async () => {
    await signedIn()
    listen()
    await setting.settled()
  })

  it('[L26 A12] a thousand listeners: the ends of all are heard, and those that are over already cost one look', async () => {
    await signedIn()
    const sessions = [session]
    for (let number = 1; number < 50; number++) {
      const other = setting.browser(`browser ${number}`)
      await other.login()
      sessions.push(await sessionOf(setting, other))
    }
    const steps: string[] = []
    faulty.tell = (step) => void steps.push(step)
    const listeners = Array.from({ length: 1000 }, (_none, at) => listen(sessions[at % 50]))
    await rest()
    await there.endsession.end({ provider: 'example', sub: 'alice' }, 'all')
    await until(() => expect(listeners.every(({ heard }) => heard.join() === 'admin')).toBe(true))
    steps.length = 0
    const late = Array.from({ length: 1000 }, (_none, at) => listen(sessions[at % 50]))
    await until(() => expect(late.every(({ heard }) => heard.join() === 'admin')).toBe(true))
    expect(steps.filter((step) => step === 'snapshot').length).toBeLessThan(4)
    expect(steps.filter((step) => step === 'get').length).toBeLessThan(200)
  })
})
