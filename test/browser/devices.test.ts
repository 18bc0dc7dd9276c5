import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeInBrowser } from './chromium.ts'
import { type Demo, eventually, signedIn, startDemo } from './demo.ts'

describeInBrowser('the devices page of Mail', (chromium) => {
  let demo: Demo
  beforeAll(async () => {
    demo = await startDemo()
  })
  afterAll(() => demo?.stop())

  /** Ana in two browsers of her own, and Ben in his: the control. */
  async function openThree() {
    const [laptop, phone, ben] = await Promise.all([chromium.open(), chromium.open(), chromium.open()])
    for (const { page } of [laptop, phone]) await demo.logIn(page)
    await demo.logIn(ben.page, 'mail', 'ben')
    return { laptop: laptop.page, phone: phone.page, ben: ben.page, complaints: [laptop, phone, ben] }
  }

  for (const button of ['End that device', 'End all others'])
    it(`“${button}”: the ended device’s open tab changes by itself, need 15 [L25 L24]`, async () => {
      const { laptop, phone, ben, complaints } = await openThree()
      await laptop.goto(`${demo.plan.urls.mail}/devices`)
      // Nobody touches the phone: what it shows changes because its session is over.
      await laptop.getByRole('button', { name: button }).first().click()
      await eventually(() => phone.url().endsWith('/auth/logged-out'), true)
      await laptop.goto(demo.plan.urls.mail)
      expect(await signedIn(laptop)).toBe(demo.plan.urls.mail)
      expect(await signedIn(ben)).toBe(demo.plan.urls.mail)
      await phone.goto(demo.plan.urls.mail)
      expect(await signedIn(phone)).toBeUndefined()
      for (const { complaints: said } of complaints) expect(said).toEqual([])
    })
})
