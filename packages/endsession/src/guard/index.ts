/** endsession/guard: what a service puts in front of its routes, so that it refuses what has ended elsewhere. */
import { EndSessionError } from '../errors.ts'
import { profileFor } from '../profiles/index.ts'
import { createProvider } from '../protocol/provider.ts'
import { type Runtime, systemRuntime } from '../runtime.ts'
import { unauthorized, unavailable } from './answers.ts'
import { createFeedSource, type Feed } from './feed-source.ts'
import { type Follower, followFeed } from './follower.ts'
import { createVerifiedTokens } from './verified-tokens.ts'
import { subjectOf, type VerifiedToken } from './verify.ts'

export type { Feed }

export interface GuardOptions {
  /** Of the access tokens, exactly as in their `iss`. */
  issuer: string | undefined
  /** One of these has to be in a token's `aud`. */
  audience: string | readonly string[]
  /** One per app whose tokens this service takes. */
  feed: Feed | readonly Feed[]
  /** What to answer once the lease has run out: `refuse` is 503. Before the first snapshot it is 503 anyway. @default 'refuse' */
  onLost?: 'refuse' | 'allow'
  /** The longest that an ended token goes on working here. @default 10 */
  leaseSeconds?: number
  /** As in the app; on disagreement every answer is 503. @default 'enabled' */
  auth?: 'enabled' | 'disabled'
  runtime?: Partial<Runtime>
  onEvent?: (event: GuardEvent) => void
}

export interface GuardEvent {
  readonly type: 'feed.lost' | 'feed.back' | 'token.refused' | 'mode.disagreed'
  readonly why?: string
}

/** `response` is ready to be sent. */
export type Checked =
  | { readonly ok: true; readonly claims: Readonly<Record<string, unknown>> & { readonly sub: string } }
  | { readonly ok: false; readonly why: 'no_token' | 'invalid' | 'ended' | 'feed_lost'; readonly response: Response }

export interface Guard {
  /** The access token of `Authorization: Bearer`, or why not. Does no I/O for a token that it knows. Never throws. */
  check(request: Request): Promise<Checked>
  close(): Promise<void>
}

/** What everybody is while auth is off. */
const unauthenticated = { sub: 'unauthenticated' }

/**
 * Verifies access tokens, each once, and refuses what has ended by `sid`, person or token. Starts to follow its feeds at
 * once; until it knows what has ended it answers 503. Throws ERR_OPTIONS.
 */
export function createGuard(options: GuardOptions): Guard {
  const { issuer, audiences, feeds, leaseSeconds } = checkOptions(options)
  const runtime = { ...systemRuntime(), ...options.runtime }
  const { onLost = 'refuse', auth = 'enabled' } = options
  const tell = teller(options.onEvent)
  const provider = createProvider({ issuer, clientId: '', scope: '', profile: profileFor(issuer) }, runtime)
  const tokens = createVerifiedTokens(provider, audiences)
  const followers = feeds.map((feed) =>
    followFeed(createFeedSource(feed, issuer, auth, runtime), {
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

  function agrees(): boolean {
    const modes = followers.map(({ mode }) => mode).filter((mode) => mode !== undefined)
    if (modes.every((mode) => mode === auth)) return true
    tell({ type: 'mode.disagreed', why: `this guard has auth ${auth}, an app that it follows has not` })
    return false
  }

  /** Of the apps that the token may come from, and those that have not told yet which they are: is what ended known? */
  function judge(token: string, found: VerifiedToken): Checked {
    const named = followers.map((follower) => ({ follower, clients: clientsOf(follower, issuer, found.client) }))
    const concerned = named.filter(({ follower, clients }) => clients.length > 0 || !follower.started)
    if (concerned.length === 0) return refuse('invalid', unauthorized('invalid_token', 'The token is not good here.'))
    if (!concerned.every(({ follower }) => follower.holds() || (onLost === 'allow' && follower.started)))
      return lost('feed_lost')
    return concerned.some(({ follower, clients }) => follower.marks.covers(subjectOf(token, found, clients)))
      ? refuse('ended', unauthorized('invalid_token', 'The login of this token has ended.'))
      : { ok: true, claims: found.claims }
  }

  return {
    async check(request) {
      await Promise.all(followers.map(({ first }) => first))
      if (!agrees()) return lost('mode_disagreed')
      if (auth === 'disabled') return { ok: true, claims: unauthenticated }
      const token = bearerOf(request)
      if (token === undefined) return refuse('no_token', unauthorized())
      const found = await tokens.verify(token).catch(() => 'keys_unreachable' as const)
      if (found === 'keys_unreachable') return lost(found)
      if (!found) return refuse('invalid', unauthorized('invalid_token', 'The token is not good here.'))
      // Asked last: whatever ended while the keys were fetched is known by now.
      return judge(token, found)
    },
    async close() {
      for (const follower of followers) follower.close()
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

interface CheckedOptions {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly feeds: readonly Feed[]
  readonly leaseSeconds: number
}

function checkOptions({ issuer = '', audience, feed, leaseSeconds = 10 }: GuardOptions): CheckedOptions {
  const feeds = Array.isArray(feed) ? (feed as readonly Feed[]) : [feed as Feed]
  const audiences = typeof audience === 'string' ? [audience] : (audience ?? [])
  const problems = [
    URL.canParse(issuer) ? '' : 'issuer: must be the issuer URL of the provider, exactly as in its tokens',
    audiences.length > 0 && audiences.every(Boolean) ? '' : 'audience: must name what this service is called in `aud`',
    leaseSeconds >= 1 && leaseSeconds <= 300 ? '' : 'leaseSeconds: must be a number of seconds between 1 and 300',
    feeds.length > 0 && feeds.every(Boolean) ? '' : 'feed: must name at least one app to follow',
    ...feeds.filter(Boolean).map((one, place) => problemOf(one, `feed[${place}]`)),
  ].filter(Boolean)
  if (problems.length > 0)
    throw new EndSessionError('ERR_OPTIONS', `The options do not work yet:\n${problems.map((line) => `- ${line}`).join('\n')}`)
  return { issuer, audiences, feeds, leaseSeconds }
}

function problemOf(feed: Feed, path: string): string {
  if (!/^[\w-]{1,64}$/.test(feed.name)) return `${path}.name: a name is made of letters, digits, _ and -`
  if ('store' in feed) return feed.clients.length > 0 ? '' : `${path}.clients: must name the client ids of the app`
  if (!URL.canParse(feed.url)) return `${path}.url: must be the app's feed, like https://mail.example.com/auth/feed`
  return (feed.key ?? '').length >= 32 ? '' : `${path}.key: must have at least 32 bytes, the same as in the app's feed.keys`
}
