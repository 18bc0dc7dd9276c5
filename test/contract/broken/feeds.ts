import type { Entry } from '../../../packages/endsession/src/session/store.ts'
import { type BrokenStore, broken, mapped } from './broken.ts'

export const brokenFeeds: readonly BrokenStore[] = [
  broken('the feed skips an entry', 'F1', (store) => ({
    feed: (after, signal) => mapped(store.feed(after, signal), (entry, index) => (index % 3 === 1 ? [] : [entry])),
  })),
  broken('the feed shows an entry twice', 'F1', (store) => ({
    feed: (after, signal) => mapped(store.feed(after, signal), (entry) => [entry, entry]),
  })),
  broken('the feed gives a number twice', 'F1', (store) => {
    let last = ''
    return {
      feed: (after, signal) =>
        mapped(store.feed(after, signal), (entry, index) => {
          const position = index % 2 === 1 ? last : entry.position
          last = entry.position
          return [{ ...entry, position }]
        }),
    }
  }),
  broken('the feed ends at what there is', 'F1', (store) => ({
    async *feed(after, signal) {
      const head = await store.head()
      if (store.reached(after, head)) return
      for await (const entry of store.feed(after, signal)) {
        yield entry
        if (!('lost' in entry) && store.reached(entry.position, head)) return
      }
    },
  })),
  broken('the feed takes any position', 'F2', (store) => ({
    async *feed(after, signal) {
      const head = await store.head()
      yield* store.feed(after.split('.')[0] === head.split('.')[0] ? after : head, signal)
    },
  })),
  broken('a follower cannot be stopped by close', 'F1', () => ({ close: async () => {} })),
  broken('entries hold raw values', 'F4', (store) => ({
    feed: (after, signal) =>
      mapped(store.feed(after, signal), (entry) => [entry.sub ? { ...entry, sub: 'the raw sub' } : entry]),
  })),
  broken('entries leave the tokens out', 'F1 M4', (store) => ({
    feed: (after, signal) => mapped(store.feed(after, signal), (entry) => [{ ...entry, tokens: [] }]),
  })),
  broken('reached compares texts', 'F1', () => ({ reached: (have, want) => have >= want })),
  broken('reached ignores the epoch', 'F2', () => ({
    reached: (have, want) => Number(have.split('.')[1]) >= Number(want.split('.')[1]),
  })),
  broken('snapshot leaves the tokens out', 'F3', (store) => ({
    async snapshot() {
      const { position, entries } = await store.snapshot()
      return {
        position,
        entries: mapped(entries, (entry) => (entry.tokens.length > 0 ? [] : [entry])) as AsyncIterable<Entry>,
      }
    },
  })),
  broken('snapshot leaves the numbers out', 'F3', (store) => ({
    async snapshot() {
      const { position, entries } = await store.snapshot()
      return {
        position,
        entries: mapped(entries, (entry) => (entry.before === undefined ? [entry] : [])) as AsyncIterable<Entry>,
      }
    },
  })),
  broken('followers are never forgotten', 'F5', (store, _limits, clock) => {
    const all = new Map<string, { name: string; position: string; confirmedAt: number }>()
    return {
      async follow(name, position) {
        all.set(name, { name, position, confirmedAt: clock.now() })
        await store.follow(name, position)
      },
      followers: async () => [...all.values()],
    }
  }),
  broken('follow keeps the first position', 'F5', (store) => {
    const names = new Set<string>()
    return {
      async follow(name, position) {
        if (!names.has(name)) await store.follow(name, position)
        names.add(name)
      },
    }
  }),
]
