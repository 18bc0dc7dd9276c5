import { EndSessionError, type Tokens } from 'endsession'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemRuntime } from '../../../packages/endsession/src/runtime.ts'
import { openDescription, openTokens, sealContents } from '../../../packages/endsession/src/session/contents.ts'
import { createSealer, type Purpose } from '../../../packages/endsession/src/session/sealing.ts'
import { cookieText, headerText, holds } from './holds.ts'

const runtime = systemRuntime()
const [secret, another] = ['a secret of thirty-two bytes or more', 'another secret of thirty-two bytes!!']
const sealer = createSealer([secret], runtime)
const purposes = [
  'claims',
  'tokens',
  'login',
  'logout',
  'ticket',
  'fresh',
  'state',
] as const satisfies readonly Purpose[]
const purpose = () => fc.constantFrom(...purposes)
const bound = () => fc.string({ unit: 'grapheme', maxLength: 60 })
const json = () => fc.jsonValue({ noUnicodeString: false })
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('sealing', () => {
  it('[S14] what was sealed opens again, and the old secret opens while it is configured', async () => {
    await holds(
      fc.property(purpose(), bound(), json(), (purpose, id, value) => {
        const sealed = sealer.seal(purpose, id, value)
        expect(sealer.open(purpose, id, sealed)).toEqual(plain(value))
        expect(createSealer([another, secret], runtime).open(purpose, id, sealed)).toEqual(plain(value))
      }),
    )
  })

  it('[S14] any bit flipped: nothing, and nothing is thrown', async () => {
    await holds(
      fc.property(purpose(), bound(), json(), fc.nat(), (purpose, id, value, place) => {
        const sealed = sealer.seal(purpose, id, value)
        const bit = place % (sealed.length * 8)
        sealed[bit >> 3] = (sealed[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(sealer.open(purpose, id, sealed)).toBeUndefined()
      }),
      1000,
    )
  })

  it('[S14] every single bit of one sealed value counts', () => {
    const sealed = sealer.seal('tokens', '0.id', { idToken: 'x' })
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = new Uint8Array(sealed)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(sealer.open('tokens', '0.id', changed), `bit ${bit}`).toBeUndefined()
    }
  })

  it('[S14] another purpose, another id, another secret, a part of it, more than it: nothing', async () => {
    await holds(
      fc.property(
        purpose(),
        purpose(),
        bound(),
        bound(),
        fc.nat(),
        fc.uint8Array({ minLength: 1 }),
        (a, b, id, other, cut, more) => {
          const sealed = sealer.seal(a, id, { value: id })
          if (a !== b) expect(sealer.open(b, id, sealed)).toBeUndefined()
          if (id !== other) expect(sealer.open(a, other, sealed)).toBeUndefined()
          expect(createSealer([another], runtime).open(a, id, sealed)).toBeUndefined()
          expect(sealer.open(a, id, sealed.subarray(0, cut % sealed.length))).toBeUndefined()
          expect(sealer.open(a, id, new Uint8Array([...sealed, ...more]))).toBeUndefined()
        },
      ),
    )
  })

  it('[S14 L18] any bytes, and any cookie, open as nothing', async () => {
    const cookie = fc.oneof(headerText(), cookieText(), fc.string(), fc.constant(undefined))
    await holds(
      fc.property(purpose(), bound(), fc.uint8Array({ maxLength: 200 }), cookie, (purpose, id, bytes, text) => {
        expect(sealer.open(purpose, id, bytes)).toBeUndefined()
        expect(sealer.openCookie(purpose, text)).toBeUndefined()
      }),
      1000,
    )
  })

  it('[A12] a sealed cookie is good for its time and the tolerance, no longer', async () => {
    const lateness = fc.integer({ min: -800, max: 800 }).map((quarters) => quarters / 4)
    await holds(
      fc.property(
        purpose(),
        fc.integer({ min: 1, max: 1000 }),
        lateness,
        fc.dictionary(fc.string(), json()),
        (purpose, seconds, lateness, value) => {
          let now = 1_800_000_000
          const clocked = createSealer([secret], { ...runtime, now: () => now })
          const text = clocked.sealFor(seconds, purpose, value)
          const age = Math.max(0, seconds + lateness)
          now += age
          expect(clocked.openCookie(purpose, text)).toEqual(age < seconds + 60 ? plain(value) : undefined)
        },
      ),
    )
  })

  it('[S14] a sealed cookie has one spelling', async () => {
    const extra = fc.constantFrom('=', '==', ' ', '\n', '.', '+', 'A')
    await holds(
      fc.property(cookieText(), extra, fc.nat(), (value, more, place) => {
        const text = sealer.sealFor(60, 'login', { value })
        const at = place % (text.length + 1)
        const spelling = text.slice(0, at) + more + text.slice(at)
        expect(sealer.openCookie('login', spelling)).toBeUndefined()
        expect(sealer.openCookie('login', `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`)).toBeUndefined()
      }),
    )
  })

  it('[S14 S12] a row opens for its own id only; any other bytes are ERR_STORE, by that name', async () => {
    const tokens: Tokens = {
      idToken: 'id-token',
      accessToken: 'access',
      accessTokenExpiresAt: 1,
      refreshToken: 'refresh',
    }
    const description = { provider: 'example', claims: { sub: 'alice' }, browser: 'Firefox' }
    const failsWell = (open: () => unknown) => {
      try {
        open()
      } catch (error) {
        if (error instanceof EndSessionError && error.code === 'ERR_STORE') return
        throw error
      }
      throw new Error('it opened')
    }
    await holds(
      fc.property(
        bound(),
        bound(),
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(),
        fc.nat(),
        (id, other, bytes, at, bit) => {
          const row = sealContents(sealer, id, description, tokens)
          expect(openDescription(sealer, id, row)).toEqual(description)
          expect(openTokens(sealer, id, row)).toEqual(tokens)
          if (id !== other) failsWell(() => openDescription(sealer, other, row))
          if (id !== other) failsWell(() => openTokens(sealer, other, row))
          failsWell(() => openDescription(sealer, id, bytes))
          failsWell(() => openTokens(sealer, id, bytes))
          const cut = row.subarray(0, at % row.length)
          failsWell(() => openTokens(sealer, id, cut))
          const place = 4 + (bit % (row.length - 4))
          const changed = new Uint8Array(row)
          changed[place] = (changed[place] as number) ^ 1
          failsWell(() => [openDescription(sealer, id, changed), openTokens(sealer, id, changed)])
        },
      ),
    )
  })
})
