import { deadline, sleep } from '../runtime.ts'
import { type FeedAnswer, mostEntries } from './feed-wire.ts'
import type { Entry, Position, Store } from './store.ts'

/** The longest that catching up may take; the rest comes with the next question. */
const catchUpSeconds = 3

/**
 * What a follower at `after` has to apply: everything up to the head as it is now, or, where it stands there already, what
 * comes within the wait. Without `after`, or where continuity is lost, all unexpired marks.
 */
export async function collectFeed(
  store: Store,
  after: Position | undefined,
  waitSeconds: number,
): Promise<Pick<FeedAnswer, 'snapshot' | 'entries' | 'position' | 'complete'>> {
  if (after === undefined) return collectSnapshot(store)
  const head = await store.head()
  // Another log, no position at all, or one that this log has not come to.
  if (!store.reached(head, after)) return collectSnapshot(store)
  const waits = store.reached(after, head)
  const entries: Entry[] = []
  if (waits && waitSeconds === 0) return { snapshot: false, entries, position: after, complete: true }
  for await (const entry of store.feed(after, deadline(waits ? waitSeconds : catchUpSeconds))) {
    if ('lost' in entry) return collectSnapshot(store)
    entries.push(entry)
    if (waits || store.reached(entry.position, head) || entries.length >= mostEntries) break
  }
  const position = entries.at(-1)?.position ?? after
  return { snapshot: false, entries, position, complete: store.reached(position, head) }
}

async function collectSnapshot(
  store: Store,
): Promise<Pick<FeedAnswer, 'snapshot' | 'entries' | 'position' | 'complete'>> {
  const { position, entries } = await store.snapshot()
  const all: Entry[] = []
  for await (const entry of entries) {
    all.push(entry)
    // Others wait for this process as well: a store in it may answer without ever letting them in.
    if (all.length % 200 === 0) await sleep(0)
  }
  return { snapshot: true, entries: all, position, complete: true }
}
