import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { tokenHash } from '../../../packages/endsession/src/protocol/token-hash.ts'
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
