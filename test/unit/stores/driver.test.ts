import { describe, expect, it } from 'vitest'
import { EndSessionError } from '../../../packages/endsession/src/errors.ts'
import { isBusy, storeError, whenUnlocked } from '../../../packages/endsession/src/stores/sqlite/driver.ts'

const busy = Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' })

describe('isBusy', () => {
  it.each([
    ['libsql and better-sqlite3', { code: 'SQLITE_BUSY' }, true],
    ['an extended code of theirs', { code: 'SQLITE_BUSY_RECOVERY' }, true],
    ['node:sqlite', { code: 'ERR_SQLITE_ERROR', errcode: 5 }, true],
    ['an extended code of node:sqlite', { code: 'ERR_SQLITE_ERROR', errcode: 261 }, true],
    ['a full disk', { code: 'SQLITE_FULL' }, false],
    ['a full disk in node:sqlite', { code: 'ERR_SQLITE_ERROR', errcode: 13 }, false],
    ['no error at all', undefined, false],
    ['a text', 'SQLITE_BUSY', false],
  ])('%s', (_what, error, expected) => {
    expect(isBusy(error)).toBe(expected)
  })
})

describe('whenUnlocked', () => {
  it('[S11] tries again while the lock is held, and answers', async () => {
    let tries = 0
    const answer = await whenUnlocked(() => {
      if (++tries < 4) throw busy
      return 'done'
    })
    expect([answer, tries]).toEqual(['done', 4])
  })

  it('[A12] gives up after a while', async () => {
    await expect(whenUnlocked(() => fail(busy))).rejects.toBe(busy)
  })

  it('does not try again what failed otherwise', async () => {
    let tries = 0
    const other = new Error('disk full')
    await expect(
      whenUnlocked(() => {
        tries++
        throw other
      }),
    ).rejects.toBe(other)
    expect(tries).toBe(1)
  })
})

describe('storeError', () => {
  it('[S12] has a fixed message and keeps the cause; an error of ours stays as it is', () => {
    expect(storeError(busy)).toMatchObject({ code: 'ERR_STORE', message: 'The session database failed.', cause: busy })
    const ours = new EndSessionError('ERR_STORE', 'ours')
    expect(storeError(ours)).toBe(ours)
  })
})

function fail(error: Error): never {
  throw error
}
