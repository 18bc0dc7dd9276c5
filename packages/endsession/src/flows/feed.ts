import type { App } from '../app.ts'
import { EndSessionError } from '../errors.ts'
import { within } from '../runtime.ts'
import { collectFeed } from '../session/collect-feed.ts'
import { type FeedAnswer, feedContentType, writeLine } from '../session/feed-wire.ts'
import { followerName } from '../session/follower-name.ts'
import type { Position } from '../session/store.ts'
import { keyOwner } from '../web/bearer.ts'
import { single } from '../web/request.ts'

/** The longest that a guard may make us wait: proxies give up on silent answers. */
const mostWaitSeconds = 25
/** Questions that wait at the same time, under one name. */
const mostWaiting = 64
/** Beyond the wait, the longest that the store may take: a snapshot can be large. */
const storeSeconds = 20

/** `GET feed`: for guards with a key of their own. Long-poll; each question confirms the position it asks from. */
export async function feed(app: App, waiting: Map<string, number>, request: Request): Promise<Response> {
  const name = keyOwner(request, app.options.feedKeys)
  if (name === undefined) return refuse(401, { 'www-authenticate': 'Bearer' })
  if ((waiting.get(name) ?? 0) >= mostWaiting) return refuse(429, { 'retry-after': '1' })
  const { instance, after, waitSeconds, lease, auth } = readQuestion(request)
  if (auth === 'disabled' && after === undefined)
    app.options.emit({
      type: 'mode.disagreed',
      detail: `The guard ${name} has authentication disabled; here it is enabled.`,
    })

  waiting.set(name, (waiting.get(name) ?? 0) + 1)
  try {
    // Who asks for everything is noted first: whatever ends from now on has to be confirmed by this instance as well.
    await app.store.follow(followerName(name, instance, lease), after ?? (await app.store.head()))
    return answer(await collect(app, after, waitSeconds))
  } finally {
    waiting.set(name, (waiting.get(name) ?? 1) - 1)
  }
}

interface Question {
  readonly instance: string
  readonly after: Position | undefined
  readonly waitSeconds: number
  /** After so many seconds of silence the guard refuses everything. */
  readonly lease: number | undefined
  readonly auth: string | undefined
}

function readQuestion(request: Request): Question {
  const query = new URL(request.url).searchParams
  const instance = single(query, 'instance') ?? ''
  const wait = Number(single(query, 'wait') ?? 0)
  const lease = single(query, 'lease')
  if (!/^[\w-]{8,64}$/.test(instance) || !Number.isFinite(wait) || wait < 0 || !isLease(lease))
    throw new EndSessionError('ERR_REQUEST', 'A guard asks with an instance, and a number of seconds to wait.')
  return {
    instance,
    after: single(query, 'after')?.slice(0, 256),
    waitSeconds: Math.min(wait, mostWaitSeconds),
    lease: lease === undefined ? undefined : Number(lease),
    auth: single(query, 'auth'),
  }
}

function isLease(lease: string | undefined): boolean {
  return lease === undefined || (Number(lease) >= 1 && Number(lease) <= 300)
}

async function collect(app: App, after: Position | undefined, waitSeconds: number): Promise<FeedAnswer> {
  const { store, options, providers } = app
  await store.ready()
  const clients = [...providers.values()].map(({ config }) => [config.issuer, config.clientId] as const)
  const collected = within(collectFeed(options.store, after, waitSeconds), waitSeconds + storeSeconds).catch(
    (cause) => {
      throw new EndSessionError('ERR_STORE', 'The session store does not work right now.', { cause })
    },
  )
  return { mode: 'enabled', clients, ...(await collected), now: await store.now() }
}

function answer({ entries, position, complete, ...head }: FeedAnswer): Response {
  const lines = [head, ...entries, { position, complete }].map(writeLine)
  return new Response(lines.join(''), { headers: { 'content-type': feedContentType, 'cache-control': 'no-store' } })
}

function refuse(status: number, headers: Record<string, string>): Response {
  return new Response(null, { status, headers: { ...headers, 'cache-control': 'no-store' } })
}
