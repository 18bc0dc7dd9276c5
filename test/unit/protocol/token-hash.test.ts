import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { knownToken, tokenHash } from '../../../packages/endsession/src/protocol/token-hash.ts'
import { underTest } from './provider-under-test.ts'

const hash = (text: string) => createHash('sha256').update(text).digest('base64url')

describe('tokenHash', () => {
  it('[M12] of a JWT is that of its signing input: another spelling of the signature is the same token', async () => {
    const token = await underTest().fake.sign({ sub: 'alice' })
    const signingInput = token.slice(0, token.lastIndexOf('.'))
    expect(tokenHash(token)).toBe(hash(signingInput))
    expect(tokenHash(`${token}=`)).toBe(tokenHash(token))
    expect(tokenHash(await underTest().fake.sign({ sub: 'bob' }))).not.toBe(tokenHash(token))
  })

  it('[M12] of an opaque token is that of the whole, dots or no dots', () => {
    for (const token of ['', 'opaque', 'a.b', 'a.b.c', 'a.b.d', 'e30.e30.x', 'bnVsbA.b.c', 'a.b.c.d.e'])
      expect(tokenHash(token)).toBe(hash(token))
  })
})

describe('knownToken', () => {
  it("[M12 M13] is known as long as services may take it: a JWT's own exp counts, whatever expires_in said", async () => {
    const token = await underTest().fake.sign({ sub: 'alice', exp: 2_000_000_000 })
    expect(knownToken(token, 1_900_000_000).expiresAt).toBe(2_000_000_120)
    expect(knownToken(token, 2_100_000_000).expiresAt).toBe(2_100_000_120)
    expect(knownToken('opaque', 1_900_000_000).expiresAt).toBe(1_900_000_120)
  })
})
