import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { secondsLater } from './apps/stage.ts'
import { describeInBrowser, type Profile } from './chromium.ts'
import { type Demo, eventually, signedIn, signInWithAcme, startDemo } from './demo.ts'

/** What Ana, or a thief with copies, finds after a logout. */
interface Found {
  readonly mail: string
  readonly copiedCookie: string
  readonly calendar: string
  readonly calendarCookie: string
  readonly api: number
  readonly logIn: string
}

describeInBrowser('Ana logs out of Mail, and everything is tried again', (chromium) => {
  let demo: Demo
  let usual: Found
  let ended: Found
  let profile: Profile

  beforeAll(async () => {
    demo = await startDemo()
    usual = await logOutAndTry(await openBoth(), 'Log out the usual way')
    profile = await openBoth()
    ended = await logOutAndTry(profile, 'Log out')
  })
  afterAll(() => demo?.stop())

  /** A browser where Ana is signed in to Mail by her password, and to Calendar by one click. */
  async function openBoth(): Promise<Profile> {
    const opened = await chromium.open()
    await demo.logIn(opened.page)
    await opened.page.getByRole('link', { name: 'Ask the API' }).click()
    await opened.page.getByText('Status 200').waitFor()
    await opened.page.goto(demo.plan.urls.calendar)
    await opened.page.getByRole('link', { name: 'Log in' }).click()
    await eventually(() => signedIn(opened.page), demo.plan.urls.calendar)
    return opened
  }

  async function logOutAndTry({ page, context }: Profile, button: string): Promise<Found> {
    const { mail, calendar, provider } = demo.plan.urls
    const copy = async (url: string) =>
      (await context.cookies(url)).map(({ name, value }) => `${name}=${value}`).join('; ')
    const [mailCookie, calendarCookie] = [await copy(mail), await copy(calendar)]
    const { accessToken } = demo.tokens('mail')
    await page.goto(mail)
    await page.getByRole('button', { name: button, exact: true }).click()
    await page.getByRole('heading', { name: /You are signed out/ }).waitFor()
    // The provider tells the other app, and the feed the API, in their own time.
    if (button === 'Log out') {
      await eventually(() => replay('calendar', calendarCookie), 'out')
      await eventually(() => askApi(accessToken), 401)
    }
    return {
      mail: await look(page, mail),
      copiedCookie: await replay('mail', mailCookie),
      calendar: await look(page, calendar),
      calendarCookie: await replay('calendar', calendarCookie),
      api: await askApi(accessToken),
      logIn: await logInAgain(page, mail, provider),
    }
  }

  async function look(page: Page, url: string): Promise<string> {
    await page.goto(url)
    return (await signedIn(page)) ? 'in' : 'out'
  }

  /** Not from the browser: as somebody sends it who has a copy. */
  async function replay(app: 'mail' | 'calendar', cookie: string): Promise<string> {
    const headers = { cookie, accept: 'text/html' }
    const answer = await fetch(`http://127.0.0.1:${demo.plan.ports[app]}/`, { headers })
    expect(answer.status).toBe(200)
    return (await answer.text()).includes('data-signed-in') ? 'in' : 'out'
  }

  async function askApi(token: string): Promise<number> {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`http://127.0.0.1:${demo.plan.ports.api}/messages`, { headers })).status
  }

  async function logInAgain(page: Page, mail: string, provider: string): Promise<string> {
    await page.goto(mail)
    await page.getByRole('link', { name: 'Log in' }).click()
    await eventually(
      async () => (await signedIn(page)) === mail || new URL(page.url()).pathname.startsWith('/interaction/'),
      true,
    )
    return new URL(page.url()).origin === provider ? 'login screen' : 'in, without a question'
  }

  it('this browser’s Mail is signed out, either way', () => {
    expect([usual.mail, ended.mail]).toEqual(['out', 'out'])
  })

  it('“Log in” leads to the login screen, where the usual way leads straight back in, need 1 [A7]', () => {
    expect([usual.logIn, ended.logIn]).toEqual(['in, without a question', 'login screen'])
  })

  it('a copied cookie opens nothing, where after the usual way it still does, need 3 [A3 S3]', () => {
    expect([usual.copiedCookie, ended.copiedCookie]).toEqual(['in', 'out'])
  })

  it('Calendar in the same browser is signed out, with third-party cookies blocked, needs 4 and 16 [M8]', () => {
    expect([usual.calendar, ended.calendar]).toEqual(['in', 'out'])
    expect([usual.calendarCookie, ended.calendarCookie]).toEqual(['in', 'out'])
  })

  it('the API refuses the access token, where after the usual way it takes it, need 5 [G1]', () => {
    expect([usual.api, ended.api]).toEqual([200, 401])
  })

  it('and nothing on all these pages has met an error or violated a policy [L17]', () => {
    expect(profile.complaints).toEqual([])
  })

  it('Ana signs in again, with her password [M10]', async () => {
    const { page } = profile
    // Times of logins are whole seconds: one in the same second as the logout would be asked for again.
    await secondsLater()
    await signInWithAcme(page, 'ana')
    await eventually(() => signedIn(page), demo.plan.urls.mail)
  })
})

describeInBrowser('the login behind the provider', (chromium) => {
  let demo: Demo
  beforeAll(async () => {
    demo = await startDemo()
  })
  afterAll(() => demo?.stop())

  it.each([
    ['a provider that tells it', false, 'asks for the password'],
    ['a provider that does not', true, 'signs in without a question'],
  ])('%s: nobody claims that it has ended, need 28 [A2 L19]', async (_what, upstreamStays, finds) => {
    await demo.running.ask('provider', 'setSwitch', { name: 'upstreamStays', on: upstreamStays })
    const { page } = await chromium.open()
    await demo.logIn(page, 'mail', 'ben')
    await page.getByRole('button', { name: 'Log out', exact: true }).click()
    await page.getByRole('heading', { name: /You are signed out/ }).waitFor()
    await eventually(() => demo.report('logout.landed')?.layers.provider.outcome, 'ended')
    expect(demo.report('logout.landed')?.layers.upstream.outcome).toBe('unknown')

    // Calendar's login is a plain one: it finds what there is. Mail's asks for the screen, and the provider passes that on.
    expect(await tryAcme(page, demo.plan.urls.calendar)).toBe(finds)
    expect(await tryAcme(page, demo.plan.urls.mail)).toBe('asks for the password')
  })

  async function tryAcme(page: Page, app: string): Promise<string> {
    await page.goto(app)
    await page.getByRole('link', { name: 'Log in' }).click()
    await page.getByRole('link', { name: 'Sign in with Acme' }).click()
    const password = page.getByLabel('Password')
    await eventually(async () => (await signedIn(page)) !== undefined || (await password.count()) > 0, true)
    return (await password.count()) > 0 ? 'asks for the password' : 'signs in without a question'
  }
})
