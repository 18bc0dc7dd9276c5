import { describe, expect, it } from 'vitest'
import { EndSessionError } from '../../../packages/endsession/src/errors.ts'
import {
  isBusy,
  lettingGo,
  type SqliteDatabase,
  storeError,
  whenUnlocked,
} from '../../../packages/endsession/src/stores/sqlite/driver.ts'

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

describe('lettingGo', () => {
  /** Every statement answers its SQL; those that are locked throw. */
  function fakeDatabase() {
    const [asked, locked]: [string[], Set<string>] = [[], new Set()]
    const ask = (sql: string) => () => {
      asked.push(sql)
      if (locked.has(sql)) throw busy
      return sql
    }
    const database: SqliteDatabase = {
      exec: (sql) => ask(sql)(),
      prepare: (sql) => ({ run: ask(sql), get: ask(sql), all: () => [ask(sql)()] }),
    }
    return { asked, locked, ...lettingGo(database) }
  }

  it('[A3 S11] a read that met a lock is run again before anything else, and then no more', () => {
    const { asked, locked, prepare, exec } = fakeDatabase()
    const [first, second, write] = ['SELECT 1', 'PRAGMA 2', 'INSERT 3'].map(prepare)
    locked.add('SELECT 1')
    expect(() => first?.get()).toThrow('locked')
    for (const next of [() => second?.get(), () => write?.run(), () => exec('COMMIT')]) expect(next).toThrow('locked')
    locked.clear()
    asked.length = 0
    expect([second?.get(), second?.get(), write?.run(), exec('COMMIT')]).toEqual([
      'PRAGMA 2',
      'PRAGMA 2',
      'INSERT 3',
      'COMMIT',
    ])
    expect(asked).toEqual(['SELECT 1', 'PRAGMA 2', 'PRAGMA 2', 'INSERT 3', 'COMMIT'])
  })

  it('what writes is never done again by itself', () => {
    const { asked, locked, prepare } = fakeDatabase()
    const [claim, read] = ['INSERT INTO claims RETURNING 1', 'SELECT 1'].map(prepare)
    locked.add('INSERT INTO claims RETURNING 1')
    expect(() => claim?.get()).toThrow('locked')
    expect([read?.get(), asked.length]).toEqual(['SELECT 1', 2])
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
