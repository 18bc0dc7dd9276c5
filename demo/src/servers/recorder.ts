import type { Event } from 'endsession'
import type { GuardEvent } from 'endsession/guard'
import { decodeJwt } from 'jose'
import { findPerson } from './people.ts'
import { tell } from './serve.ts'

/** The reports go to the parent process as the library makes them. */
export function recordReport(event: Event): void {
  if (event.type === 'logout.finished' || event.type === 'logout.landed') {
    tell({ type: 'report', at: event.type, report: event.report })
  }
}

/** What somebody has to mend goes to the terminal. A guard notices a disagreement at every request: it is told once. */
export function makeNotices(): (event: Event | GuardEvent) => void {
  let last: string | undefined
  return (event) => {
    const text = describe(event)
    if (text === undefined || text === last) return
    last = text
    tell({ type: 'notice', text })
  }
}

const noteworthy: readonly string[] = ['mode.disagreed', 'feed.lost', 'feed.back', 'store.failed', 'provider.failed']

function describe(event: Event | GuardEvent): string | undefined {
  if (!noteworthy.includes(event.type)) return undefined
  const detail = 'error' in event ? event.error.message : 'detail' in event ? event.detail : 'why' in event && event.why
  return detail ? `${event.type}: ${detail}` : event.type
}

/**
 * A `fetch` that listens at the token endpoint, so that the replay can try what a thief would try.
 * Nothing but this demo's own parent process hears of it.
 */
export function recordTokens(tokenEndpoint: string, send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await send(input, init)
    const url = input instanceof Request ? input.url : String(input)
    if (url === tokenEndpoint && response.ok) {
      const tokens = (await response.clone().json()) as TokenAnswer
      const { sub: person = '' } = decodeJwt(tokens.id_token)
      tell({
        type: 'tokens',
        tokens: {
          person: findPerson(person)?.id ?? person,
          accessToken: tokens.access_token,
          refreshToken: tokens.refresh_token,
        },
      })
    }
    return response
  }
}

interface TokenAnswer {
  readonly id_token: string
  readonly access_token: string
  readonly refresh_token?: string
}
