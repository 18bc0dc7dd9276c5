import type { BrowserContext, Page } from 'playwright-core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { describeInBrowser, goBack } from './chromium.ts'
import { startWatchedApp, type WatchedApp, type WatchedAppOptions } from './watched-app.ts'

const until = (work: () => unknown) => vi.waitFor(work, { timeout: 20_000, interval: 20 })

describeInBrowser('[L24] open tabs', (chromium) => {
  let app: WatchedApp
  let context: BrowserContext
  let page: Page
  afterEach(() => app.close())

  async function signedIn(given: WatchedAppOptions = {}): Promise<void> {
    app = await startWatchedApp(given)
    const profile = await chromium.open()
    context = profile.context
    page = profile.page
    await signIn(page, 'ana')
  }
  async function signIn(tab: Page, as: string): Promise<void> {
    await tab.goto(`${app.origin}/auth/login?returnTo=/`)
    await tab.locator('input').fill(as)
    await tab.getByRole('button').click()
    await inbox(tab, as)
  }
  const inbox = (tab: Page, of = 'ana') => tab.getByRole('heading', { name: `Inbox of ${of}` }).waitFor()
  const signedOut = (tab: Page) => tab.getByRole('heading', { name: 'You are not signed in' }).waitFor()
  const logOut = (tab: Page) => tab.getByRole('button', { name: 'Log out' }).click()
  const count = (what: string) => app.asked.filter((one) => one.startsWith(what)).length
  async function open(path = '/other'): Promise<Page> {
    const tab = await context.newPage()
    await tab.goto(app.origin + path)
    await inbox(tab)
    return tab
  }
  /** The one stream of this browser is there. */
  const listening = () => until(() => expect(count('GET /auth/events')).toBeGreaterThan(0))
  /** As an admin would, or another device: this browser takes no part. */
  const endElsewhere = () => app.endsession.end({ provider: 'example', sub: 'ana' }, 'test')
  const watch = (options: object) => `/other?watch=${encodeURIComponent(JSON.stringify(options))}`

  describe('a logout in one tab (need 31)', () => {
    it('changes the others at once', async () => {
      await signedIn()
      const others = [await open(), await open()]
      await listening()
      await logOut(page)
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
      for (const other of others) await signedOut(other)
    })

    it('changes them also where the host cannot stream', async () => {
      await signedIn()
      const other = await open(watch({ stream: false }))
      await page.goto(app.origin + watch({ stream: false }))
      await until(() => expect(count('GET /auth/session')).toBeGreaterThan(2))
      const streams = count('GET /auth/events')
      await logOut(page)
      await signedOut(other)
      expect(count('GET /auth/events')).toBe(streams)
    })

    it('does not change a tab that nothing watches: what is looked for does not happen by itself', async () => {
      await signedIn()
      const other = await open('/other?watch=no')
      await logOut(page)
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
      expect(await other.locator('h1').textContent()).toBe('Inbox of ana')
    })

    it('is not broken off by its own end: the tab goes to the provider, however slow the answer is', async () => {
      await signedIn()
      await listening()
      app.provider.behaviours.slowSeconds = 2
      await logOut(page)
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
      expect([app.provider.signedIn(), count('GET /auth/logged-out?state=')]).toEqual([false, 1])
    })

    it('... also when a form of the app itself does it, that nobody can know', async () => {
      await signedIn({
        pages: {
          '/own': () =>
            '<h1>Inbox of ana</h1><form method="post" action="/bye"><button>Log out</button></form><script type="module" src="/watch.js"></script>',
        },
      })
      await page.goto(`${app.origin}/own`)
      await until(() => expect(count('GET /auth/events')).toBeGreaterThan(0))
      app.inPlace = (path, response) => {
        if (path !== '/bye') return false
        endElsewhere().then(() => setTimeout(() => response.writeHead(303, { location: '/elsewhere' }).end(), 1500))
        return true
      }
      await logOut(page)
      await page.getByRole('heading', { name: 'Elsewhere' }).waitFor()
      expect(count('GET /auth/logged-out')).toBe(0)
    })

    it('[A13] two clicks are one logout, and come out at the same page', async () => {
      await signedIn()
      app.provider.behaviours.slowSeconds = 1
      const button = page.getByRole('button', { name: 'Log out' })
      await button.dblclick({ noWaitAfter: true })
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
      expect(app.provider.signedIn()).toBe(false)
    })
  })

  describe('an end elsewhere', () => {
    it('reaches all tabs of a browser by one stream', async () => {
      await signedIn()
      const tabs = [page, await open(), await open(), await open()]
      await until(() => expect(count('GET /auth/session')).toBe(4))
      expect(count('GET /auth/events')).toBe(1)
      await endElsewhere()
      for (const tab of tabs) await signedOut(tab)
    })

    it('is heard by the others when the tab with the stream has gone', async () => {
      await signedIn()
      await listening()
      const others = [await open(), await open()]
      await until(() => expect(count('GET /auth/session')).toBe(3))
      await page.close()
      await until(() => expect(count('GET /auth/events')).toBe(2))
      await endElsewhere()
      for (const tab of others) await signedOut(tab)
    })

    it('that came before the page was there is found by its first check', async () => {
      await signedIn()
      await page.route('**/watch.js', async (route) => {
        await endElsewhere()
        await route.continue()
      })
      await page.goto(`${app.origin}/other`)
      await signedOut(page)
    })

    it('leaves the pages of people who are signed out alone: one check, no stream', async () => {
      await signedIn({ files: { '/public': '<h1>Welcome</h1><script type="module" src="/watch.js"></script>' } })
      await page.goto('about:blank')
      await context.clearCookies()
      const before = [count('GET /auth/session'), count('GET /auth/events')]
      const stranger = await context.newPage()
      await stranger.goto(`${app.origin}/public?watch={}`)
      await until(() => expect(count('GET /auth/session')).toBe((before[0] ?? 0) + 1))
      await stranger.evaluate(`new BroadcastChannel('endsession /auth').postMessage('')`)
      await stranger.evaluate(`dispatchEvent(new Event('focus'))`)
      await stranger.reload()
      await until(() => expect(count('GET /auth/session')).toBe((before[0] ?? 0) + 2))
      expect(await stranger.locator('h1').textContent()).toBe('Welcome')
      expect(count('GET /auth/events')).toBe(before[1])
    })
  })

  it.each([
    ['fails', (response: { writeHead(status: number): { end(): void } }) => response.writeHead(503).end()],
    ['breaks off', (response: { destroy(): void }) => response.destroy()],
    [
      'is somebody else, who answers with a page',
      (response: { end(text: string): void }) => response.end('<h1>Pay here</h1>'),
    ],
  ] as const)('[S12] a server that %s signs nobody out', async (_, fault) => {
    await signedIn()
    const other = await open()
    await listening()
    await until(() => expect(count('GET /auth/session')).toBe(2))
    app.inPlace = (path, response) => {
      if (!path.startsWith('/auth/session')) return false
      fault(response as never)
      return true
    }
    await other.evaluate(`new BroadcastChannel('endsession /auth').postMessage('')`)
    await until(() => expect(count('GET /auth/session')).toBeGreaterThan(4))
    for (const tab of [page, other]) expect(await tab.locator('h1').isVisible()).toBe(true)
    app.inPlace = () => false
    await endElsewhere()
    for (const tab of [page, other]) await signedOut(tab)
  })

  it('the same person signs in again elsewhere in this browser: the tabs stay', async () => {
    await signedIn()
    const other = await open()
    await listening()
    await until(() => expect(count('GET /auth/session')).toBe(2))
    const third = await context.newPage()
    await third.goto(`${app.origin}/auth/login?returnTo=/`)
    await inbox(third)
    // The stream has told of the end, the tabs have asked, and there is a stream of the new session.
    await until(() => expect(count('GET /auth/session')).toBeGreaterThan(4))
    await until(() => expect(count('GET /auth/events')).toBe(2))
    for (const tab of [page, other]) expect(await tab.locator('h1').isVisible()).toBe(true)
    await endElsewhere()
    for (const tab of [page, other, third]) await signedOut(tab)
  })

  it('somebody else signs in in this browser: tabs show nothing of the one before', async () => {
    await signedIn()
    const other = await open()
    await listening()
    app.provider.endSession(`${app.provider.issuer}/end-session`)
    await signIn(page, 'bob')
    await inbox(other, 'bob')
  })

  describe('eight tabs', () => {
    it('all load, with a stream that each of them hears', async () => {
      await signedIn()
      const tabs = [page]
      for (let number = 2; number <= 8; number++) tabs.push(await open(`/other?number=${number}`))
      await endElsewhere()
      for (const tab of tabs) await signedOut(tab)
    })

    it('do not when each has a stream of its own: the seventh waits for one to go', async () => {
      await signedIn()
      await page.goto('about:blank')
      const tabs: Page[] = []
      for (let number = 1; number <= 6; number++) tabs.push(await open(`/naive?number=${number}`))
      await until(() => expect(count('GET /forever')).toBe(6))
      const seventh = await context.newPage()
      const loading = seventh.goto(`${app.origin}/naive?number=7`)
      const first = await Promise.race([loading.then(() => 'loaded'), page.waitForTimeout(2_000).then(() => 'waits')])
      expect([first, count('GET /naive?number=7')]).toEqual(['waits', 0])
      await tabs[0]?.close()
      await loading
    })
  })

  describe('the back button (need 32)', () => {
    /** What a person saw once the page had come back, in order. */
    const seen = () =>
      app.asked.flatMap((one) => {
        const [, persisted, what] = /seen\?persisted=(\w+)&seen=(\w+)$/.exec(one) ?? []
        return persisted === 'true' ? [what === 'true'] : []
      })
    /** Away and back; in between, `meanwhile`. */
    async function away(path: string, meanwhile: () => unknown = () => {}): Promise<void> {
      await listening()
      await page.goto(app.origin + path)
      await inbox(page)
      if (!path.includes('watch=no')) await until(() => expect(count('GET /auth/events')).toBeGreaterThan(1))
      await page.getByRole('link', { name: 'Elsewhere' }).click()
      await page.getByRole('heading', { name: 'Elsewhere' }).waitFor()
      await meanwhile()
      await goBack(page)
    }

    it('brings a page out of the cache with all that was on it, where nothing watches', async () => {
      await signedIn()
      await away('/other?cacheable&watch=no', endElsewhere)
      await until(() => expect(seen()).toEqual([true]))
      expect(await page.locator('h1').textContent()).toBe('Inbox of ana')
    })

    it('brings it out of the cache and shows it, once its session was found alive', async () => {
      await signedIn()
      await away('/other?cacheable')
      await until(() => expect(seen()).toEqual([false, true]))
      await endElsewhere()
      await signedOut(page)
    })

    it('shows nothing private when the session has ended elsewhere', async () => {
      await signedIn()
      await away('/other?cacheable', endElsewhere)
      await signedOut(page)
      expect(seen()).toEqual([false])
    })

    it('... or when the cookie has gone', async () => {
      await signedIn()
      await away('/other?cacheable', () => context.clearCookies())
      await signedOut(page)
      expect(seen()).toEqual([false])
    })

    it('... or when somebody else has signed in meanwhile', async () => {
      await signedIn()
      await away('/other?cacheable', async () => {
        app.provider.endSession(`${app.provider.issuer}/end-session`)
        await context.clearCookies()
        await signIn(await context.newPage(), 'bob')
      })
      await inbox(page, 'bob')
      expect(seen()).toEqual([false])
    })

    it.each([
      ['fails', (response: { writeHead(status: number): { end(): void } }) => response.writeHead(503).end()],
      ['does not answer', () => {}],
    ] as const)('shows what the server itself says when the check %s: never nothing for ever', async (_, fault) => {
      await signedIn()
      await away('/other?cacheable', async () => {
        await endElsewhere()
        app.inPlace = (path, response) => {
          if (!path.startsWith('/auth/session')) return false
          fault(response as never)
          return true
        }
      })
      await page
        .getByRole('heading', { name: 'Who are you?' })
        .or(page.getByRole('heading', { name: 'ana' }))
        .waitFor()
      expect(seen()).toEqual([false])
    })

    it('shows nothing of a page that is not for caches, whatever the browser makes of that', async () => {
      await signedIn()
      await away('/other', endElsewhere)
      await page.getByRole('heading', { name: /You are not signed in|Inbox of ana|Who are you/ }).waitFor()
      await page.waitForURL(/logged-out|id\.localhost|login/)
      expect(seen()).not.toContain(true)
    })
  })
})
