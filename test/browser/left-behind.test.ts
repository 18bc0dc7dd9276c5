import { expect, it } from 'vitest'
import { closeSites, expectTitle, makeStage, press } from './apps/stage.ts'
import { describeInBrowser } from './chromium.ts'

describeInBrowser('what an app has left in the browser', (chromium) => {
  closeSites()

  async function logOutWith(clear: readonly 'storage'[]) {
    const stage = await makeStage({ options: { logout: { clear, scope: 'app' } } })
    const { page } = await chromium.open()
    await stage.logIn(page)
    await page.evaluate(() => localStorage.setItem('draft', 'Dear Ben'))
    const answered = page.waitForResponse((response) => response.request().method() === 'POST')
    await press(page, 'Log out')
    const { headers } = { headers: await (await answered).allHeaders() }
    await page.getByRole('heading', { name: 'You are signed out of' }).waitFor()
    await page.goto(`${stage.mail.origin}/public`)
    await expectTitle(page, 'Public')
    return { draft: await page.evaluate(() => localStorage.getItem('draft')), headers }
  }

  it('is wiped by the logout where the app asks for that, need 33', async () => {
    const { draft, headers } = await logOutWith(['storage'])
    expect(headers['clear-site-data']).toBe('"storage"')
    expect(draft).toBeNull()
  })

  it('and stays where it does not, drafts included: the default', async () => {
    const { draft, headers } = await logOutWith([])
    expect(headers['clear-site-data']).toBeUndefined()
    expect(draft).toBe('Dear Ben')
  })
})
