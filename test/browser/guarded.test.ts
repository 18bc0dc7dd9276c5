import type { Options } from 'endsession'
import { expect, it } from 'vitest'
import { askScreen, loginScreen } from './apps/provider.ts'
import { closeSites, expectTitle, expireUsually, makeStage, press, renderMail } from './apps/stage.ts'
import { describeInBrowser } from './chromium.ts'

describeInBrowser('an app that guards every page, and sends everybody to the login', (chromium) => {
  closeSites()

  async function openMail(options: Partial<Options> = {}) {
    const stage = await makeStage({
      options,
      pages(app, { protect }) {
        app.post('/usual-logout', (_request, response) => {
          response.setHeader('set-cookie', expireUsually)
          response.redirect(303, '/')
        })
        app.use(protect)
        app.use((request, response) => void response.send(renderMail(request.endsession.sub)))
      },
    })
    const { page } = await chromium.open()
    await stage.logIn(page)
    const logins = () => stage.mail.requests.filter(({ url }) => url?.startsWith('/auth/login')).length
    return { ...stage, page, logins }
  }

  it('logs out to a page that stays, and does not loop, need 7 [A7 L12]', async () => {
    const { page, mail, logins } = await openMail()
    const before = logins()
    await press(page, 'Log out')
    await expectTitle(page, askScreen)
    await press(page, 'Yes, sign me out')
    await page.getByRole('heading', { name: 'You are signed out of' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/auth/logged-out')
    await page.waitForLoadState('networkidle')
    expect(logins()).toBe(before)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await expectTitle(page, loginScreen)
    expect(logins() - before).toBeLessThanOrEqual(1)
    expect(mail.requests.length).toBeLessThan(20)
  })

  it.each(['Yes, sign me out', 'No, stay signed in'])(
    'landing on one of its own pages ends at the login screen, not back inside, after “%s”, need 7 [A7]',
    async (answer) => {
      const { page, mail, logins } = await openMail({ logout: { landing: '/' } })
      const before = logins()
      await press(page, 'Log out')
      await expectTitle(page, askScreen)
      await press(page, answer)
      await expectTitle(page, loginScreen)
      await page.waitForLoadState('networkidle')
      expect(await page.title()).toBe(loginScreen)
      expect(logins() - before).toBeLessThanOrEqual(1)
      expect(mail.requests.length).toBeLessThan(20)
    },
  )

  it('control: the usual logout ends back inside, and nobody was asked anything', async () => {
    const { page, provider } = await openMail()
    const before = provider.requests.length
    await press(page, 'Log out the usual way')
    await expect.poll(() => provider.requests.length).toBeGreaterThan(before)
    await expectTitle(page, 'Mail of ana')
    expect(provider.requests.slice(before).some(({ url }) => url?.startsWith('/interaction/'))).toBe(false)
  })
})
