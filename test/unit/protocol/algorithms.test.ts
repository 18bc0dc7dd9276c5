import { describe, expect, it } from 'vitest'
import { isAsymmetric, signingAlgorithms } from '../../../packages/endsession/src/protocol/algorithms.ts'

describe('signing algorithms', () => {
  it('[L13] are what the provider announces, public-key ones only', () => {
    const announced = ['none', 'HS256', 'HS512', 'RS256', 'ES256', 'EdDSA', 'RS1', '__proto__']
    const metadata = { issuer: 'x', id_token_signing_alg_values_supported: announced }
    expect(signingAlgorithms(metadata)).toEqual(['RS256', 'ES256', 'EdDSA'])
    expect(signingAlgorithms({ issuer: 'x', id_token_signing_alg_values_supported: ['HS256'] })).toEqual([])
    expect(signingAlgorithms({ issuer: 'x' })).toEqual(['RS256'])
  })

  it('[L13] anything that is no text is none', () => {
    for (const alg of [undefined, null, 7, ['RS256'], { toString: () => 'RS256' }])
      expect(isAsymmetric(alg)).toBe(false)
  })
})
