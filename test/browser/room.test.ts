import { parse } from 'node-html-parser'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type ControlRoom, openControlRoom } from '../e2e/control-room.ts'
import { findBarriers } from './axe.ts'
import { describeInBrowser } from './chromium.ts'

// A generous end: each press is a dozen requests through five processes.
vi.setConfig({ testTimeout: 300_000 })

const looks: readonly (readonly [name: string, options: BrowserContextOptions])[] = [
  ['in the light', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }],
  ['in the dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }],
  ['on a phone', { viewport: { width: 390, height: 844 }, colorScheme: 'light' }],
]

describeInBrowser('the real control room', (chromium) => {
  let room: ControlRoom
  beforeAll(async () => {
    room = await openControlRoom()
  })
  afterAll(() => room?.stop())

  it.each(looks)('%s: the story is told, nothing complains, nothing is in anybody’s way', async (look, options) => {
    const { page, complaints } = await chromium.open(options)
    const fits = async () => {
      expect(await findBarriers(page)).toEqual([])
      const { width, height } = options.viewport!
      const size = await page.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, document.documentElement.scrollHeight]',
      )
      expect(size[0]).toBe(width)
      if (look !== 'on a phone') expect(size[1]).toBe(height)
    }
    await page.goto(room.origin)
    await pressAndWait(page, () => page.keyboard.press('r'))
    await expect.poll(() => headline(page)).toBe('Nobody is logged in yet')

    for (const step of [1, 2, 3, 4, 5]) {
      await pressAndWait(page, () => page.locator(`[name=button][value="${step}"]`).click())
      await page.locator(`.step.done [name=button][value="${step}"]`).waitFor()
      if (step === 2) expect(await headline(page)).toBe('6 of 7 still open')
      if (step === 3) await fits()
    }
    expect(await headline(page)).toBe('0 doors open. 1 we can’t see.')
    expect(await page.locator('.storey.lying').count()).toBe(0)
    await fits()

    expect(await page.locator('#problem').isVisible()).toBe(false)
    expect(complaints).toEqual([])
  })

  it.each(looks)('%s: every “What if…” can be tried, and every switch is off again in the end', async (_, options) => {
    const { page, complaints } = await chromium.open(options)
    await page.goto(room.origin)
    await page.locator('#what-if > summary').click()
    const whatIfs = await page
      .locator('[name=whatIf]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('value')))
    expect(whatIfs).toHaveLength(10)
    for (const id of whatIfs) {
      const button = page.locator(`[name=whatIf][value="${id}"]`)
      const isSwitch = (await button.getAttribute('aria-pressed')) !== null
      await pressAndWait(page, () => button.click())
      if (!isSwitch) continue
      expect(await button.getAttribute('aria-pressed')).toBe('true')
      await pressAndWait(page, () => button.click())
      expect(await button.getAttribute('aria-pressed')).toBe('false')
    }
    await page.keyboard.press('Escape')
    expect(await page.locator('#what-if').getAttribute('open')).toBeNull()
    expect(await page.locator('#problem').isVisible()).toBe(false)
    expect(complaints).toEqual([])
  })

  it('an arrow opens its request and its answer, and no secret is in them [A6]', async () => {
    const { page } = await chromium.open()
    await page.goto(room.origin)
    await pressAndWait(page, () => page.keyboard.press('1'))
    const rows = page.locator('.exchange summary')
    expect(await rows.count()).toBeGreaterThan(5)
    await rows.last().focus()
    await page.keyboard.press('Enter')
    const messages = page.locator('.exchange details[open] pre')
    await messages.first().waitFor()
    expect(await messages.count()).toBe(2)
    const everything = await page.content()
    expect(room.secrets().length).toBeGreaterThan(3)
    for (const secret of room.secrets()) expect(everything.includes(secret)).toBe(false)
  })
})

function headline(page: Page): Promise<string | null> {
  return page.locator('#headline').textContent()
}

/** Done is what the server says is done; then the open page has to show the same without being loaded again. */
async function pressAndWait(page: Page, press: () => Promise<unknown>): Promise<void> {
  const answered = page.waitForResponse((response) => response.url().endsWith('/press'))
  await press()
  expect((await answered).status()).toBe(204)
  const told = () => page.locator('#story').textContent()
  await expect
    .poll(
      async () => {
        const { busy, story } = await lookAnew(page)
        return busy === '' && (await page.locator('#busy').textContent()) === '' && story === (await told())
      },
      { timeout: 60_000, interval: 200 },
    )
    .toBe(true)
}

async function lookAnew(page: Page): Promise<{ busy: string; story: string }> {
  const html = parse(await (await page.request.get(page.url())).text())
  const textOf = (selector: string) => html.querySelector(selector)?.textContent ?? ''
  return { busy: textOf('#busy'), story: textOf('#story') }
}
