import type { IncomingMessage } from 'node:http'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import type { Site } from './apps/site.ts'
import { closeSites, expectTitle, expireUsually, makeStage, openSiteForTest, renderMail } from './apps/stage.ts'
import { describeInBrowser } from './chromium.ts'

describeInBrowser('nobody is logged out by what they did not ask for', (chromium) => {
  closeSites()

  /** Mail, with a page of whatever the test puts into it, and the usual logout beside endsession's: any request ends. */
  async function openMail() {
    const inbox = { html: '' }
    const stage = await makeStage({
      pages(app, { protect }) {
        app.all('/usual-logout', (_request, response) => {
          response.setHeader('set-cookie', expireUsually)
          response.send('<title>Out</title>')
        })
        app.get('/inbox', protect, (_request, response) => void response.send(`<title>Inbox</title>${inbox.html}`))
        app.get('/', protect, (request, response) => void response.send(renderMail(request.endsession.sub)))
      },
    })
    const { page, context } = await chromium.open()
    await stage.logIn(page)
    const isSignedIn = async () => (await context.cookies(stage.mail.origin)).some(({ name }) => name === 'endsession')
    return { ...stage, page, inbox, isSignedIn, copied: await stage.copyCookie(page) }
  }

  const arrived = (site: Site, path: string, like: (headers: IncomingMessage['headers']) => boolean) =>
    expect
      .poll(() => site.requests.filter(({ url, headers }) => url === path && like(headers)).length)
      .toBeGreaterThan(0)

  const hints = [
    [
      '<link rel="prefetch">',
      (path: string) => `<link rel="prefetch" href="${path}">`,
      ({ 'sec-purpose': purpose }: IncomingMessage['headers']) => purpose === 'prefetch',
    ],
    [
      'speculation rules that prefetch',
      (path: string) => speculate('prefetch', path),
      ({ 'sec-purpose': purpose }: IncomingMessage['headers']) => purpose === 'prefetch',
    ],
    [
      'speculation rules that prerender',
      (path: string) => speculate('prerender', path),
      ({ 'sec-purpose': purpose }: IncomingMessage['headers']) => String(purpose).includes('prerender'),
    ],
    [
      '<img>',
      (path: string) => `<img src="${path}" alt="">`,
      ({ 'sec-fetch-dest': dest }: IncomingMessage['headers']) => dest === 'image',
    ],
  ] as const

  function speculate(how: 'prefetch' | 'prerender', path: string): string {
    const rules = { [how]: [{ source: 'list', urls: [path], eagerness: 'immediate' }] }
    return `<script type="speculationrules">${JSON.stringify(rules)}</script>`
  }

  it.each(hints)('not by %s, need 18 [A5]', async (_what, write, like) => {
    const { mail, page, inbox, isSignedIn, copied } = await openMail()
    inbox.html = write('/auth/logout')
    await page.goto(`${mail.origin}/inbox`)
    await arrived(mail, '/auth/logout', like)
    await page.goto(`${mail.origin}/`)
    await expectTitle(page, 'Mail of ana')
    expect(await copied()).toBe('in')
    // The control: a logout that any GET may cause is caused by this one.
    inbox.html = write('/usual-logout')
    await page.goto(`${mail.origin}/inbox`)
    await arrived(mail, '/usual-logout', like)
    await expect.poll(isSignedIn).toBe(false)
  })

  /** A page of somebody else's, whose only form sends itself. */
  function setTrap(site: Site, target: string): void {
    site.answerWith((_request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(`<title>Trap</title><form method="post" action="${target}"></form>
        <script>document.forms[0].submit()</script>`)
    })
  }

  async function fallFor(page: Page, trap: Site): Promise<void> {
    await page.goto(`${trap.origin}/`)
    await page.waitForURL(({ origin }) => origin !== trap.origin)
  }

  it.each([
    ['another site', 'evil', 'cross-site'],
    // Cookies do not know ports: to the browser that is the same site, and Lax cookies go along.
    ['another port of the same host', 'mail', 'same-site'],
  ])('not by a form of %s, need 19 [A5]', async (_whose, name, site) => {
    const { mail, page, isSignedIn, copied } = await openMail()
    const trap = await openSiteForTest(name)
    setTrap(trap, `${mail.origin}/auth/logout`)
    await fallFor(page, trap)
    await page.getByRole('heading', { name: 'This request was refused' }).waitFor()
    const sent = mail.requests.find(({ method, url }) => method === 'POST' && url === '/auth/logout')
    expect(sent?.headers['sec-fetch-site']).toBe(site)
    expect(await copied()).toBe('in')
    expect(await isSignedIn()).toBe(true)
    // The control: where nobody looks at where a form comes from, it works.
    setTrap(trap, `${mail.origin}/usual-logout`)
    await page.goto(`${trap.origin}/`)
    await expect.poll(isSignedIn).toBe(false)
  })

  it('a person who opens the address gets a page with a button, and the button logs out [A5]', async () => {
    const { mail, page, copied } = await openMail()
    await page.goto(`${mail.origin}/auth/logout`)
    await page.getByRole('heading', { name: 'Log out of mail.localhost' }).waitFor()
    expect(await copied()).toBe('in')
    await page.getByRole('button', { name: 'Log out' }).click()
    await expect.poll(copied).toBe('out')
  })
})
