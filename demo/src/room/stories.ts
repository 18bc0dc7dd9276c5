import type { Scope } from 'endsession'
import type { Page } from '../once/browser.ts'
import type { Cast } from './cast.ts'
import type { WhatIfId } from './state.ts'
import type { Claim } from './storeys.ts'
import type { Switches } from './switches.ts'

/** What has happened and what it means, for somebody who has never heard of any of it. About 220 characters fit. */

export const opening =
  'Seven places know whether Ana is logged in. “Log out” in most apps tells one of them. Press 1, and watch the others.'

export const disabled =
  'Authentication is disabled: everybody is in, so there is nobody to log in and nothing to log out.'

export const wasLoggedIn = 'Ana is logged in already. Log her out: 2 is how most apps do it.'

export const loggedInFirst = 'She was not logged in, so she did that first. '

export function loggedIn(withPassword: boolean): string {
  return withPassword
    ? 'Ana gave her password to Acme, her company. Acme vouches for her at Example ID, and that opens Mail, Calendar and the API. Meanwhile a thief has copied every cookie and token.'
    : 'Ana is in, and nobody asked for a password: Example ID or Acme still knew her. The thief has copied the new cookies and tokens, too.'
}

export const loggedOutTheUsualWay =
  'Mail deleted one cookie and says “You are signed out”. Nobody told Example ID, Acme, Calendar or the API, and what was copied works on.'

export function stillIn(claim: Claim | undefined): string {
  return claim
    ? 'She is back in already.'
    : 'There is nothing to get back into: Ana has not logged out. Press 2 or 4 first.'
}

export function backIn(claim: Claim | undefined): string {
  if (claim?.by === 'endsession') {
    return 'She is back in with one click, as the scope “app” says: that logout ended Mail’s session and left Example ID alone. It is a new login; the old copies are refused.'
  }
  return claim
    ? 'One click on “Log in”, and Ana’s inbox is open. Nobody asked for a password: whoever sits at this computer next gets in just like that.'
    : 'She is in, without a password: Example ID or Acme still knew her.'
}

export function askedToLogIn({ copies }: Cast, claim: Claim | undefined): string {
  if (copies.length === 0) return 'Nobody has logged in yet: “Log in” leads to the login screen, as it should. Press 1.'
  return claim?.by === 'endsession'
    ? '“Log in” leads to the login screen: nobody gets in without the password. The thief has tried every copy, and what he found stands on the left.'
    : '“Log in” leads to the login screen: it takes the password to get in.'
}

export function noWayIn({ html, status }: Page): string {
  const title = html.querySelector('h1')?.text.trim()
  return `“Log in” leads to “${title ?? 'a page without a title'}” (${status}). Nobody gets in this way.`
}

export function notLoggedIn(switches: Switches): string {
  if (switches.isOn('provider-down')) return 'Example ID does not answer, so nobody can log in. Switch it on again.'
  if (switches.isOn('provider-slow'))
    return 'Example ID was too slow: the login was given up. Switch that off and try again.'
  return 'The login did not work: her screen shows what came of it.'
}

const byScope: Readonly<Record<Scope, string>> = {
  app: 'Mail’s own session has ended, and its copies with it. As asked, nothing beyond Mail was touched: one click logs her back in.',
  provider:
    'Mail’s session ended first; its tokens were revoked, the API was told, and the browser went on to Example ID and Acme. Each row says what is known of it, and no more.',
  everywhere:
    'The same, and on all of Ana’s devices: every session of hers at Mail has ended, and none gets back in without the password.',
}

export function loggedOut(scope: Scope, landed: boolean, switches: Switches, { phoneIsThere }: Cast): string {
  if (!landed) {
    return 'Example ID does not answer, and Mail’s session has ended all the same: it ends here first. What could not be reached is not called ended.'
  }
  if (switches.isOn('decline') && scope !== 'app') {
    return 'She said “No, stay signed in” at Example ID. Mail’s session is over, Example ID’s lives on, and the report does not call it ended. The next login asks for the password all the same.'
  }
  if (switches.isOn('provider-slow')) {
    return 'Example ID took its time, and Mail’s session had ended before it was asked anything. What it did not confirm in time is not called ended.'
  }
  if (switches.isOn('guard-stopped')) {
    return 'The API stands still: it could not confirm, so the report says “requested” and not “ended”. Let it go on, and it refuses the copied token.'
  }
  if (switches.isOn('upstream-stays') && scope !== 'app') {
    return 'Nobody told Acme, and its session lives on. endsession says “unknown” of it, as always: from here it looks the same, and that is why it is never called ended.'
  }
  return scope === 'provider' && phoneIsThere ? `${byScope.provider} Her phone stays in.` : byScope[scope]
}

export const reset = 'Everything is as it was at the beginning: new devices, nobody logged in. Press 1.'

export function phoneLoggedIn(entered: boolean): string {
  return entered
    ? 'Ana’s phone is logged in to Mail as well. A logout on the laptop does not reach it, unless its scope is “everywhere” or she ends it from the list of devices.'
    : 'The phone could not log in just now.'
}

export function othersEnded(phoneIsOut: boolean): string {
  return phoneIsOut
    ? 'On the laptop Ana pressed “End all others” in her list of devices: the phone is out at once, the laptop stays in. The phone gets back in with the password only.'
    : 'Ana pressed “End all others”, and the phone is still in.'
}

export const endedByAdmin =
  'An administrator ended all of Ana’s sessions at Mail; her copies are refused. No browser of hers took part, so Example ID and Acme were not visited: the report says so.'

export function lateMessage(status: number | undefined, times: number, stillIn: boolean): string {
  if (status === undefined)
    return 'There is no logout message to send again: nobody has been logged out at Calendar yet.'
  const sent =
    times > 1 ? `The old message came ${times} more times` : 'The old message came after she had logged in again'
  const end = stillIn ? 'Her new login at Calendar lives on.' : 'Calendar is signed out.'
  return `${sent}; Calendar answered ${status}. ${end} A logout message ends only what is older than itself.`
}

const turned: Readonly<Partial<Record<WhatIfId, readonly [on: string, off: string]>>> = {
  'provider-down': [
    'Example ID is down: every connection breaks off. Log out with endsession, and see what it says of what it could not reach.',
    'Example ID answers again.',
  ],
  'provider-slow': [
    'Example ID is slow now. A logout does not wait for it to end Mail’s session.',
    'Example ID is quick again.',
  ],
  decline: [
    'From now on Example ID asks before it logs anybody out, and Ana will answer “No, stay signed in”.',
    'Example ID logs out without asking.',
  ],
  'guard-stopped': [
    'The API stands still: it answers nobody and hears nothing. Log out with endsession, and see what it says of the API.',
    'The API goes on. It refuses everybody until it has heard what ended meanwhile.',
  ],
  'upstream-stays': [
    'From now on Example ID does not tell Acme when it logs somebody out.',
    'Example ID tells Acme when it logs somebody out.',
  ],
}

export const turn = (id: WhatIfId, on: boolean): string => turned[id]?.[on ? 0 : 1] ?? ''
