import { describe, expect, it } from 'vitest'
import { systemRuntime } from '../../packages/endsession/src/runtime.ts'
import { openDescription, openTokens, sealContents } from '../../packages/endsession/src/session/contents.ts'
import { createSealer } from '../../packages/endsession/src/session/sealing.ts'

const sealer = createSealer(['a secret of thirty-two bytes or more'], systemRuntime())
const description = { provider: 'example', claims: { sub: 'alice', name: 'Alice' }, browser: 'Firefox' }
const tokens = {
  idToken: 'canary-id',
  accessToken: 'canary-access',
  refreshToken: 'canary-refresh',
  accessTokenExpiresAt: 1,
}
const sealed = sealContents(sealer, 'a', description, tokens)

describe('sealContents', () => {
  it('[A6] keeps what pages read apart from the tokens, and shows neither', () => {
    expect(openDescription(sealer, 'a', sealed)).toEqual(description)
    expect(openTokens(sealer, 'a', sealed)).toEqual(tokens)
    for (const word of ['canary', 'alice', 'Alice']) expect(Buffer.from(sealed).includes(word)).toBe(false)
  })

  it('[S14] swapped rows do not open', () => {
    expect(() => openTokens(sealer, 'b', sealed)).toThrow(expect.objectContaining({ code: 'ERR_STORE' }))
    expect(() => openDescription(sealer, 'b', sealed)).toThrow(expect.objectContaining({ code: 'ERR_STORE' }))
  })

  it('[S14] parts of two rows of one id do not make a third: claims are not tokens', () => {
    const size = new DataView(sealed.buffer).getUint32(0)
    const [front, back] = [sealed.slice(4, 4 + size), sealed.slice(4 + size)]
    const swapped = new Uint8Array([0, 0, 0, 0, ...back, ...front])
    new DataView(swapped.buffer).setUint32(0, back.length)
    expect(() => openDescription(sealer, 'a', swapped)).toThrow(expect.objectContaining({ code: 'ERR_STORE' }))
  })

  it.each([
    ['nothing', undefined],
    ['text', 'sealed'],
    ['an empty row', new Uint8Array(0)],
    ['a short row', new Uint8Array(3)],
    ['a length that reaches past the end', new Uint8Array([255, 255, 255, 255, 1])],
    ['zeros', new Uint8Array(100)],
    ['half of it', sealed.slice(0, sealed.length / 2)],
  ])('[S12] %s is ERR_STORE, never somebody else', (_, garbage) => {
    expect(() => openTokens(sealer, 'a', garbage as Uint8Array)).toThrow(expect.objectContaining({ code: 'ERR_STORE' }))
  })

  it('opens out of a Buffer that shares its memory', () => {
    const shared = Buffer.concat([Buffer.from('before'), sealed, Buffer.from('after')])
    expect(openTokens(sealer, 'a', shared.subarray(6, 6 + sealed.length))).toEqual(tokens)
  })
})
