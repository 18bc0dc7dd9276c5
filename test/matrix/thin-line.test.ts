import { afterEach, describe, expect, it } from 'vitest'
import { leavingTo, makeSetting, type Setting, transports } from './setting.ts'

describe.each(transports)('through the %s', (transport) => {
  let setting: Setting
  afterEach(() => setting.close())

  it('[A1 A5 L1 L2 L5 M1] login, page, logout, and the copied cookie is dead (needs 1, 3)', async () => {
    setting = await makeSetting({ transport })
    const browser = setting.browser()
    expect((await browser.get('/')).headers.get('location')).toMatch(/\/auth\/login\?returnTo=%2F$/)
    const back = await browser.login()
    expect(back.status).toBe(303)
    expect((await browser.get('/')).text).toBe('Hello alice')

    const copied = new Map(browser.cookies)
    const answer = await browser.post('/auth/logout')
    expect(answer.status).toBe(200)
    const there = leavingTo(answer)
    expect(there).toContain('id_token_hint=')
    const { redirect, ended } = setting.provider.endSession(there ?? '')
    expect(ended).toBe(true)
    const landing = await browser.get(`${redirect?.pathname}${redirect?.search}`)
    expect(landing.text).toContain('You are signed out of localhost:3000')

    const thief = setting.browser('thief')
    for (const [name, value] of copied) thief.cookies.set(name, value)
    expect((await thief.get('/')).status).toBe(303)
  })
})
