import { describe, expect, it } from 'vitest'
import { systemRuntime } from '../../packages/endsession/src/runtime.ts'
import { newCookieId, sessionIdOf } from '../../packages/endsession/src/session/ids.ts'

describe('session ids', () => {
  it("[A6] the cookie's is 256 random bits, and another one each time", () => {
    const ids = Array.from({ length: 100 }, () => newCookieId(systemRuntime()))
    expect(new Set(ids).size).toBe(100)
    for (const id of ids) expect(id).toMatch(/^0\.[\w-]{43}$/)
  })

  it("[A6] the store's tells nothing of it", () => {
    const cookieId = newCookieId(systemRuntime())
    const id = sessionIdOf(cookieId) ?? ''
    expect(id).toMatch(/^0\.[\w-]{43}$/)
    expect(id).not.toContain(cookieId.slice(2))
    expect(sessionIdOf(id)).not.toBe(id)
  })

  it('[S15] carries the partition number, which is part of what is hashed', () => {
    const cookieId = newCookieId(systemRuntime(), 7)
    expect(cookieId).toMatch(/^7\./)
    expect(sessionIdOf(cookieId)).toMatch(/^7\./)
    expect(sessionIdOf(cookieId.replace(/^7/, '0'))?.slice(2)).not.toBe(sessionIdOf(cookieId)?.slice(2))
  })

  it.each([
    undefined,
    '',
    '.',
    '0.',
    'x'.repeat(45),
    `0.${'x'.repeat(42)}`,
    `0.${'x'.repeat(44)}`,
    `-1.${'x'.repeat(43)}`,
    `12345.${'x'.repeat(43)}`,
    `0.${'x'.repeat(43)}\n`,
    `0.${'+'.repeat(43)}`,
    '0'.repeat(100_000),
  ])('[L18] %j is none of ours', (text) => {
    expect(sessionIdOf(text)).toBeUndefined()
  })
})
