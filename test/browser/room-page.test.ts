import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { describeChange } from '../../demo/src/room/page/index.ts'
import type { RoomState } from '../../demo/src/room/state.ts'
import { findBarriers } from './axe.ts'
import { describeInBrowser } from './chromium.ts'
import { type RoomServer, serveRoomPage } from './room-server.ts'
import { makeExchange, states } from './room-states.ts'

const desktop = { viewport: { width: 1280, height: 800 } }
const phone = { viewport: { width: 390, height: 844 } }
const looks: readonly (readonly [name: string, options: BrowserContextOptions])[] = [
  ['in the light', { ...desktop, colorScheme: 'light' }],
  ['in the dark', { ...desktop, colorScheme: 'dark' }],
  ['on a phone', { ...phone, colorScheme: 'light' }],
  ['on a phone in the dark', { ...phone, colorScheme: 'dark' }],
]
const moments = Object.entries(states)

describeInBrowser('the control room’s page', (chromium) => {
  let server: RoomServer | undefined

  afterEach(async () => {
    await server?.stop()
    server = undefined
  })

  async function openRoom(state: RoomState, options: BrowserContextOptions = desktop) {
    const room = await serveRoomPage(state)
    server = room
    const profile = await chromium.open(options)
    await profile.page.goto(room.url)
    return { ...profile, room }
  }

  describe('looks', () => {
    it.each(moments)('one screen is enough, whatever it says: %s', async (_name, state) => {
      const { page } = await openRoom(state)
      expect(await sizeOf(page)).toEqual({ width: 1280, height: 800 })
      await page.locator('#what-if > summary').click()
      expect(await sizeOf(page)).toEqual({ width: 1280, height: 800 })
    })

    it.each(moments)('a phone never scrolls sideways, and the buttons are within reach: %s', async (_name, state) => {
      const { page } = await openRoom(state, phone)
      expect((await sizeOf(page)).width).toBe(390)
      for (const button of await page.locator('#controls button[name=button]').all()) {
        const box = await button.boundingBox()
        expect(box!.y + box!.height).toBeLessThanOrEqual(844)
      }
    })

    it('a phone shows the building, and the film strip behind a tab', async () => {
      const { page } = await openRoom(states.over, { ...phone, javaScriptEnabled: false })
      expect(await page.locator('.building').isVisible()).toBe(true)
      expect(await page.locator('.strip').isVisible()).toBe(false)
      await page.getByText('Film strip', { exact: true }).click()
      expect(await page.locator('.building').isVisible()).toBe(false)
      expect(await page.locator('.strip').isVisible()).toBe(true)
    })

    describe.each(looks)('%s', (_look, options) => {
      it.each(moments)('nothing is in anybody’s way, and nothing complains: %s', async (_name, state) => {
        const { page, complaints } = await openRoom(state, options)
        expect(await findBarriers(page)).toEqual([])
        expect(complaints).toEqual([])
      })

      it('nor is anything in the drawer', async () => {
        const { page, complaints } = await openRoom(states.loggedIn, options)
        await page.locator('#what-if > summary').click()
        expect(await findBarriers(page)).toEqual([])
        expect(complaints).toEqual([])
      })

      it('nor is anything in the film strip, opened', async () => {
        const { page, complaints } = await openRoom(states.over, options)
        if (options.viewport === phone.viewport) await page.getByText('Film strip', { exact: true }).click()
        await page.locator('.exchange summary').last().click()
        expect(await findBarriers(page)).toEqual([])
        expect(complaints).toEqual([])
      })
    })

    it('a row that lies says so in words, and what it said and is', async () => {
      const { page } = await openRoom(states.usualOut)
      const row = page.locator('#storey-app')
      expect(await row.textContent()).toMatch(/signed out[\s\S]*alive[\s\S]*Not true\./)
      expect(await page.locator('#storey-browser').textContent()).not.toContain('Not true')
    })
  })

  describe('keys', () => {
    it('1 to 5 press the buttons, R starts over', async () => {
      const { page, room } = await openRoom(states.start)
      await page.locator('select[name=scope]').selectOption('everywhere')
      await page.locator('body').click({ position: { x: 2, y: 2 } })
      for (const key of ['1', '2', '3', '4', '5', 'r']) {
        await page.keyboard.press(key)
        await expect.poll(() => room.presses.length).toBe(Number(key) || 6)
      }
      const fields = room.presses.map((body) => new URLSearchParams(body))
      expect(fields.map((body) => body.get('button') ?? body.get('reset'))).toEqual(['1', '2', '3', '4', '5', '1'])
      expect(fields[3]?.get('scope')).toBe('everywhere')
    })

    it('not while the scope is being chosen, not with another key held, not while the room is busy', async () => {
      const { page, room } = await openRoom(states.start)
      await page.locator('select[name=scope]').focus()
      await page.keyboard.press('2')
      await page.locator('select[name=scope]').blur()
      await page.keyboard.press('Control+2')
      await page.keyboard.press('Alt+3')
      await room.show({ ...states.start, revision: 2, busy: 'Ana logs in…' })
      await page.getByText('Ana logs in…').waitFor()
      await page.keyboard.press('4')
      await room.show({ ...states.start, revision: 3 })
      await page.getByText('Ana logs in…').waitFor({ state: 'detached' })
      // The control: nothing was merely slow.
      await page.keyboard.press('5')
      await expect.poll(() => room.presses.length).toBeGreaterThan(0)
      expect(room.presses.map((body) => new URLSearchParams(body).get('button'))).toEqual(['5'])
    })
  })

  it.each(looks)('every “What if…” can be pressed %s, but one that is unavailable', async (_look, options) => {
    const { page, room } = await openRoom(states.over, options)
    await page.locator('#what-if > summary').click()
    const wanted = states.over.whatIfs.filter(({ unavailable }) => unavailable === undefined).map(({ id }) => id)
    for (const { id } of states.over.whatIfs) await page.locator(`[name=whatIf][value="${id}"]`).click({ force: true })
    await expect.poll(() => room.presses.length).toBe(wanted.length)
    expect(room.presses.map((body) => new URLSearchParams(body).get('whatIf'))).toEqual(wanted)
  })

  describe('when something happens', () => {
    it('the focus stays, what is open stays open, and the windows change', async () => {
      const { page, room } = await openRoom(states.usualOut)
      await page.locator('.exchange summary').last().click()
      await page.locator('#what-if > summary').click()
      const button = page.locator('[name=button][value="4"]')
      await button.focus()
      await room.show({ ...states.usualOut, revision: 10, busy: 'Ana logs out…' })
      await page.getByText('Ana logs out…').waitFor()
      expect(await button.getAttribute('aria-disabled')).toBe('true')
      await room.show(states.over)
      await page.locator('#storey-app.dark').waitFor()
      expect(await page.locator('*:focus').getAttribute('value')).toBe('4')
      expect(await page.locator('#what-if').getAttribute('open')).not.toBeNull()
      expect(await page.locator('#exchange-19 details').getAttribute('open')).not.toBeNull()
      expect(await page.title()).toContain('0 doors open')
    })

    it('a screen reader hears the rows that have changed, in words, and no others', async () => {
      const { page, room } = await openRoom(states.usualOut)
      const heard = page.locator('#aloud[aria-live=polite] > p')
      expect(await heard.count()).toBe(0)
      const [browser, app] = [states.usualOut.storeys[0]!, states.over.storeys[1]!]
      await room.show({ ...states.usualOut, storeys: [browser, app, ...states.usualOut.storeys.slice(2)] })
      await heard.first().waitFor({ state: 'attached' })
      expect(await heard.allTextContents()).toEqual(['Mail: now closed. Says ended, is over.'])
    })

    it('what went over the wire stands in its order, also what is told late', async () => {
      const { page, room } = await openRoom(states.loggedIn)
      const [first, second, ...rest] = states.loggedIn.film
      const late = makeExchange(900, first!.during, 'provider', 'mail', 'POST /late', 200)
      await room.show({ ...states.loggedIn, revision: 9, film: [first!, late, second!, ...rest] })
      await page.locator('#exchange-900').waitFor()
      const ids = await page.locator('#film > .exchange').evaluateAll((rows) => rows.map(({ id }) => id))
      expect(ids.slice(0, 3)).toEqual(['exchange-1', 'exchange-900', 'exchange-2'])
      await room.show(states.start)
      await expect.poll(() => page.locator('#film > li').count()).toBe(0)
    })

    it('the newest arrow is in sight, unless somebody has scrolled up to read', async () => {
      const { page, room } = await openRoom(states.over)
      const reel = page.locator('#reel')
      const add = (count: number) => {
        const more = Array.from({ length: count }, (_, at) =>
          makeExchange(100 + at, 'What if', 'thief', 'mail', 'GET /', 401),
        )
        return room.show({ ...states.over, revision: 100 + count, film: [...states.over.film, ...more] })
      }
      await add(1)
      await page.locator('#exchange-100').waitFor()
      expect(await isInSight(page, '#exchange-100')).toBe(true)

      await reel.evaluate((element) => element.scrollBy(0, -400))
      const seen = page.locator('#exchange-14')
      const before = await seen.boundingBox()
      await add(5)
      await page.locator('#exchange-104').waitFor()
      expect(Math.abs((await seen.boundingBox())!.y - before!.y)).toBeLessThan(2)
      await page.getByRole('button', { name: 'Newest' }).click()
      await expect.poll(() => isInSight(page, '#exchange-104')).toBe(true)
    })

    it('text is text, whoever wrote it', async () => {
      const nasty = '<img src=x onerror=alert(1)>"><script>alert(2)</script>'
      const film = [{ ...makeExchange(1, nasty, 'thief', 'mail', nasty, 200), meaning: nasty }]
      const state = { ...states.over, headline: nasty, story: nasty, problem: nasty, film }
      const { page, room, complaints } = await openRoom(state)
      await room.show({ ...state, revision: 9, headline: `${nasty}!` })
      await expect.poll(() => page.locator('#headline').textContent()).toBe(`${nasty}!`)
      expect(await page.locator('img, main script').count()).toBe(0)
      expect(complaints).toEqual([])
    })
  })

  describe('without a script', () => {
    it('buttons post and lead back, exchanges and the drawer open, a busy page looks again by itself', async () => {
      const { page, room } = await openRoom(states.usualOut, { ...desktop, javaScriptEnabled: false })
      expect(await isInSight(page, '#exchange-19')).toBe(true)
      await page.locator('.exchange summary').last().click()
      expect(await page.getByText('HTTP/1.1 200').last().isVisible()).toBe(true)
      await page.locator('#what-if > summary').click()
      await page.locator('[name=whatIf][value=decline]').click()
      await page.locator('[name=button][value="4"]').click()
      await expect.poll(() => room.presses).toEqual(['scope=provider&whatIf=decline', 'button=4&scope=provider'])
      await expect.poll(() => page.url()).toBe(room.url)

      await room.show({ ...states.start, revision: 10, busy: 'Ana logs in…' })
      // A tab of its own: the answer to the post may still be on its way into the first one.
      const another = await page.context().newPage()
      await another.goto(room.url)
      await room.show(states.loggedIn)
      await another.locator('#storey-app.lit').waitFor()
    })
  })

  it('says when the room does not answer any more', async () => {
    const { page, room } = await openRoom(states.loggedIn)
    await room.stop()
    server = undefined
    await page.getByText('The control room does not answer.').waitFor()
  })
})

describe('what is sent to the page', () => {
  it('is nothing but what has changed', async () => {
    const change = JSON.parse(await describeChange(states.loggedIn, { ...states.loggedIn, story: 'Another one.' }))
    expect(change).toEqual({ title: expect.any(String), parts: [expect.stringContaining('Another one.')], aloud: [] })
  })
})

function sizeOf(page: Page): Promise<{ width: number; height: number }> {
  return page.evaluate(
    '({ width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight })',
  )
}

async function isInSight(page: Page, row: string): Promise<boolean> {
  const [reel, box] = [await page.locator('#reel').boundingBox(), await page.locator(row).boundingBox()]
  return box!.y >= reel!.y && box!.y + box!.height <= reel!.y + reel!.height + 1
}
