import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasReached, readPosition, writePosition } from '../../../packages/endsession/src/session/feed.ts'
import { holds } from './holds.ts'

const epoch = () => fc.stringMatching(/^[\w-]{1,64}$/)
const number = () => fc.oneof(fc.nat(20), fc.integer({ min: 0, max: 999_999_999_999_999 }))
const text = () => fc.oneof(fc.string(), fc.stringMatching(/^[\w-]{0,66}\.?-?\d{0,17}\n?$/))

describe('feed positions', () => {
  it('[F2] what is written is read again', async () => {
    await holds(
      fc.property(epoch(), number(), (epoch, number) => {
        expect(readPosition(writePosition({ epoch, number }))).toEqual({ epoch, number })
      }),
    )
  })

  it('[F2] any other text is no position, and has reached nothing', async () => {
    await holds(
      fc.property(text(), text(), (a, b) => {
        const isOne = /^[\w-]{1,64}\.\d{1,15}$/.test(a) && !a.endsWith('\n')
        expect(readPosition(a) !== undefined).toBe(isOne)
        expect(hasReached(a, a)).toBe(isOne)
        if (!isOne) expect(hasReached(a, b) || hasReached(b, a)).toBe(false)
      }),
      2000,
    )
  })

  it('[F2] positions of one log are in one order, those of two logs in none', async () => {
    await holds(
      fc.property(epoch(), epoch(), number(), number(), (one, other, a, b) => {
        const [here, there] = [writePosition({ epoch: one, number: a }), writePosition({ epoch: one, number: b })]
        expect(hasReached(here, there)).toBe(a >= b)
        if (one !== other) expect(hasReached(here, writePosition({ epoch: other, number: b }))).toBe(false)
      }),
    )
  })
})
