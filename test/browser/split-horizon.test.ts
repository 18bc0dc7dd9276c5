import { expect, it } from 'vitest'
import { askScreen } from './apps/provider.ts'
import { closeSites, expectTitle, makeStage, press } from './apps/stage.ts'
import { describeInBrowser } from './chromium.ts'

describeInBrowser('a provider with one address for browsers and another for servers', (chromium) => {
  closeSites()

  it('the app’s server keeps to its own, the browser never sees that one, and the logout works, need 30', async () => {
    const { mail, provider, logIn, events } = await makeStage({ options: { logout: { probe: 'where_it_proves' } } })
    const { page, context } = await chromium.open()
    const visited: string[] = []
    context.on('request', (request) => visited.push(request.url()))
    await logIn(page)
    await press(page, 'Log out')
    await expectTitle(page, askScreen)
    await press(page, 'Yes, sign me out')
    await page.getByText('is over, too').waitFor()
    expect(
      events.some((event) => event.type === 'logout.landed' && event.report.layers.provider.outcome === 'ended'),
    ).toBe(true)

    const { host: inside } = new URL(provider.serverUrl)
    const { host: outside } = new URL(provider.origin)
    const askedAt = (path: RegExp) => [
      ...new Set(provider.requests.filter(({ url }) => path.test(url ?? '')).map(({ headers }) => headers.host)),
    ]
    expect(askedAt(/^\/(\.well-known|token|jwks)/)).toEqual([inside])
    expect(askedAt(/^\/(auth|interaction|session)/)).toEqual([outside])
    expect(new Set(visited.map((url) => new URL(url).origin))).toEqual(new Set([mail.origin, provider.origin]))
  })
})
