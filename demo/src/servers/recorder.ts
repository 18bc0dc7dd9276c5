import type { Event } from 'endsession'
import { tell } from './serve.ts'

/** For `--once`: the reports go to the parent process as the library makes them. */
export function recordEvent(event: Event): void {
  if (event.type === 'logout.finished' || event.type === 'logout.landed') {
    tell({ type: 'report', at: event.type, report: event.report })
  }
}

/**
 * For `--once`: a `fetch` that listens at the token endpoint, so that the replay can try what a thief would try.
 * Nothing but this demo's own parent process hears of it.
 */
export function recordTokens(tokenEndpoint: string): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    const url = input instanceof Request ? input.url : String(input)
    if (url === tokenEndpoint && response.ok) {
      const tokens = (await response.clone().json()) as { access_token: string; refresh_token?: string }
      tell({ type: 'tokens', tokens: { accessToken: tokens.access_token, refreshToken: tokens.refresh_token } })
    }
    return response
  }
}
