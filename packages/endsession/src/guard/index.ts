/** endsession/guard: what a service puts in front of its routes, so that it refuses what has ended elsewhere. */
import { profileFor } from '../profiles/index.ts'
import { createProvider } from '../protocol/provider.ts'
import { systemRuntime } from '../runtime.ts'
import { unauthorized, unavailable } from './answers.ts'
import { createFeedSource, type Feed } from './feed-source.ts'
import { type Follower, followFeed } from './follower.ts'
import { checkOptions, type GuardEvent, type GuardOptions } from './options.ts'
import { createVerifiedTokens } from './verified-tokens.ts'
import { subjectOf, type VerifiedToken } from './verify.ts'

export type { Feed, GuardEvent, GuardOptions }

/** `response` is ready to be sent. */
export type Checked =
  | { readonly ok: true; readonly claims: Readonly<Record<string, unknown>> & { readonly sub: string } }
  | { readonly ok: false; readonly why: 'no_token' | 'invalid' | 'ended' | 'feed_lost'; readonly response: Response }

export interface Guard {
  /** The access token of `Authorization: Bearer`, or why not. Does no I/O for a token that it knows. Never throws. */
  check(request: Request): Promise<Checked>
  /** Stops to follow; resolves once nothing runs any more. */
  close(): Promise<void>
}

/** What everybody is while auth is off. */
const unauthenticated = { sub: 'unauthenticated' }

/**
 * Verifies access tokens, each once, and refuses what has ended by `sid`, person or token. Starts to follow its feeds at
 * once; until it knows what has ended it answers 503. Throws ERR_OPTIONS.
 */
export function createGuard(options: GuardOptions): Guard {
  const { issuer, audiences, feeds, onLost, leaseSeconds, auth } = checkOptions(options)
  const runtime = { ...systemRuntime(), ...options.runtime }
  const tell = teller(options.onEvent)
  const provider = createProvider({ issuer, clientId: '', scope: '', profile: profileFor(issuer) }, runtime)
  const tokens = createVerifiedTokens(provider, audiences)
  const manners = { auth, ...(onLost === 'refuse' && { refusesAfter: leaseSeconds }) }
  const followers = feeds.map((feed) =>
    followFeed(createFeedSource(feed, issuer, manners, runtime), {
      leaseSeconds,
      runtime,
      onLost: (error) => tell({ type: 'feed.lost', why: error.message }),
      onBack: () => tell({ type: 'feed.back' }),
    }),
  )

  const refuse = (why: 'no_token' | 'invalid' | 'ended' | 'feed_lost', response: Response): Checked => {
    tell({ type: 'token.refused', why })
    return { ok: false, why, response }
  }
  const lost = (why: Parameters<typeof unavailable>[0]) => refuse('feed_lost', unavailable(why, leaseSeconds / 3))

  let agreed = true
  /** Told once, when it begins. */
  function agrees(): boolean {
    const agreedBefore = agreed
    agreed = followers.every(({ mode = auth }) => mode === auth)
    if (agreedBefore && !agreed)
      tell({ type: 'mode.disagreed', why: `this guard has auth ${auth}, an app that it follows has not` })
    return agreed
  }

  /** With auth off, everybody is in: once every app that has one has said that it is off there as well. */
  function letIn(): Checked {
    return followers.every(({ started }) => started) ? { ok: true, claims: unauthenticated } : lost('feed_lost')
  }

  /** Of the apps that the token may come from, and those that have not told yet which they are: is what ended known? */
  function judge(found: VerifiedToken): Checked {
    const named = followers.map((follower) => ({ follower, clients: clientsOf(follower, issuer, found.client) }))
    const concerned = named.filter(({ follower, clients }) => clients.length > 0 || !follower.started)
    if (concerned.length === 0) return refuse('invalid', unauthorized('invalid_token', 'The token is not good here.'))
    if (!concerned.every(({ follower }) => follower.holds() || (onLost === 'allow' && follower.started)))
      return lost('feed_lost')
    return concerned.some(({ follower, clients }) => follower.marks.covers(subjectOf(found, clients)))
      ? refuse('ended', unauthorized('invalid_token', 'The login of this token has ended.'))
      : { ok: true, claims: found.claims }
  }

  return {
    async check(request) {
      if (!followers.every(({ started }) => started)) await Promise.all(followers.map(({ first }) => first))
      if (!agrees()) return lost('mode_disagreed')
      if (auth === 'disabled') return letIn()
      const token = bearerOf(request)
      if (token === undefined) return refuse('no_token', unauthorized())
      const found = await tokens.verify(token).catch(() => 'keys_unreachable' as const)
      if (found === 'keys_unreachable') return lost(found)
      if (!found) return refuse('invalid', unauthorized('invalid_token', 'The token is not good here.'))
      // Asked last: whatever ended while the keys were fetched is known by now.
      return judge(found)
    },
    async close() {
      await Promise.all(followers.map((follower) => follower.close()))
    },
  }
}

/** The clients of this feed that the token may belong to: its own, or, where it names none, all of them. */
function clientsOf({ clients }: Follower, issuer: string, client: string | undefined): readonly string[] {
  const known = clients.filter(([iss]) => iss === issuer).map(([, id]) => id)
  return client === undefined ? known : known.filter((id) => id === client)
}

/** RFC 6750, section 2.1. Tokens in a query or a form are not looked for. */
function bearerOf(request: Request): string | undefined {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
}

function teller(onEvent: GuardOptions['onEvent']): (event: GuardEvent) => void {
  return (event) => {
    try {
      onEvent?.(event)
    } catch {
      // The listener's own problem.
    }
  }
}
