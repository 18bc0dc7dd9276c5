import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { askScreen, loginScreen, signIn } from './apps/provider.ts'
import type { Site } from './apps/site.ts'
import { closeSites, expectTitle, makeStage, press, secondsLater } from './apps/stage.ts'
import { describeInBrowser } from './chromium.ts'

const yes = 'Yes, sign me out'

describeInBrowser('getting back in', (chromium) => {
  closeSites()

  /** Two browsers of one person, both signed in. */
  async function openTwo() {
    const stage = await makeStage()
    const [{ page: here }, { page: there }] = [await chromium.open(), await chromium.open()]
    for (const page of [here, there]) await stage.logIn(page)
    return { ...stage, here, there, home: `${stage.mail.origin}/` }
  }

  async function logOut(page: Page, button: string, answer = yes): Promise<void> {
    await press(page, button)
    await expectTitle(page, askScreen)
    await press(page, answer)
    await page.getByRole('heading', { name: 'You are signed out of' }).waitFor()
  }

  it('one browser logs out and meets the login screen; the person’s other browser lives on, need 15 [A7 A14 M6]', async () => {
    const { here, there, home, copyCookie } = await openTwo()
    const copied = await copyCookie(here)
    await logOut(here, 'Log out')
    expect(await copied()).toBe('out')
    await here.goto(home)
    await expectTitle(here, loginScreen)
    await there.goto(home)
    await expectTitle(there, 'Mail of ana')
  })

  it('everywhere ends both, and neither gets back in without signing in anew, need 15 [A7 M7 M10]', async () => {
    const { here, there, home, copyCookie } = await openTwo()
    const copies = [await copyCookie(here), await copyCookie(there)]
    // The control: without a cookie, the provider of the other browser signs straight back in.
    await press(there, 'Log out the usual way')
    await expectTitle(there, 'Public')
    await there.goto(home)
    await expectTitle(there, 'Mail of ana')
    copies.push(await copyCookie(there))

    await logOut(here, 'Log out everywhere')
    expect(await Promise.all(copies.map((copied) => copied()))).toEqual(['out', 'out', 'out'])
    await secondsLater()
    for (const page of [here, there]) {
      await page.goto(home)
      await expectTitle(page, loginScreen)
      await page.goto(home)
      await expectTitle(page, loginScreen)
      await signIn(page, 'ana')
      await expectTitle(page, 'Mail of ana')
    }
  })

  it('scope “app” leaves the provider alone: one click and the person is back, as the page says [M5 A14]', async () => {
    const { here, home, copyCookie, provider } = await openTwo()
    const copied = await copyCookie(here)
    const before = provider.requests.length
    await press(here, 'Log out of Mail only')
    await here.getByText('Your login at id.localhost').waitFor()
    expect(provider.requests.slice(before).filter(({ method }) => method === 'GET')).toEqual([])
    expect(await copied()).toBe('out')
    await here.goto(home)
    await expectTitle(here, 'Mail of ana')
  })

  type Change = (query: URLSearchParams) => void

  /** A thief at a screen whose provider session lives changes the address that asks for a new login. */
  function changeAddress(provider: Site, change: Change): readonly string[] {
    const changed: string[] = []
    provider.intercept((request, response, pass) => {
      const url = new URL(request.url ?? '', provider.origin)
      const before = url.search
      if (url.pathname === '/auth') change(url.searchParams)
      if (url.search === before) return pass()
      changed.push(before)
      response.writeHead(302, { location: url.href }).end()
    })
    return changed
  }

  const asksForAnyLogin: Change = (query) => {
    query.delete('prompt')
    if (query.has('max_age')) query.set('max_age', '999999')
  }
  const asksForNoTime: Change = (query) => {
    for (const name of ['prompt', 'max_age', 'claims']) query.delete(name)
  }

  it.each([
    ['takes any login, however old', asksForAnyLogin, 'Please sign in once more'],
    ['does not ask when that was', asksForNoTime, 'Signing in did not work'],
  ])(
    'a login that %s, opens nothing after “everywhere”, and does not loop [A7 L3 M10]',
    async (_what, change, heading) => {
      const { here, there, home, mail, provider, copyCookie } = await openTwo()
      await logOut(here, 'Log out everywhere')
      const changed = changeAddress(provider, change)
      const before = mail.requests.length
      await there.goto(home)
      await there.getByRole('heading', { name: heading }).waitFor()
      expect(changed.length).toBe(2)
      expect(mail.requests.length - before).toBeLessThan(10)
      expect(await (await copyCookie(there))()).toBe('out')
    },
  )

  it('control: with nobody’s logout in the way, the login that takes any is let in', async () => {
    const { there, home, provider } = await openTwo()
    await press(there, 'Log out the usual way')
    await expectTitle(there, 'Public')
    const changed = changeAddress(provider, asksForAnyLogin)
    await there.goto(home)
    await expectTitle(there, 'Mail of ana')
    expect(changed.length).toBe(1)
  })

  async function askedAtProvider(answer: string) {
    const stage = await makeStage({ options: { logout: { probe: 'where_it_proves' } } })
    const { page } = await chromium.open()
    await stage.logIn(page)
    await logOut(page, 'Log out', answer)
    const landed = stage.events.find(({ type }) => type === 'logout.landed')
    const row = landed?.type === 'logout.landed' && landed.report.layers.provider
    const said = (await page.locator('main p').first().textContent()) ?? ''
    return { ...stage, page, row, sentence: said.replace(new URL(stage.provider.origin).host, 'Example ID') }
  }

  it('“No, stay signed in” at the provider: the report says so, and the next login asks who it is, need 22 [A2 A7 L11 L12]', async () => {
    const { page, mail, row, sentence } = await askedAtProvider('No, stay signed in')
    expect(sentence).toBe('Example ID still knows you on this computer.')
    expect(row).toMatchObject({ reason: 'probe_still_signed_in' })
    expect(row).not.toMatchObject({ outcome: 'ended' })
    await secondsLater()
    await page.goto(`${mail.origin}/`)
    await expectTitle(page, loginScreen)
    await signIn(page, 'ana')
    await expectTitle(page, 'Mail of ana')
  })

  it('“Yes, sign me out”: the provider’s own word proves it [L11 L12]', async () => {
    const { row, sentence } = await askedAtProvider(yes)
    expect(sentence).toBe('Your login at Example ID is over, too.')
    expect(row).toMatchObject({ outcome: 'ended', reason: 'probe_login_required' })
  })
})
