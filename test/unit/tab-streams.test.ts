import type { Cause } from 'endsession'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemRuntime } from '../../packages/endsession/src/runtime.ts'
import { createTabStreams } from '../../packages/endsession/src/tab-streams.ts'

/** Sessions end when the test says so. */
function makeStreams() {
  const listening = new Map<string, Set<(cause: Cause) => void>>()
  const listeners = {
    add(id: string, ended: (cause: Cause) => void) {
      listening.set(id, (listening.get(id) ?? new Set()).add(ended))
      return () => void listening.get(id)?.delete(ended)
    },
    close() {},
  }
  const streams = createTabStreams(listeners, systemRuntime())
  const count = () => [...listening.values()].reduce((sum, set) => sum + set.size, 0)
  const end = (id: string, cause: Cause = 'user') => listening.get(id)?.forEach((tell) => void tell(cause))
  return { streams, count, end }
}

const rest = () => new Promise((resolve) => setTimeout(resolve))

describe('[L24 A12] the streams of open tabs', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('begin with how long a browser waits before it comes back: 5 to 15 s, not all of them the same', async () => {
    const waits = new Set<number>()
    for (let number = 0; number < 40; number++) {
      const { streams } = makeStreams()
      const { value } = (await streams.open('a')?.getReader().read()) ?? {}
      waits.add(Number(/^retry: (\d+)\n\n$/.exec(new TextDecoder().decode(value))?.[1]))
    }
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(5_000)
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_000)
    expect(waits.size).toBeGreaterThan(5)
  })

  it('are bounded in a process; each that goes makes room', async () => {
    const { streams, count } = makeStreams()
    const open: ReadableStream[] = []
    for (let number = 0; ; number++) {
      const stream = streams.open(`session ${number}`)
      if (!stream) break
      open.push(stream)
      if (number > 20_000) throw new Error('there is no end')
    }
    expect(open).toHaveLength(10_000)
    await open[17]?.cancel()
    expect(count()).toBe(9_999)
    expect(streams.open('another')).toBeDefined()
    expect(streams.open('one more')).toBeUndefined()
    streams.close()
    expect(count()).toBe(0)
  })

  it('of a tab that has gone without a word end when nobody has taken some heartbeats', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { streams, count } = makeStreams()
    for (let number = 0; number < 4; number++) streams.open('a')
    expect(streams.open('a')).toBeUndefined()
    await vi.advanceTimersByTimeAsync(25_000 * 3)
    expect(count()).toBe(4)
    await vi.advanceTimersByTimeAsync(25_000 * 4)
    expect(count()).toBe(0)
    expect(streams.open('a')).toBeDefined()
  })

  it('of a tab that reads go on', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { streams, count } = makeStreams()
    const reader = streams.open('a')?.getReader()
    for (let number = 0; number < 40; number++) {
      await reader?.read()
      await vi.advanceTimersByTimeAsync(25_000)
    }
    expect(count()).toBe(1)
  })

  it.each(['cancelled', 'closed', 'ended'] as const)(
    'that were %s leave nothing behind, also when it comes twice',
    async (how) => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
      const { streams, count, end } = makeStreams()
      const stream = streams.open('a')
      for (let times = 0; times < 2; times++) {
        if (how === 'cancelled') await stream?.cancel()
        if (how === 'closed') streams.close()
        if (how === 'ended') end('a')
      }
      await rest()
      expect([count(), vi.getTimerCount()]).toEqual([0, 0])
    },
  )

  it('are not opened any more once they were closed', () => {
    const { streams } = makeStreams()
    streams.close()
    expect(streams.open('a')).toBeUndefined()
  })
})
