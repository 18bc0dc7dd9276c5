import { type WatchOptions, watchSession } from 'endsession/browser'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ana, bob, down, type FakePage, fakePage, nobody, says } from './fake-page.ts'

describe('[L24] what a watched page does', () => {
  let page: FakePage
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  async function watch(options: WatchOptions = {}, answer = ana, how: { locks?: boolean } = {}): Promise<() => void> {
    page = fakePage(how)
    page.answer = answer
    const stop = watchSession(options)
    await page.wait(0)
    return stop
  }
  const look = () => page.send('focus')

  it('asks once when it is there, and when it is looked at: at most once in five seconds', async () => {
    await watch()
    for (let times = 0; times < 10; times++) await look()
    await page.send('visibilitychange', {}, 'document')
    expect(page.checks()).toBe(1)
    await page.wait(5.1)
    await look()
    await page.send('visibilitychange', {}, 'document')
    expect(page.checks()).toBe(2)
    await page.wait(3600)
    expect(page.checks()).toBe(2)
  })

  it('asks nothing while nobody looks at it', async () => {
    await watch()
    Object.assign(document, { visibilityState: 'hidden' })
    await page.wait(60)
    await page.send('visibilitychange', {}, 'document')
    expect(page.checks()).toBe(1)
  })

  it.each([
    ['does not answer', down],
    ['fails', says({ error: 'ERR_STORE' }, 503)],
    ['answers with a page', async () => new Response('<h1>Pay here</h1>')],
    ['answers something else', says({ person: 'ana' })],
    ['answers nothing', async () => new Response(null, { status: 204 })],
    ['answers null', says(null)],
    ['says 401', says({ signedIn: false }, 401)],
  ])(
    '[S12] a server that %s signs nobody out, and a page that does not know yet asks again after a minute',
    async (_, fault) => {
      await watch({ signedIn: true })
      page.answer = fault
      for (let times = 0; times < 3; times++) {
        await page.wait(6)
        await look()
      }
      expect([page.checks(), page.went, page.isHidden()]).toEqual([4, [], false])

      await watch({ signedIn: true }, fault)
      await page.wait(59)
      expect([page.checks(), page.streams.length, page.went]).toEqual([1, 0, []])
      page.answer = ana
      await page.wait(2)
      expect([page.checks(), page.streams.length]).toEqual([2, 1])
    },
  )

  it.each([
    ['nobody', {}, nobody, []],
    ['nobody, on a page for who is signed in', { signedIn: true }, nobody, ['/auth/logged-out']],
    ['everybody, where authentication is disabled', { signedIn: true }, says({ signedIn: true }), []],
  ] as const)('the first check finds %s: then there is nothing to watch', async (_, options, answer, went) => {
    await watch(options, answer)
    await page.wait(3600)
    await look()
    await page.hear()
    expect([page.checks(), page.streams.length, page.went]).toEqual([1, 0, went])
  })

  it.each([
    ['nobody is signed in', nobody, '/x/logged-out'],
    ['somebody else is', bob, 'reload'],
  ])('it goes, hidden and once, when %s', async (_, answer, to) => {
    await watch({ path: '/x' })
    page.answer = answer
    await page.hear()
    expect([page.isHidden(), page.went]).toEqual([true, [to]])
    const checks = page.checks()
    await page.hear()
    await page.wait(3600)
    await look()
    expect([page.checks(), page.went]).toEqual([checks, [to]])
  })

  it('asks again a little later when another tab speaks: a logout that was just sent may take a moment', async () => {
    await watch()
    await page.hear()
    expect(page.checks()).toBe(2)
    page.answer = nobody
    await page.wait(3)
    expect(page.went).toEqual(['/auth/logged-out'])
  })

  it('a stream that is refused is asked for again after a minute, and no sooner', async () => {
    await watch()
    for (let minute = 1; minute <= 5; minute++) {
      page.streams.at(-1)?.refuse()
      await page.wait(59)
      expect(page.streams).toHaveLength(minute)
      await page.wait(2)
    }
    expect([page.streams.length, page.checks(), page.went]).toEqual([6, 6, []])
  })

  it('a stream that breaks off is left to the browser; once it is there again, the page asks', async () => {
    await watch()
    const [stream] = page.streams
    stream?.onopen?.()
    expect(page.checks()).toBe(1)
    await page.wait(10)
    stream?.breakOff()
    await page.wait(100)
    expect([page.streams.length, page.checks()]).toEqual([1, 1])
    page.answer = nobody
    stream?.onopen?.()
    await page.wait(0)
    expect(page.went).toEqual(['/auth/logged-out'])
  })

  it('waits for the cookie of a login that has replaced this one, and goes on with it', async () => {
    await watch()
    page.answer = nobody
    page.streams[0]?.end('replaced')
    await page.wait(1.9)
    expect([page.checks(), page.went, page.told]).toEqual([1, [], []])
    page.answer = ana
    await page.wait(3)
    expect([page.checks(), page.went, page.streams.length, page.told.length]).toEqual([2, [], 2, 1])
  })

  it('tells the other tabs what the stream says', async () => {
    await watch()
    page.answer = nobody
    page.streams[0]?.end('over')
    await page.wait(0)
    expect([page.told.length, page.went]).toEqual([1, ['/auth/logged-out']])
    await page.wait(100)
    expect(page.streams).toHaveLength(1)
  })

  it.each([
    ['the browser has no locks', {}, { locks: false }],
    ['the app says so', { stream: false }, {}],
  ])('there is no stream where %s, and the other tabs are heard all the same', async (_, options, how) => {
    await watch(options, ana, how)
    page.answer = nobody
    await page.wait(3600)
    expect([page.streams, page.went]).toEqual([[], []])
    await page.hear()
    expect(page.went).toEqual(['/auth/logged-out'])
  })

  describe('on its way', () => {
    const form = (fields: Record<string, string>) => ({ getAttribute: (name: string) => fields[name] ?? null })
    const submit = (fields: Record<string, string>, more: object = {}) =>
      page.send('submit', { target: form(fields), submitter: null, ...more })

    it('it lets its own logout through, for half a minute, and tells the others', async () => {
      await watch()
      await submit({ method: 'post', action: '/auth/logout' })
      expect(page.told).toHaveLength(1)
      page.answer = nobody
      page.streams[0]?.end('over')
      await page.wait(29)
      expect([page.went, page.isHidden()]).toEqual([[], false])
      await page.wait(2)
      expect(page.went).toEqual(['/auth/logged-out'])
    })

    it.each([
      ['any form that is posted', { method: 'POST', action: '/order' }, {}, true],
      [
        'a button with its own target',
        { method: 'get' },
        { submitter: form({ formmethod: 'post', formaction: '/x' }) },
        true,
      ],
      ['a form that asks', { method: 'get', action: '/search' }, {}, false],
      ['a form into another tab', { method: 'post', action: '/pdf', target: '_blank' }, {}, false],
      ['a form that a script has taken over', { method: 'post', action: '/save' }, { defaultPrevented: true }, false],
    ])('waits for %s: %#', async (_, fields, more, waits) => {
      await watch()
      await submit(fields, more)
      expect(page.told).toEqual([])
      page.answer = nobody
      await page.hear()
      expect(page.went).toEqual(waits ? [] : ['/auth/logged-out'])
    })
  })

  describe('in the back-forward cache', () => {
    const leave = (persisted = true) => page.send('pagehide', { persisted })
    const comeBack = (persisted = true) => page.send('pageshow', { persisted })

    it('it holds no stream and no channel, and is hidden until it has asked', async () => {
      await watch()
      expect(page.channels()).toBe(1)
      await leave()
      expect([page.streams[0]?.readyState, page.channels(), page.isHidden()]).toEqual([2, 0, true])
      let tell = (_: unknown) => {}
      page.answer = () => new Promise((resolve) => (tell = resolve))
      await comeBack()
      expect([page.isHidden(), page.went]).toEqual([true, []])
      tell(await ana())
      await page.wait(0)
      expect([page.isHidden(), page.went, page.streams.length]).toEqual([false, [], 2])
    })

    it.each([
      ['nobody is signed in', nobody, '/auth/logged-out'],
      ['somebody else is signed in', bob, 'reload'],
      ['nobody answers', down, 'reload'],
    ])('it is not seen again when %s', async (_, answer, to) => {
      await watch()
      await leave()
      page.answer = answer
      await comeBack()
      expect([page.isHidden(), page.went]).toEqual([true, [to]])
    })

    it('a page that went before its first answer loads itself again: nobody knows whose it was', async () => {
      await watch({}, () => new Promise(() => {}))
      await leave()
      page.answer = ana
      await comeBack()
      expect([page.isHidden(), page.went]).toEqual([true, ['reload']])
    })

    it('a page whose session was over when it went loads itself again', async () => {
      await watch({ onEnded() {} })
      page.answer = nobody
      await page.hear()
      await leave()
      await comeBack()
      expect(page.went).toEqual(['reload'])
    })

    it('a page that does not go there is not hidden, and a page that is new asks as ever', async () => {
      await watch()
      await comeBack(false)
      expect(page.checks()).toBe(1)
      await leave(false)
      expect(page.isHidden()).toBe(false)
    })

    it('a page of somebody who is signed out comes back as it was', async () => {
      await watch({}, nobody)
      await leave()
      await comeBack()
      expect([page.isHidden(), page.went, page.checks()]).toEqual([false, [], 1])
    })
  })

  it('stops, and then does nothing any more', async () => {
    const stop = await watch()
    stop()
    page.answer = nobody
    await page.hear()
    await page.wait(3600)
    await look()
    await page.send('pagehide', { persisted: true })
    expect([page.checks(), page.went, page.isHidden(), page.streams[0]?.readyState]).toEqual([1, [], false, 2])
  })

  it('stopped while it asks, it does not go', async () => {
    let tell = (_: unknown) => {}
    const stop = await watch({ signedIn: true }, () => new Promise((resolve) => (tell = resolve)))
    stop()
    tell(await nobody())
    await page.wait(0)
    expect([page.went, page.isHidden()]).toEqual([[], false])
  })
})
