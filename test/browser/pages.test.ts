import { memoryStore } from 'endsession'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fails, faultyStore } from '../matrix/faulty-store.ts'
import { askScreen } from './apps/provider.ts'
import { closeSites, expectTitle, makeStage, openSiteForTest, press } from './apps/stage.ts'
import { findBarriers } from './axe.ts'
import { describeInBrowser } from './chromium.ts'
import { type Demo, startDemo } from './demo.ts'

/** A browser that tells each document with a bad status on its console: that status is what some pages are for. */
const ownStatus = /: Failed to load resource: the server responded with a status of (4\d\d|503)/

describeInBrowser('the library’s own pages', (chromium) => {
  closeSites()

  async function openMail() {
    const faulty = faultyStore(memoryStore())
    const stage = await makeStage({ options: { store: faulty.store } })
    const profile = await chromium.open()
    const elsewhere: string[] = []
    profile.context.on('request', (request) => {
      const { origin } = new URL(request.url())
      if (origin !== stage.mail.origin && origin !== stage.provider.origin) elsewhere.push(request.url())
    })
    return { ...stage, ...profile, faulty, elsewhere, at: (path: string) => `${stage.mail.origin}/auth/${path}` }
  }
  type Opened = Awaited<ReturnType<typeof openMail>>

  const pages: readonly (readonly [heading: string, go: (opened: Opened) => Promise<unknown>])[] = [
    ['Log out of', (opened) => openSignedIn(opened, 'logout')],
    ['You are not signed in to', ({ page, at }) => page.goto(at('logged-out'))],
    ['You are still signed in to', (opened) => openSignedIn(opened, 'logged-out')],
    [
      'You are signed out of',
      async ({ page, logIn }) => {
        await logIn(page)
        await press(page, 'Log out')
        await expectTitle(page, askScreen)
        await press(page, 'Yes, sign me out')
      },
    ],
    ['Signing in did not work', ({ page, at }) => page.goto(at('callback?state=unknown&error=access_denied'))],
    ['This request was refused', refusePost],
    [
      'This does not work right now',
      async ({ page, logIn, faulty, at }) => {
        await logIn(page)
        faulty.before.get = fails
        await page.goto(at('login'))
      },
    ],
    [
      'The server has not confirmed your logout',
      async ({ page, logIn, faulty }) => {
        await logIn(page)
        faulty.before.end = fails
        await press(page, 'Log out')
      },
    ],
  ]

  async function openSignedIn({ page, logIn, at }: Opened, path: string): Promise<void> {
    await logIn(page)
    await page.goto(at(path))
  }

  async function refusePost({ page, at }: Opened): Promise<void> {
    const trap = await openSiteForTest('evil')
    trap.answerWith((_request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(`<form method="post" action="${at('logout')}"><button>Win</button></form>`)
    })
    await page.goto(`${trap.origin}/`)
    await press(page, 'Win')
  }

  it.each(pages)(
    '“%s …”: no error, no violation, nothing from elsewhere, nothing in anybody’s way [L17]',
    async (heading, go) => {
      const opened = await openMail()
      await go(opened)
      await opened.page.getByRole('heading', { level: 1, name: heading }).waitFor()
      expect(await findBarriers(opened.page)).toEqual([])
      expect(opened.complaints.filter((complaint) => !ownStatus.test(complaint))).toEqual([])
      if (heading !== 'This request was refused') expect(opened.elsewhere).toEqual([])
    },
  )

  it('control: a page that loads something from elsewhere is found out', async () => {
    const { page, mail, complaints, elsewhere } = await openMail()
    mail.intercept((_request, response) => {
      response.setHeader('content-type', 'text/html').setHeader('content-security-policy', "img-src 'none'")
      response.end('<img src="http://other.localhost:9/x.png"><script src="http://other.localhost:9/x.js"></script>')
    })
    await page.goto(`${mail.origin}/`)
    expect(complaints.join()).toContain('img-src')
    expect(elsewhere).toContain('http://other.localhost:9/x.js')
    expect((await findBarriers(page)).join()).toContain('image-alt')
  })

  it('a logout that the store does not take is tried again by the page itself, until it is, need 20 [A2 S12]', async () => {
    const { page, mail, logIn, faulty, copyCookie } = await openMail()
    await logIn(page)
    const copied = await copyCookie(page)
    faulty.before.end = fails
    await press(page, 'Log out')
    await page.getByRole('heading', { name: 'The server has not confirmed your logout' }).waitFor()
    expect(await copied()).toBe('in')
    // This browser is out already: what it holds now ends the session, and opens nothing.
    expect(await (await copyCookie(page))()).toBe('out')
    delete faulty.before.end
    await expectTitle(page, askScreen)
    expect(await copied()).toBe('out')
    const posts = mail.requests.filter(({ method, url }) => method === 'POST' && url === '/auth/logout')
    expect(posts.length).toBeGreaterThan(1)
  })
})

describeInBrowser('the demo’s pages', (chromium) => {
  let demo: Demo
  beforeAll(async () => {
    demo = await startDemo()
  })
  afterAll(() => demo?.stop())

  it('no error, no violation [L17]', async () => {
    const { page, complaints } = await chromium.open()
    const { mail, calendar, provider } = demo.plan.urls
    await demo.logIn(page)
    await page.getByRole('link', { name: 'Ask the API' }).click()
    await page.getByText('Status 200').waitFor()
    await page.goto(calendar)
    await page.getByRole('link', { name: 'Log in' }).click()
    await page.locator('[data-signed-in]').waitFor()
    await page.goto(`${mail}/auth/logout`)
    await page.goto(`${provider}/session/end`)
    await page.goto(mail)
    await press(page, 'Log out')
    await page.getByRole('heading', { name: /You are signed out/ }).waitFor()
    expect(complaints).toEqual([])
  })
})
