import { beforeAll, expect, it } from 'vitest'
import { describeInBrowser } from './chromium.ts'
import { buildNextApp, type NextBuild, until, useNextApp } from './next-app.ts'
import { listenTo, nobody, visitsTo } from './next-visit.ts'

/** A build takes its time on a busy machine. */
const buildMilliseconds = 600_000
const signedOut = /\/api\/auth\/endsession\/logged-out/
/** A signed token. Auth.js's own cookies are encrypted, and begin in the same way. */
const token = /eyJ[\w-]{8,}\.eyJ/

describeInBrowser('Next.js with version 4 of Auth.js, built and started', (chromium) => {
  let built: NextBuild
  beforeAll(async () => {
    built = await buildNextApp('next-auth-4')
  }, buildMilliseconds)
  const opened = useNextApp({ example: 'next-auth-4', behaviours: { algorithm: 'RS256' } })
  const { signIn, copyCookies, ask, signedInAtProvider } = visitsTo(opened)

  /** As `ask`, and what the Pages Router and the proxy say. */
  async function askAll(cookie: string) {
    const { origin, fetch } = opened()
    const classic = await (await fetch(`${origin}/classic`, { headers: { cookie } })).text()
    const members = await fetch(`${origin}/members`, { headers: { cookie } })
    return {
      ...(await ask(cookie)),
      classic: /<h1>([^<]*)/.exec(classic)?.[1],
      members: members.status === 200 ? 'in' : new URL(members.headers.get('location') ?? '/', origin).pathname,
    }
  }
  const everywhereNobody = { ...nobody, classic: 'Nobody is signed in', members: '/api/auth/signin' }
  const everywhereAlice = { page: 'Jobs of Alice', session: 'Alice', classic: 'Classic jobs of Alice', members: 'in' }

  it('builds with an empty environment (need 27)', () => {
    expect([built.code, built.written.includes('Generating static pages')]).toEqual([0, true])
  })

  it('[A3 A6 A7 A10 G1] a login, a logout: copied cookie dead on both routers and in the proxy, service refuses, login screen shown, no token seen (needs 1, 2, 3, 24)', async () => {
    const app = opened()
    const { page, context, complaints } = await chromium.open()
    const heard = listenTo(page, app.origin)
    await signIn(page, 'olga')
    await page.locator('#client', { hasText: 'authenticated Alice' }).waitFor()
    // The service's guard may have to ask for its lease first.
    await until(async () => {
      const served = (await page.locator('#jobs').textContent()) === '200 jobs of olga'
      if (!served) await page.reload()
      return served
    }, app.written)
    const copy = await copyCookies(context)
    const authorization = app.tokens.at(-1) ?? ''
    expect(await askAll(copy)).toMatchObject(everywhereAlice)

    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL(signedOut)
    expect(await askAll(copy)).toEqual(everywhereNobody)
    expect((await context.cookies(app.origin)).filter(({ name }) => name.includes('next-auth'))).toEqual([])
    let status = 503
    await until(async () => {
      status = (await fetch(app.jobs, { headers: { authorization } })).status
      return status !== 503
    })
    expect([status, await signedInAtProvider(context)]).toEqual([401, false])

    await heard.settled()
    const ours = heard.urls.filter((url) => url.startsWith(app.origin))
    // The one answer that sends the browser to the provider may hold the hint.
    const pages = heard.answers.filter((text) => !text.includes('/end-session'))
    expect([copy, ...ours, ...pages, app.written()].filter((text) => token.test(text))).toEqual([])
    // The control: tokens are there to be found.
    expect([token.test(authorization), ours.length > 0, pages.length > 5]).toEqual([true, true, true])
    expect(heard.headerBytes()).toBeLessThan(4096)

    await page.goto(app.origin)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
    expect(complaints).toEqual([])
    expect(app.written()).not.toMatch(/error/i)
  })

  it('[A3 A7] version 4’s own signOut ends it, too; the next login shows the login screen (need 2)', async () => {
    const { page, context } = await chromium.open()
    await signIn(page, 'pia')
    const copy = await copyCookies(context)
    await page.getByRole('button', { name: 'Sign out of this app' }).click()
    // To where the script leads, or to the landing page: whichever the tab hears of first.
    await page.getByRole('heading', { name: /Nobody is signed in|not signed in|signed out/ }).waitFor()
    expect(await askAll(copy)).toEqual(everywhereNobody)
    expect(await signedInAtProvider(context)).toBe(true)
    await page.goto(opened().origin)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
  })

  it('[M8 L24] the provider’s logout token ends it in every tab, with nobody touching them (needs 4, 8)', async () => {
    const { origin, provider, fetch } = opened()
    const { page, context } = await chromium.open()
    await signIn(page, 'rita')
    const other = await context.newPage()
    await other.goto(origin)
    await other.locator('#client', { hasText: 'authenticated Alice' }).waitFor()
    const copy = await copyCookies(context)
    const told = await fetch(`${origin}/api/auth/endsession/backchannel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: await provider.logoutToken({ sub: 'rita' }) }),
    })
    expect(told.status).toBe(200)
    await Promise.all([page, other].map((tab) => tab.waitForURL(signedOut)))
    expect(await askAll(copy)).toEqual(everywhereNobody)
  })

  it('[A3] 200 requests beside a logout bring nothing back (need 6)', async () => {
    const { origin, fetch } = opened()
    const { page, context } = await chromium.open()
    await signIn(page, 'sue')
    const copy = await copyCookies(context)
    const renewed: string[] = []
    const request = async () => {
      const answer = await fetch(`${origin}/classic`, { headers: { cookie: copy } })
      const lines = answer.headers.getSetCookie()
      renewed.push(...lines.flatMap((line) => /^next-auth\.session-token=es1[^;]+/.exec(line)?.[0] ?? []))
      await answer.text()
    }
    // The control: an answer to somebody who is signed in does set the cookie again.
    await request()
    expect(renewed.length).toBe(1)
    const before = Array.from({ length: 100 }, request)
    await page.getByRole('button', { name: 'Log out' }).click()
    const beside = Array.from({ length: 100 }, request)
    await Promise.all([...before, ...beside])
    await page.waitForURL(signedOut)
    expect(await askAll(renewed.at(-1) ?? '')).toEqual(everywhereNobody)
    expect(await askAll(copy)).toEqual(everywhereNobody)
  })
})
