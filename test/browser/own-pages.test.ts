import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pageResponse } from '../../packages/endsession/src/web/page.ts'
import { findBarriers } from './axe.ts'
import { describeInBrowser } from './chromium.ts'
import { pages, setting } from './own-pages.ts'

const phone = { viewport: { width: 360, height: 740 } }
const looks: readonly (readonly [name: string, options: BrowserContextOptions])[] = [
  ['in the light', { colorScheme: 'light' }],
  ['in the dark', { colorScheme: 'dark' }],
  ['on a phone in the light', { ...phone, colorScheme: 'light' }],
  ['on a phone in the dark', { ...phone, colorScheme: 'dark' }],
]
const names = Object.keys(pages)

describeInBrowser('how the library’s own pages look', (chromium) => {
  let server: Server
  let origin: string

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://own')
      const page = pages[pathname.slice(1)]
      if (!page) return response.writeHead(204).end()
      const answer = pageResponse(setting(searchParams.has('long')), page, 200)
      response.writeHead(200, Object.fromEntries(answer.headers)).end(await answer.text())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  describe.each(looks)('%s', (_look, options) => {
    it.each(['signedOut', 'failed', 'choose'])('nothing is in anybody’s way, details unfolded: %s', async (name) => {
      const { page, complaints } = await chromium.open(options)
      await page.goto(`${origin}/${name}`)
      const details = page.locator('summary')
      if (await details.count()) {
        await details.click()
        expect(await page.locator('dl > div').count()).toBe(7)
      }
      expect(await findBarriers(page)).toEqual([])
      expect(complaints).toEqual([])
    })
  })

  it.each(names)('long names break, and nobody scrolls sideways: %s', async (name) => {
    const { page } = await chromium.open(phone)
    await page.goto(`${origin}/${name}?long`)
    const details = page.locator('summary')
    if (await details.count()) await details.click()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    const outside = await page.locator('main *').evaluateAll((all) => {
      const right = all[0]?.closest('main')?.getBoundingClientRect().right ?? 0
      return all.filter((element) => element.getBoundingClientRect().right > right).map(({ outerHTML }) => outerHTML)
    })
    expect(outside).toEqual([])
  })

  it('the button stays under the pointer when “Details” is unfolded', async () => {
    const { page } = await chromium.open()
    await page.goto(`${origin}/signedOut`)
    const before = await page.locator('.button').boundingBox()
    await page.locator('summary').click()
    expect(await page.locator('dl').isVisible()).toBe(true)
    expect(await page.locator('.button').boundingBox()).toEqual(before)
  })
})
