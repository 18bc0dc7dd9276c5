import { describe, expect, it } from 'vitest'
import { readEntry, tokenHashes } from '../../../packages/endsession/src/stores/row-checks.ts'

const good = { sid: 'hash', before: 7, cause: 'user', until: 9 }

describe('a row of a database', () => {
  it('is an entry, whether what is not there is absent or null', () => {
    const entry = { ...good, tokens: ['t'] }
    expect(readEntry(good, ['t'])).toEqual(entry)
    expect(readEntry({ id: null, sub: null, ...good }, ['t'])).toEqual(entry)
    expect(readEntry({ id: 'x', sid: null, before: null, cause: 'user', until: 9 }, [])).toEqual({
      id: 'x',
      tokens: [],
      cause: 'user',
      until: 9,
    })
  })

  it.each([
    ['tokens', {}, [7]],
    ['tokens', {}, 'text'],
    ['tokens', {}, null],
    ['sid', { sid: 7 }, []],
    ['before', { before: 'then' }, []],
    ['before', { before: Number.NaN }, []],
    ['before', { before: null }, []],
    ['before', { sid: null, sub: 'hash', before: undefined }, []],
    ['cause', { cause: null }, []],
    ['until', { until: Number.POSITIVE_INFINITY }, []],
  ])('with spoilt %s is ERR_STORE, which says where [S12 S14]', (column, spoilt, tokens) => {
    const failed = { code: 'ERR_STORE', message: expect.stringContaining(`${column}.`) }
    expect(() => readEntry({ ...good, ...spoilt }, tokens)).toThrow(expect.objectContaining(failed))
  })

  it.each([[undefined], [null], ['[]'], [[7]], [[null]], [[{ hash: 7, expiresAt: 1 }]], [[{ hash: 't' }]]])(
    'has no token hashes in %j [S12 S14]',
    (value) => {
      expect(() => tokenHashes(value)).toThrow(expect.objectContaining({ code: 'ERR_STORE' }))
    },
  )
})
