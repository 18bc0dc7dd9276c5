import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRetries } from '../../packages/endsession/src/retries.ts'
import { systemRuntime } from '../../packages/endsession/src/runtime.ts'

describe('createRetries', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function make() {
    const works: Promise<unknown>[] = []
    return { works, retries: createRetries({ ...systemRuntime(), waitUntil: (work) => void works.push(work) }) }
  }
  const failsFor = (times: number, done: string[], name: string) => async () => {
    if (times-- > 0) throw new Error('not yet')
    done.push(name)
  }

  it('[L15] tries until it is done, once each second, then never again', async () => {
    const { retries } = make()
    const work = vi.fn(failsFor(3, [], 'a'))
    retries.keep('a', work)
    await vi.advanceTimersByTimeAsync(0)
    expect(work).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(work).toHaveBeenCalledTimes(4)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(work).toHaveBeenCalledTimes(4)
  })

  it('[L15 A12] one that never works holds up nobody else', async () => {
    const { retries } = make()
    const done: string[] = []
    retries.keep('poison', failsFor(Number.POSITIVE_INFINITY, done, 'poison'))
    for (const name of ['a', 'b', 'c']) retries.keep(name, failsFor(0, done, name))
    await vi.advanceTimersByTimeAsync(1_100)
    expect(done).toEqual(['a', 'b', 'c'])
    retries.close()
  })

  it('[L15 A12] at most 1 000, the oldest dropped; a repeated sender pushes nobody out', async () => {
    const { retries } = make()
    const done: string[] = []
    let down = true
    const keep = (key: string) =>
      retries.keep(key, async () => {
        if (down) throw new Error('down')
        done.push(key)
      })
    for (let place = 0; place < 1_000; place++) keep(`honest-${place}`)
    for (let time = 0; time < 5_000; time++) keep('honest-999')
    await vi.advanceTimersByTimeAsync(2_000)
    down = false
    await vi.advanceTimersByTimeAsync(5_000)
    expect(new Set(done).size).toBe(1_000)
    expect(done).toHaveLength(1_000)

    down = true
    done.length = 0
    for (let place = 0; place < 1_001; place++) keep(`more-${place}`)
    await vi.advanceTimersByTimeAsync(0)
    down = false
    await vi.advanceTimersByTimeAsync(5_000)
    expect(done).toHaveLength(1_000)
    expect(done).not.toContain('more-0')
  })

  it('[L15] takes up work again after it had nothing to do, and stops when it is closed', async () => {
    const { retries, works } = make()
    const done: string[] = []
    retries.keep('a', failsFor(0, done, 'a'))
    await vi.advanceTimersByTimeAsync(0)
    retries.keep('b', failsFor(0, done, 'b'))
    await vi.advanceTimersByTimeAsync(0)
    expect([done, works.length]).toEqual([['a', 'b'], 2])
    const work = vi.fn(failsFor(9, done, 'c'))
    retries.keep('c', work)
    await vi.advanceTimersByTimeAsync(0)
    retries.close()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(work).toHaveBeenCalledTimes(1)
  })
})
