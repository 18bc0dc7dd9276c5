import { expect, it } from 'vitest'
import { loginScreen, signIn } from './apps/provider.ts'
import { closeSites, expectTitle, makeStage, press, secondsLater } from './apps/stage.ts'
import { describeInBrowser } from './chromium.ts'

describeInBrowser('a logout beside other things', (chromium) => {
  closeSites()

  async function openMail() {
    const stage = await makeStage()
    const { page, context } = await chromium.open()
    await stage.logIn(page)
    const home = `${stage.mail.origin}/`
    const hasSession = async () => (await context.cookies(home)).some(({ name }) => name === 'endsession')
    return { ...stage, page, context, home, hasSession, copied: await stage.copyCookie(page) }
  }

  /** A login in a second tab stands still where the app redeems its code; answers how to let it go on. */
  async function beginLateLogin({ provider, context, home }: Awaited<ReturnType<typeof openMail>>) {
    let release = () => {}
    const until = new Promise<void>((resolve) => {
      release = resolve
    })
    provider.intercept(async ({ url }, _response, pass) => {
      if (url === '/token') await until
      pass()
    })
    const calls = () => provider.requests.filter(({ url }) => url === '/token').length
    const before = calls()
    const tab = await context.newPage()
    const arrived = tab.goto(`${home}auth/login?returnTo=/`)
    await expect.poll(calls).toBe(before + 1)
    return { tab, arrived, release }
  }

  it('a login that began before the logout and ends after it, in another tab, opens nothing, need 6 [A3 S2 L3]', async () => {
    const opened = await openMail()
    const { page, copied, mail } = opened
    const { tab, arrived, release } = await beginLateLogin(opened)
    await press(page, 'Log out of Mail only')
    await page.getByRole('heading', { name: 'You are signed out of' }).waitFor()
    await secondsLater()
    release()
    await arrived
    // It was asked to sign in once more, and this time by hand.
    await expectTitle(tab, loginScreen)
    expect(await opened.hasSession()).toBe(false)
    expect(await copied()).toBe('out')
    expect(mail.requests.filter(({ url }) => url?.startsWith('/auth/callback')).length).toBe(2)
    await signIn(tab, 'ana')
    await expectTitle(tab, 'Mail of ana')
  })

  it('control: the usual logout is undone by that login', async () => {
    const opened = await openMail()
    const { page, copied } = opened
    const { tab, arrived, release } = await beginLateLogin(opened)
    await press(page, 'Log out the usual way')
    await expectTitle(page, 'Public')
    expect(await opened.hasSession()).toBe(false)
    release()
    await arrived
    await expectTitle(tab, 'Mail of ana')
    expect(await opened.hasSession()).toBe(true)
    expect(await copied()).toBe('out')
  })

  it('a double click is one logout, and the browser shows where it leads [A13]', async () => {
    const { page, mail, copied, events } = await openMail()
    await page.getByRole('button', { name: 'Log out', exact: true }).dblclick()
    await expectTitle(page, 'Sign out of Example ID?')
    await press(page, 'Yes, sign me out')
    await page.getByRole('heading', { name: 'You are signed out of' }).waitFor()
    expect(await copied()).toBe('out')
    const ends = events.filter(({ type }) => type === 'session.ended')
    expect(ends.length).toBe(1)
    expect(mail.requests.filter(({ method, url }) => method === 'POST' && url === '/auth/logout').length).toBeLessThan(
      3,
    )
  })

  it('two tabs that log out at the same time both reach the provider with the same hint [A13]', async () => {
    const { page, context, home, provider, copied, events } = await openMail()
    const other = await context.newPage()
    await other.goto(home)
    await Promise.all([page, other].map((tab) => press(tab, 'Log out')))
    for (const tab of [page, other]) await expectTitle(tab, 'Sign out of Example ID?')
    const hints = provider.requests
      .filter(({ url }) => url?.startsWith('/session/end?'))
      .map(({ url }) => new URL(url ?? '', provider.origin).searchParams.get('id_token_hint'))
    expect(hints.length).toBe(2)
    expect(hints[0]).toMatch(/^eyJ/)
    expect(new Set(hints).size).toBe(1)
    expect(await copied()).toBe('out')
    expect(events.filter(({ type }) => type === 'session.ended').length).toBe(1)
  })

  it('the provider is down: signed out here at once all the same, need 20 [A1]', async () => {
    const { page, home, provider, copied, hasSession } = await openMail()
    provider.intercept(({ socket }) => socket.destroy())
    await press(page, 'Log out')
    await expect.poll(copied).toBe('out')
    await expect.poll(hasSession).toBe(false)
    // The browser has nothing to show of the provider; Mail's own pages work.
    await expect.poll(() => page.url()).toContain('chrome-error:')
    await page.goto(`${home}public`)
    await expectTitle(page, 'Public')
  })

  it('the provider is slow: signed out here before it has answered, need 20 [A1 A12]', async () => {
    const { page, provider, copied, hasSession } = await openMail()
    let answerNow = () => {}
    const slow = new Promise<void>((resolve) => {
      answerNow = resolve
    })
    provider.intercept(async (_request, _response, pass) => {
      await slow
      pass()
    })
    await press(page, 'Log out')
    await expect.poll(copied).toBe('out')
    await expect.poll(hasSession).toBe(false)
    answerNow()
    await expectTitle(page, 'Sign out of Example ID?')
  })

  it('control: where the provider is asked first, nobody is signed out before it answers', async () => {
    const stage = await makeStage({
      pages(app, { protect }, { provider }) {
        app.get('/', protect, (request, response) => {
          response.send(`<title>Mail of ${request.endsession.sub}</title>
            <form method="post" action="/provider-first"><button>Log out</button></form>`)
        })
        app.post('/provider-first', async (_request, response) => {
          await fetch(`${provider.serverUrl}/session/end`)
          response.setHeader('set-cookie', 'endsession=; Path=/; Max-Age=0').send('<title>Out</title>')
        })
      },
    })
    const { page, context } = await chromium.open()
    await stage.logIn(page)
    stage.provider.intercept(({ socket }) => socket.destroy())
    await press(page, 'Log out')
    await expect.poll(() => stage.provider.requests.at(-1)?.url).toBe('/session/end')
    expect((await context.cookies(stage.mail.origin)).map(({ name }) => name)).toContain('endsession')
  })
})
