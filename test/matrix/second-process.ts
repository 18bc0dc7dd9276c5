import { createEndSession, type EndSession, type Event, type Options, type Session, type Store } from 'endsession'
import { type Browser, origin, type Setting } from './setting.ts'

export interface SecondProcess {
  readonly endsession: EndSession
  readonly events: readonly Event[]
}

/** Another process of the same app: an instance of its own, on the same store or on another handle to it. */
export function secondProcess(
  setting: Setting,
  store: Store = setting.store,
  options: Partial<Options> = {},
): SecondProcess {
  const { provider, clock } = setting
  const { issuer, clientId, clientSecret } = provider
  const events: Event[] = []
  const endsession = createEndSession({
    baseUrl: origin,
    secret: 'a secret of thirty-two bytes or more',
    store,
    unsafeLossyStore: true,
    providers: { example: { issuer, clientId, clientSecret, profile: { revocationReach: 'token' } } },
    runtime: { now: clock.now, fetch: provider.fetch },
    onEvent: (event) => void events.push(event),
    ...options,
  })
  return { endsession, events }
}

/** What a page of the app would send along. */
function requestOf(browser: Browser): Request {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return new Request(origin, { headers: { cookie } })
}

/** Who is signed in in this browser. */
export async function sessionOf(setting: Setting, browser: Browser): Promise<Session> {
  const session = await setting.endsession.session(requestOf(browser))
  if (!session) throw new Error('nobody is signed in')
  return session
}

/** Why each session ended, in order, and each once. */
export function causesOf(events: readonly Event[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'session.ended' ? [event.cause] : []))
}
