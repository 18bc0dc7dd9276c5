import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFollowing, type FeedPage } from '../../../packages/endsession/src/session/following.ts'

const entry = { id: '0.a', tokens: [], cause: 'user', until: 1 } as const
const numbered = (...numbers: number[]) => numbers.map((number) => ({ number, entry }))
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1)

/** A feed that other processes append to as well, as a page that a test may change. */
function keptFeed(first: Partial<FeedPage> = {}) {
  const feed = {
    page: { epoch: 'e', head: 0, found: [], ...first } as FeedPage,
    looks: 0,
    reads: 0,
    fails: false,
    append(...numbers: number[]) {
      feed.page = { ...feed.page, head: Math.max(...numbers), found: [...feed.page.found, ...numbered(...numbers)] }
    },
  }
  const following = createFollowing({
    others: {
      async look() {
        feed.looks++
        if (feed.fails) throw new Error('down')
        return feed.page.head
      },
      pollSeconds: 0.1,
    },
    async after(after, most) {
      feed.reads++
      if (feed.fails) throw new Error('down')
      return { ...feed.page, found: feed.page.found.filter(({ number }) => number > after).slice(0, most) }
    },
  })
  return Object.assign(feed, { following })
}

/** Reads until it has had so many, is told of a loss, or is stopped. */
function read({ following }: ReturnType<typeof keptFeed>, after: string, most = Number.POSITIVE_INFINITY) {
  const stop = new AbortController()
  const seen: string[] = []
  const done = (async () => {
    for await (const one of following.follow(after, stop.signal)) {
      seen.push('lost' in one ? 'lost' : one.position)
      if (seen.length >= most) break
    }
    return seen
  })()
  done.catch(() => {})
  return { seen, done, stop: () => stop.abort() }
}

const polled = () => vi.advanceTimersByTimeAsync(100)

describe('a feed that several processes write to', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
  afterEach(() => void vi.useRealTimers())

  it('[F1] every entry once, in order, however many reads they take', async () => {
    const feed = keptFeed()
    feed.append(...upTo(250))
    expect(await read(feed, 'e.3', 247).done).toEqual(
      upTo(250)
        .slice(3)
        .map((number) => `e.${number}`),
    )
    expect(feed.reads).toBe(3)
  })

  it.each([
    ['another epoch', { epoch: 'other', head: 5, found: numbered(5) }, ['lost']],
    ['a head below its own position', { head: 3 }, ['lost']],
    ['nothing where there must be something', { head: 5 }, ['lost']],
    ['a first number that is missing', { head: 6, found: numbered(6) }, ['lost']],
    ['a number in between that is missing', { head: 7, found: numbered(5, 7) }, ['e.5', 'lost']],
  ])('[F2] %s is lost continuity, and said', async (_what, page, seen) => {
    expect(await read(keptFeed(page), 'e.4').done).toEqual(seen)
  })

  it('[F2] what is no position is none', async () => {
    expect(await read(keptFeed(), 'nonsense').done).toEqual(['lost'])
  })

  it('[F1] an end of this process is seen at once, one of another by looking', async () => {
    const feed = keptFeed()
    const { seen, stop, done } = read(feed, 'e.0')
    feed.append(1)
    feed.following.wake()
    await vi.waitFor(() => expect(seen).toEqual(['e.1']), 20_000)
    feed.append(2)
    await polled()
    expect(seen).toEqual(['e.1', 'e.2'])
    stop()
    expect(await done).toEqual(['e.1', 'e.2'])
  })

  it('[A12] all followers look as one; while nothing is new they read nothing, and nobody looks when they are gone', async () => {
    const feed = keptFeed()
    const followers = [read(feed, 'e.0'), read(feed, 'e.0'), read(feed, 'e.0')]
    await polled()
    const reads = feed.reads
    await polled()
    await polled()
    expect([feed.looks, feed.reads - reads]).toEqual([3, 0])
    for (const { stop, done } of followers) {
      stop()
      await done
    }
    await polled()
    expect(feed.looks).toBe(3)
  })

  it('[S12] a look that fails is no silence: the followers ask for themselves, and throw', async () => {
    const feed = keptFeed()
    const { done } = read(feed, 'e.0')
    await vi.waitFor(() => expect(feed.reads).toBe(1), 20_000)
    feed.fails = true
    await polled()
    await expect(done).rejects.toThrow('down')
  })

  it('[F1] close ends who waits, and who begins after it', async () => {
    const feed = keptFeed()
    const { done } = read(feed, 'e.0')
    await polled()
    feed.following.close()
    expect(await done).toEqual([])
    expect(await read(feed, 'e.0').done).toEqual([])
  })
})
