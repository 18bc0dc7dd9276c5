import helmet from 'helmet'
import { expect, it } from 'vitest'
import { askScreen, loginScreen } from './apps/provider.ts'
import { closeSites, expectTitle, makeStage, press, renderMail } from './apps/stage.ts'
import { describeInBrowser } from './chromium.ts'

describeInBrowser('an Express app behind helmet’s default Content-Security-Policy', (chromium) => {
  closeSites()

  async function openMail() {
    const stage = await makeStage({
      before: (app) => app.use(helmet()),
      pages(app, { protect }, { provider }) {
        app.get('/', protect, (request, response) => void response.send(renderMail(request.endsession.sub)))
        app.post('/usual-logout', (_request, response) => {
          response.redirect(303, `${provider.origin}/session/end?client_id=mail`)
        })
      },
    })
    const profile = await chromium.open()
    await stage.logIn(profile.page)
    return { ...stage, ...profile }
  }

  it('its Log out button reaches the provider, and the way back [L5 L17]', async () => {
    const { page, complaints, mail } = await openMail()
    await press(page, 'Log out')
    await expectTitle(page, askScreen)
    await press(page, 'Yes, sign me out')
    await page.getByRole('heading', { name: 'You are signed out of' }).waitFor()
    expect(new URL(page.url()).origin).toBe(mail.origin)
    await page.goto(mail.origin)
    await expectTitle(page, loginScreen)
    expect(complaints).toEqual([])
  })

  it('control: a redirect to the provider is stopped there, and nothing moves', async () => {
    const { page, complaints } = await openMail()
    await press(page, 'Log out the usual way')
    await expect.poll(() => complaints.join()).toContain('form-action')
    await expectTitle(page, 'Mail of ana')
  })
})
