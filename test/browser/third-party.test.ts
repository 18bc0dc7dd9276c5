import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { closeSites, expectTitle, makeStage, renderMail, type Stage } from './apps/stage.ts'
import { describeInBrowser } from './chromium.ts'

describeInBrowser('front-channel logout, in an iframe of the provider’s page', (chromium) => {
  closeSites()

  /** Mail, beside the usual front-channel logout: a page that deletes a cookie which frames may have. */
  async function openMail(thirdPartyCookies: 'blocked' | 'allowed', sidUnguessable = true) {
    const stage = await makeStage({
      options: { frontchannel: true },
      profile: { sidUnguessable },
      pages(app, { protect }) {
        app.get('/', protect, (request, response) => {
          response.append('set-cookie', 'usual=1; Path=/; SameSite=None; Secure')
          response.send(renderMail(request.endsession.sub))
        })
        app.get('/usual-logout', (_request, response) => {
          response.setHeader('set-cookie', 'usual=; Path=/; SameSite=None; Secure; Max-Age=0')
          response.send('<title>Usual</title>')
        })
      },
    })
    const { page, context, complaints } = await chromium.open({ thirdPartyCookies })
    await stage.logIn(page)
    const { mail, provider, store } = stage
    const [session] = await store.list({ iss: provider.origin, client: mail.name, sub: 'ana' })
    const named = new URLSearchParams({ iss: provider.origin, sid: session?.sid ?? '' })
    return {
      ...stage,
      page,
      complaints,
      ours: `${mail.origin}/auth/frontchannel-logout?${named}`,
      usual: `${mail.origin}/usual-logout`,
      copied: await stage.copyCookie(page),
      hasUsualCookie: async () => (await context.cookies(mail.origin)).some(({ name }) => name === 'usual'),
      frame: (url: string) => showFrame(page, stage, url),
    }
  }

  /** What a provider that does front-channel logout shows after its own. */
  async function showFrame(page: Page, { mail, provider }: Stage, url: string): Promise<void> {
    provider.intercept((request, response, pass) => {
      if (request.url !== '/signed-out-of-all') return pass()
      response.setHeader('content-type', 'text/html')
      response.end(`<title>Signed out</title><iframe src="${url}"></iframe>`)
    })
    await page.goto(`${provider.origin}/signed-out-of-all`)
    expect(page.frames().map((frame) => frame.url())).toContain(url)
    expect(mail.requests.at(-1)?.headers['sec-fetch-dest']).toBe('iframe')
  }

  it.each(['blocked', 'allowed'] as const)(
    'third-party cookies %s: the session ends, because the sid names it and no cookie has to, need 16 [L21]',
    async (thirdPartyCookies) => {
      const { mail, page, ours, copied, frame, complaints } = await openMail(thirdPartyCookies)
      await frame(ours)
      expect(await copied()).toBe('out')
      const asked = mail.requests.find(({ url }) => url?.startsWith('/auth/frontchannel-logout'))
      expect(asked?.headers).toMatchObject({ 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' })
      expect(asked?.headers.cookie ?? '').not.toContain('endsession')
      expect(complaints).toEqual([])
      // Only this app's session: the provider's own lives, and signs straight back in.
      await page.goto(`${mail.origin}/`)
      await expectTitle(page, 'Mail of ana')
    },
  )

  it.each([
    ['blocked', true],
    ['allowed', false],
  ] as const)(
    'control: a cookie that the usual front-channel logout deletes, third-party cookies %s: there still? %s',
    async (thirdPartyCookies, still) => {
      const { usual, hasUsualCookie, frame } = await openMail(thirdPartyCookies)
      expect(await hasUsualCookie()).toBe(true)
      await frame(usual)
      expect(await hasUsualCookie()).toBe(still)
    },
  )

  it.each(['blocked', 'allowed'] as const)(
    'third-party cookies %s: a sid that can be guessed ends nothing from another site [L21]',
    async (thirdPartyCookies) => {
      const { ours, copied, frame } = await openMail(thirdPartyCookies, false)
      await frame(ours)
      expect(await copied()).toBe('in')
    },
  )

  it('opened as a page of its own, or as an image, it ends nothing [A5 L21]', async () => {
    const { page, mail, ours, copied } = await openMail('blocked')
    await page.goto(ours)
    await page.goto(`${mail.origin}/`)
    await page.evaluate((url) => {
      document.body.append(Object.assign(new Image(), { src: url }))
    }, ours)
    await expect
      .poll(() => mail.requests.filter(({ url }) => url?.startsWith('/auth/frontchannel-logout')).length)
      .toBe(2)
    expect(await copied()).toBe('in')
  })
})
