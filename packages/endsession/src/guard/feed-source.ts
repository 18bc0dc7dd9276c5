import { EndSessionError } from '../errors.ts'
import { type Runtime, toBase64url, within } from '../runtime.ts'
import { collectFeed } from '../session/collect-feed.ts'
import { type FeedAnswer, readFeed } from '../session/feed-wire.ts'
import { followerName } from '../session/follower-name.ts'
import type { Position, Store } from '../session/store.ts'

/** By HTTP from an app. `url` is its `{basePath}/feed`; `name` and `key` stand in its `feed.keys`. */
interface HttpFeed {
  readonly url: string
  readonly name: string
  readonly key: string | undefined
}

/** From the store that an app in the same process has opened. `clients`: the app's client ids. */
interface StoreFeed {
  readonly store: Store
  readonly name: string
  readonly clients: readonly string[]
}

export type Feed = HttpFeed | StoreFeed

/** One question to a feed: what came after a position, or everything; waits so long for something to come. */
export interface FeedSource {
  readonly name: string
  ask(after: Position | undefined, waitSeconds: number, signal: AbortSignal): Promise<FeedAnswer>
}

/** Beyond the wait, the longest until an answer begins: a snapshot can be large. */
const answerSeconds = 20
/** The longest that it may then go on. */
const bodySeconds = 30

/** `instance` tells this process from others that follow under the same name. */
export function createFeedSource(feed: Feed, issuer: string, manners: Manners, runtime: Runtime): FeedSource {
  const instance = toBase64url(runtime.randomBytes(12))
  return 'url' in feed ? httpSource(feed, instance, manners, runtime) : storeSource(feed, issuer, instance, manners)
}

/** What the app has to know of a guard. */
export interface Manners {
  readonly auth: 'enabled' | 'disabled'
  /** After so many seconds of silence it refuses everything; absent where it is told not to. */
  readonly refusesAfter?: number
}

function httpSource(
  { url, name, key }: HttpFeed,
  instance: string,
  { auth, refusesAfter }: Manners,
  runtime: Runtime,
): FeedSource {
  return {
    name,
    async ask(after, waitSeconds, signal) {
      const asked = new URL(url)
      asked.searchParams.set('instance', instance)
      asked.searchParams.set('auth', auth)
      asked.searchParams.set('wait', String(waitSeconds))
      if (refusesAfter !== undefined) asked.searchParams.set('lease', String(refusesAfter))
      // No two questions are the same: what a cache has kept answers none of them, and wins no lease.
      asked.searchParams.set('once', toBase64url(runtime.randomBytes(12)))
      if (after !== undefined) asked.searchParams.set('after', after)
      const question = runtime.fetch(asked, { headers: { authorization: `Bearer ${key}` }, redirect: 'error', signal })
      const response = await within(question, waitSeconds + answerSeconds)
      if (response.status === 200 && response.body) return within(readFeed(response.body), bodySeconds)
      await response.body?.cancel()
      if (response.status === 401)
        throw new EndSessionError('ERR_OPTIONS', `The feed does not know this key of the guard ${name}.`)
      throw new Error(`the feed answered ${response.status}`)
    },
  }
}

/** The guard does not open the store: the app that it belongs to does, and knows its limits. */
function storeSource(
  { store, name, clients }: StoreFeed,
  issuer: string,
  instance: string,
  { refusesAfter }: Manners,
): FeedSource {
  const head = { mode: 'enabled', clients: clients.map((client) => [issuer, client] as const) } as const

  async function read(after: Position | undefined, waitSeconds: number): Promise<FeedAnswer> {
    // As over HTTP: noted before anything is read.
    await store.follow(followerName(name, instance, refusesAfter), after ?? (await store.head()))
    return { ...head, ...(await collectFeed(store, after, waitSeconds)), now: await store.now() }
  }

  return { name, ask: (after, waitSeconds) => within(read(after, waitSeconds), waitSeconds + answerSeconds) }
}
