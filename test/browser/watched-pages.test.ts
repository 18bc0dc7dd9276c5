import type { BrowserContext, Page } from 'playwright-core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { describeInBrowser, type Profile } from './chromium.ts'
import { startWatchedApp, type WatchedApp, type WatchedAppOptions } from './watched-app.ts'

const until = (work: () => unknown) => vi.waitFor(work, { timeout: 20_000, interval: 20 })

/** A page whose script is `body`; `watchSession` and `announceLogout` are there. */
const scripted = (body: string): WatchedAppOptions => ({
  pages: {
    '/own': (person) =>
      `<link rel="icon" href="data:,"><h1>Inbox of ${person}</h1><form method="post" action="/auth/logout"><input type="hidden" name="scope" value="app"><button>Log out</button></form><script type="module" src="/own.js"></script>`,
  },
  files: { '/own.js': `import { announceLogout, watchSession } from '/endsession.js'\n${body}` },
})

describeInBrowser('[L24] a watched page', (chromium) => {
  let app: WatchedApp
  let profile: Profile
  let context: BrowserContext
  let page: Page
  afterEach(() => app.close())

  async function signedIn(given: WatchedAppOptions, path = '/own'): Promise<void> {
    app = await startWatchedApp(given)
    profile = await chromium.open()
    context = profile.context
    page = profile.page
    await signIn(page, 'ana', path)
  }
  async function signIn(tab: Page, as: string, path = '/own'): Promise<void> {
    await tab.goto(`${app.origin}/auth/login?returnTo=${path}`)
    await tab.locator('input').fill(as)
    await tab.getByRole('button').click()
    await inbox(tab, as)
  }
  const inbox = (tab: Page, of = 'ana') => tab.getByRole('heading', { name: `Inbox of ${of}` }).waitFor()
  const signedOut = (tab: Page) => tab.getByRole('heading', { name: 'You are not signed in' }).waitFor()
  const count = (what: string) => app.asked.filter((one) => one.startsWith(what)).length
  const listening = () => until(() => expect(count('GET /auth/events')).toBeGreaterThan(0))
  const endElsewhere = () => app.endsession.end({ provider: 'example', sub: 'ana' }, 'test')
  const logOut = (tab: Page) => tab.getByRole('button', { name: 'Log out' }).click()

  describe('of an app that guards every page', () => {
    it('does not go round in circles after a logout: its tabs wait for a person to sign in (need 31)', async () => {
      await signedIn(scripted('watchSession({ signedIn: true })'))
      const other = await context.newPage()
      await other.goto(`${app.origin}/own`)
      await inbox(other)
      await listening()
      const logins = count('GET /auth/login')
      await logOut(page)
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
      await signedOut(other)
      expect(count('GET /auth/login')).toBe(logins)
      // The provider's session lives: whoever wants back in says so, once.
      await other.getByRole('link', { name: 'Sign in' }).click()
      await inbox(other)
      expect(count('GET /auth/login')).toBe(logins + 1)
    })

    it('... while a tab that loads itself again is signed in again at once, which nobody asked for', async () => {
      await signedIn(scripted('watchSession({ signedIn: true, onEnded: () => location.reload() })'))
      const other = await context.newPage()
      await other.goto(`${app.origin}/own`)
      await inbox(other)
      await listening()
      const logins = count('GET /auth/login')
      await logOut(page)
      await until(() => expect(count('GET /auth/login')).toBe(logins + 1))
      await inbox(other)
    })
  })

  it('under the strictest policy that has room for its own script works as anywhere, without a complaint', async () => {
    const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'; img-src data:"
    await signedIn({ ...scripted('watchSession({ signedIn: true, onEnded() {} })'), policy })
    await listening()
    await endElsewhere()
    await until(async () => expect(await page.locator('h1').isVisible()).toBe(false))
    expect(profile.complaints).toEqual([])
  })

  describe('with an end of its own', () => {
    it('is hidden until it says that nothing private is left', async () => {
      await signedIn(
        scripted(`window.ends = 0
          watchSession({ onEnded(show) { window.ends++; window.show = () => { document.body.textContent = 'Bye.'; show() } } })`),
      )
      await listening()
      await endElsewhere()
      await until(async () => expect(await page.evaluate('ends')).toBe(1))
      expect(await page.locator('h1').isVisible()).toBe(false)
      await page.evaluate('show()')
      await page.getByText('Bye.').waitFor()
      await page.evaluate(`new BroadcastChannel('endsession /auth').postMessage('')`)
      await page.evaluate(`dispatchEvent(new Event('focus'))`)
      expect(await page.evaluate('ends')).toBe(1)
    })

    it('and a logout by script, which is announced, goes where the script goes', async () => {
      await signedIn(
        scripted(`watchSession({ signedIn: true })
          window.leave = async () => {
            announceLogout()
            await fetch('/auth/logout', { method: 'POST', body: new URLSearchParams({ scope: 'app' }) })
            setTimeout(() => location.assign('/elsewhere'), 1500)
          }`),
      )
      await listening()
      const other = await context.newPage()
      await other.goto(`${app.origin}/own`)
      await page.evaluate('leave()')
      await page.getByRole('heading', { name: 'Elsewhere' }).waitFor()
      await signedOut(other)
    })

    it('is not watched any more once that was stopped', async () => {
      await signedIn(scripted('window.stop = watchSession({ signedIn: true })'))
      await listening()
      const other = await context.newPage()
      await other.goto(`${app.origin}/own`)
      await until(() => expect(count('GET /auth/session')).toBeGreaterThan(1))
      await page.evaluate('stop()')
      await endElsewhere()
      await signedOut(other)
      expect(await page.locator('h1').isVisible()).toBe(true)
    })
  })

  describe('that is to be wiped (need 33)', () => {
    const wipe = `{ localStorage: ['draft:*', 'cart'], sessionStorage: ['*'], indexedDB: ['mail'], caches: ['api-*'], keep: ['draft:template', 'tour'] }`
    const fill = `(async () => {
      for (const name of ['draft:1', 'draft:template', 'cart', 'theme']) localStorage.setItem(name, 'x')
      for (const name of ['answer', 'tour']) sessionStorage.setItem(name, 'x')
      for (const name of ['mail', 'maps']) await new Promise((done) => {
        indexedDB.open(name).onsuccess = ({ target }) => done(target.result.close())
      })
      for (const name of ['api-1', 'static']) await caches.open(name)
    })()`
    const left = `(async () => [
      Object.keys(localStorage).filter((name) => !name.startsWith('endsession')).sort(),
      Object.keys(sessionStorage).sort(),
      (await indexedDB.databases()).map(({ name }) => name).sort(),
      (await caches.keys()).sort(),
    ])()`
    const all = [
      ['cart', 'draft:1', 'draft:template', 'theme'],
      ['answer', 'tour'],
      ['mail', 'maps'],
      ['api-1', 'static'],
    ]
    const kept = [['draft:template', 'theme'], ['tour'], ['maps'], ['static']]
    const watched = scripted(`watchSession({ signedIn: true, wipe: ${wipe} })`)

    it('leaves nothing of what was named when its session ends elsewhere, and keeps the rest', async () => {
      await signedIn(watched)
      await page.evaluate(fill)
      await page.reload()
      await inbox(page)
      expect(await page.evaluate(left)).toEqual(all)
      await listening()
      await endElsewhere()
      await signedOut(page)
      expect(await page.evaluate(left)).toEqual(kept)
    })

    it('... when the person logs out here', async () => {
      await signedIn(watched)
      await page.evaluate(fill)
      await listening()
      await logOut(page)
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
      await until(async () => expect(await page.evaluate(left)).toEqual(kept))
    })

    it('... and when nobody was there to hear of the end: before somebody else sees it', async () => {
      await signedIn(watched)
      await page.evaluate(fill)
      await page.goto('about:blank')
      await endElsewhere()
      app.provider.endSession(`${app.provider.issuer}/end-session`)
      await signIn(page, 'bob')
      // Once it has been wiped the page begins anew.
      await page.waitForFunction("performance.getEntriesByType('navigation')[0].type === 'reload'")
      await inbox(page, 'bob')
      await until(async () => expect(await page.evaluate(left)).toEqual(kept))
      await page.evaluate(fill)
      await page.reload()
      await inbox(page, 'bob')
      expect(await page.evaluate(left)).toEqual(all)
    })

    it('the same person finds everything where it was, and an app that wipes nothing loses nothing', async () => {
      await signedIn(watched)
      await page.evaluate(fill)
      await page.goto('about:blank')
      await context.clearCookies()
      app.provider.endSession(`${app.provider.issuer}/end-session`)
      await signIn(page, 'ana')
      await listening()
      expect(await page.evaluate(left)).toEqual(all)
      await page.goto(`${app.origin}/other`)
      await endElsewhere()
      await signedOut(page)
      expect(await page.evaluate(left)).toEqual(all)
    })
  })
})
