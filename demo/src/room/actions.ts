import type { Scope } from 'endsession'
import { isAt } from '../identity.ts'
import { isSignedIn } from '../once/replay.ts'
import { isLoginScreen } from '../once/sign-in.ts'
import type { Plan } from '../plan.ts'
import type { Running } from '../start.ts'
import { type Cast, copyNow, enterOthers, logIn, show } from './cast.ts'
import type { Heard } from './heard.ts'
import { type Claim, claimOfReport, claimOfUsual } from './storeys.ts'
import * as stories from './stories.ts'
import type { Switches } from './switches.ts'
import type { Entered } from './walk-in.ts'

/** What an action plays on. */
export interface Stage {
  readonly plan: Plan
  readonly running: Running
  readonly cast: Cast
  readonly heard: Heard
  readonly switches: Switches
  /** What is being done just now. */
  readonly say: (busy: string) => void
  /** After each login: whether every door is open. What never was open cannot be shown to have closed. */
  readonly lookAround: () => Promise<void>
  /** What was claimed before. */
  readonly claim: Claim | undefined
}

/** What has come of it. */
export interface Played {
  readonly story: string
  /** What is claimed from now on; nothing: nobody claims anything. */
  readonly claim: Claim | undefined
  /** She is in again without having been asked who she is. */
  readonly backIn?: boolean
  /** The thief tries his copies, and that is filmed. */
  readonly thief?: boolean
}

/** 1 */
export async function logInAsAna(stage: Stage): Promise<Played> {
  stage.say('Ana logs in…')
  const entered = await logInNow(stage)
  if (entered === 'not') return { story: stories.notLoggedIn(stage.switches), claim: stage.claim }
  if (entered === 'was in') return { story: stories.wasLoggedIn, claim: stage.claim }
  return { story: stories.loggedIn(entered === 'with password'), claim: undefined }
}

/** 2 */
export async function logOutTheUsualWay(stage: Stage): Promise<Played> {
  const first = await logInFirst(stage)
  if (first === undefined) return { story: stories.notLoggedIn(stage.switches), claim: stage.claim }
  stage.say('Ana logs out, the usual way…')
  const { cast, plan } = stage
  show(cast, await cast.laptop.press(await cast.laptop.open(plan.urls.mail), 'Log out the usual way'))
  return { story: first + stories.loggedOutTheUsualWay, claim: claimOfUsual, thief: true }
}

/** 3 and 5 */
export async function tryToGetBackIn(stage: Stage): Promise<Played> {
  stage.say('Ana’s browser clicks “Log in” again…')
  const { cast, plan, heard, claim } = stage
  const since = heard.mark()
  const home = show(cast, await cast.laptop.open(plan.urls.mail))
  if (isSignedIn(home)) return { story: stories.stillIn(claim), claim, thief: true, backIn: claim?.by === 'usual' }
  const page = show(cast, await cast.laptop.click(home, 'Log in'))
  if (!isSignedIn(page)) {
    return {
      story: isLoginScreen(plan, page) ? stories.askedToLogIn(cast, claim) : stories.noWayIn(page),
      claim,
      thief: true,
    }
  }
  await enterOthers(plan, cast)
  await copyNow(plan, cast, heard, since)
  await stage.lookAround()
  // The usual logout is still what brought her here; of a new login endsession has claimed nothing.
  const usual = claim?.by === 'usual'
  return { story: stories.backIn(claim), claim: usual ? claim : undefined, backIn: usual, thief: true }
}

/** 4 */
export async function logOutWithEndsession(stage: Stage, scope: Scope): Promise<Played> {
  const first = await logInFirst(stage)
  if (first === undefined) return { story: stories.notLoggedIn(stage.switches), claim: stage.claim }
  stage.say('Ana logs out with endsession…')
  const { cast, plan, heard, switches } = stage
  const since = heard.mark()
  const home = await cast.laptop.open(plan.urls.mail)
  const landed = await leave(stage, () => cast.laptop.press(home, 'Log out', { scope }))
  cast.endedAt = performance.now()
  const report = await heard.report(since, landed)
  if (!report) throw new Error('Mail made no report of the logout.')
  const claim = claimOfReport(report)
  return { story: first + stories.loggedOut(scope, landed, switches, cast), claim, thief: true }
}

/** From the click until the browser rests; whether it rests where it should: a provider that is down ends the way. */
async function leave({ cast, plan, switches, say }: Stage, press: () => ReturnType<Cast['laptop']['open']>) {
  try {
    let page = await press()
    if (isAt(plan, 'provider', page.url) && page.html.text.includes('No, stay signed in')) {
      say('Example ID asks, and Ana answers “No, stay signed in”…')
      page = await cast.laptop.press(page, 'No, stay signed in')
    }
    show(cast, page)
    return page.url.origin === plan.urls.mail
  } catch (error) {
    if (!switches.isOn('provider-down')) throw error
    cast.screen = { title: 'This page does not answer', address: new URL(plan.urls.provider).host }
    return false
  }
}

/** The sentence that says so, where she had to log in first; nothing: she could not. */
async function logInFirst(stage: Stage): Promise<string | undefined> {
  const { plan, cast } = stage
  if (cast.copies.length > 0 && isSignedIn(await cast.laptop.open(plan.urls.mail))) return ''
  stage.say('Ana logs in first…')
  const entered = await logInNow(stage)
  if (entered === 'not') return undefined
  return entered === 'was in' ? '' : stories.loggedInFirst
}

export async function logInNow({ plan, cast, heard, switches, lookAround }: Stage): Promise<Entered> {
  const { copies } = cast
  const entered = await logIn(plan, cast, heard).catch((error: unknown) => {
    if (!switches.isOn('provider-down') && !switches.isOn('provider-slow')) throw error
    cast.screen = { title: 'This page does not answer', address: new URL(plan.urls.provider).host }
    return 'not' as const
  })
  if (cast.copies !== copies) await lookAround()
  return entered
}
