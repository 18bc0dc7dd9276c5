import { EndSessionError } from '../errors.ts'
import type { Runtime } from '../runtime.ts'
import type { Feed } from './feed-source.ts'

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

export interface CheckedOptions {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly feeds: readonly Feed[]
  readonly onLost: 'refuse' | 'allow'
  readonly leaseSeconds: number
  readonly auth: 'enabled' | 'disabled'
}

const knownKeys = ['issuer', 'audience', 'feed', 'onLost', 'leaseSeconds', 'auth', 'runtime', 'onEvent']

/** Lists every problem at once. Throws ERR_OPTIONS. */
export function checkOptions(options: GuardOptions): CheckedOptions {
  const { issuer = '', audience, feed, onLost = 'refuse', leaseSeconds = 10, auth = 'enabled' } = options
  const feeds = Array.isArray(feed) ? (feed as readonly Feed[]) : [feed as Feed]
  const audiences = typeof audience === 'string' ? [audience] : (audience ?? [])
  const unknown = Object.keys(options).filter((key) => !knownKeys.includes(key))
  const problems = [
    ...unknown.map((key) => `${key}: there is no such option; known are ${knownKeys.join(', ')}`),
    URL.canParse(issuer) ? '' : 'issuer: must be the issuer URL of the provider, exactly as in its tokens',
    audiences.length > 0 && audiences.every(Boolean) ? '' : 'audience: must name what this service is called in `aud`',
    leaseSeconds >= 1 && leaseSeconds <= 300 ? '' : 'leaseSeconds: must be a number of seconds between 1 and 300',
    ['refuse', 'allow'].includes(onLost) ? '' : 'onLost: must be one of refuse, allow',
    ['enabled', 'disabled'].includes(auth) ? '' : 'auth: must be one of enabled, disabled',
    feeds.length > 0 && feeds.every(Boolean) ? '' : 'feed: must name at least one app to follow',
    ...feeds.filter(Boolean).map((one, place) => problemOf(one, `feed[${place}]`)),
  ].filter(Boolean)
  if (problems.length > 0)
    throw new EndSessionError(
      'ERR_OPTIONS',
      `The options do not work yet:\n${problems.map((line) => `- ${line}`).join('\n')}`,
    )
  return { issuer, audiences, feeds, onLost, leaseSeconds, auth }
}

function problemOf(feed: Feed, path: string): string {
  if (!/^[\w-]{1,64}$/.test(feed.name)) return `${path}.name: a name is made of letters, digits, _ and -`
  if ('store' in feed) return feed.clients?.length > 0 ? '' : `${path}.clients: must name the client ids of the app`
  if (!URL.canParse(feed.url)) return `${path}.url: must be the app's feed, like https://mail.example.com/auth/feed`
  // What a header can carry, and the app reads out of it.
  if (!/^[\x21-\x7e][\x20-\x7e]{30,510}[\x21-\x7e]$/.test(feed.key ?? ''))
    return `${path}.key: must have at least 32 bytes, the same as in the app's feed.keys; make one with: openssl rand -base64 32`
  return ''
}
