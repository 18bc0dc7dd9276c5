import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  connectTo,
  isConflict,
  isRefusedValue,
  type PostgresClient,
  type PostgresInProcess,
} from '../../../packages/endsession/src/stores/postgres/connection.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** A pool of one connection that answers each text as told, and notes what it was asked and how it was given back. */
function fakePool(answer: (text: string) => unknown, come: () => Promise<void> = async () => {}) {
  const asked: string[] = []
  const released: (boolean | undefined)[] = []
  const listeners = new Set<() => void>()
  const client: PostgresClient = {
    async query(text) {
      asked.push(text)
      return answer(text)
    },
    on: (_event, listener) => listeners.add(listener),
    removeListener: (_event, listener) => listeners.delete(listener),
    release: (destroy) => released.push(destroy),
  }
  const pool = {
    async connect() {
      await come()
      return client
    },
  }
  return { pool, asked, released, listeners }
}

const begun = [{ rows: [] }, { rows: [{ a: 1 }] }, { rows: [{ b: 2 }] }]
const committed = [{ rows: [] }, { command: 'COMMIT', rows: [] }]
const usual = (text: string) => (text.startsWith('BEGIN') ? begun : text.endsWith('COMMIT') ? committed : { rows: [] })

describe('a pool', () => {
  it('begins and commits in one round trip each, and hands over what the beginning answered', async () => {
    const { pool, asked, released, listeners } = fakePool(usual)
    const value = await connectTo(pool).transact('SELECT 1 AS a; SELECT 2 AS b', async (query, rows) => {
      expect(rows).toEqual([[{ a: 1 }], [{ b: 2 }]])
      await query('SELECT $1', ['x'])
      return { value: 'done', last: 'DELETE FROM old' }
    })
    expect(value).toBe('done')
    expect(asked).toEqual(['BEGIN; SELECT 1 AS a; SELECT 2 AS b', 'SELECT $1', 'DELETE FROM old; COMMIT'])
    expect([released, listeners.size]).toEqual([[false], 0])
  })

  it.each([
    [
      'a beginning that fails',
      (text: string) => (text.startsWith('BEGIN') ? Promise.reject(new Error('gone')) : usual(text)),
    ],
    [
      'a commit that fails',
      (text: string) => (text.endsWith('COMMIT') ? Promise.reject(new Error('gone')) : usual(text)),
    ],
    [
      'a commit that was a rollback',
      (text: string) => (text.endsWith('COMMIT') ? { command: 'ROLLBACK', rows: [] } : usual(text)),
    ],
    ['an answer without rows', (text: string) => (text === 'SELECT 1' ? { rows: 'many' } : usual(text))],
  ])('[S12] %s: it throws, and the connection is closed', async (_what, answer) => {
    const { pool, released } = fakePool(answer)
    const work = connectTo(pool).transact('SELECT 1', async (query) => ({
      value: await query('SELECT 1', []),
      last: '',
    }))
    await expect(work).rejects.toThrow()
    expect(released).toEqual([true])
  })

  it('[A12] what does not answer in time is given up, and its connection is closed', async () => {
    vi.useFakeTimers()
    const { pool, released } = fakePool(() => new Promise(() => {}))
    const call = expect(connectTo(pool).query('SELECT 1', [])).rejects.toThrow(/no answer/)
    await vi.advanceTimersByTimeAsync(6_000)
    await call
    expect(released).toEqual([true])
  })

  it('[A12] a connection that comes too late goes back unused', async () => {
    vi.useFakeTimers()
    let come = () => {}
    const { pool, asked, released } = fakePool(
      usual,
      () =>
        new Promise((resolve) => {
          come = resolve
        }),
    )
    const call = expect(connectTo(pool).query('SELECT 1', [])).rejects.toThrow(/no answer/)
    await vi.advanceTimersByTimeAsync(6_000)
    await call
    come()
    await vi.advanceTimersByTimeAsync(0)
    expect([asked, released]).toEqual([[], [undefined]])
  })
})

describe('a database in this process', () => {
  it('[A12 S12] a transaction that is given up takes itself back', async () => {
    vi.useFakeTimers()
    let answer = (): void => {}
    let outcome = 'open'
    const database: PostgresInProcess = {
      query: async () => ({ rows: [] }),
      transaction: (work) =>
        work({
          exec: async () => [{ rows: [] }],
          query: () =>
            new Promise((resolve) => {
              answer = () => resolve({ rows: [] })
            }),
        }).then(
          (value) => {
            outcome = 'committed'
            return value
          },
          (error) => {
            outcome = 'taken back'
            throw error
          },
        ),
    }
    const work = connectTo(database).transact('', async (query) => ({ value: await query('SELECT 1', []), last: 'x' }))
    const call = expect(work).rejects.toThrow(/no answer/)
    await vi.advanceTimersByTimeAsync(6_000)
    await call
    answer()
    await vi.advanceTimersByTimeAsync(0)
    expect(outcome).toBe('taken back')
  })
})

describe('errors', () => {
  it.each([
    ['40001', true, false],
    ['40P01', true, false],
    ['22021', false, true],
    ['54000', false, true],
    ['57014', false, false],
    ['08006', false, false],
    [42, false, false],
  ])('%s', (code, conflict, refused) => {
    const error = Object.assign(new Error('no'), { code })
    expect([isConflict(error), isRefusedValue(error)]).toEqual([conflict, refused])
    expect([isConflict(undefined), isRefusedValue('22021')]).toEqual([false, false])
  })
})
