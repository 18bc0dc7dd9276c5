import type { Report } from 'endsession'
import type { RecordedTokens, Told } from '../messages.ts'
import type { AppName, Plan } from '../plan.ts'
import { type Person, people } from '../servers/people.ts'
import type { Running } from '../start.ts'
import { askApi, inMilliseconds, sightOfToken, type Watched, watchToken } from './api-token.ts'
import { type Browser, openBrowser, type Page } from './browser.ts'
import { isAtJobs, openJobs } from './jobs.ts'
import { isSignedIn, type Loot, lookAfter, lookBefore } from './replay.ts'
import type { Sight, Sights } from './result.ts'
import { chooseAcme, givePassword } from './sign-in.ts'

/** What a round is played on. */
export interface Stage {
  readonly plan: Plan
  readonly running: Running
  /** The API's process stands still while endsession logs out. */
  readonly guardStopped: boolean
  readonly say: (line: string) => void
}

export interface Round {
  readonly sights: Sights
  /** Of the library's own logout; the usual one makes none. */
  readonly report: Report | undefined
}

/** How long the provider's word to the other app may take, and the report's way to us. */
const waitSeconds = 5

const [ana, ben] = people as readonly [Person, Person]

/** Ana logs in to Mail and Calendar, logs out of Mail, and everything is tried again. Ben stays, for comparison. */
export async function playRound(way: 'usual' | 'endsession', stage: Stage): Promise<Round> {
  const { plan, say } = stage
  const notes = takeNotes(stage.running)
  const over = new AbortController()
  try {
    const browser = openBrowser()
    say('  Ana logs in to Mail, through Example ID and Acme; Ben does so in another browser')
    const home = await logIn(plan, browser, ana)
    await logIn(plan, openBrowser(), ben)
    say('  Ana opens Calendar in the same browser, and calls the API from Mail’s server')
    await openCalendar(plan, browser)
    if (plan.next !== undefined) {
      say('  she opens Jobs, too: Next.js with Auth.js')
      signedIn(await openJobs(plan, browser), plan.urls.next, isAtJobs)
    }
    await callApi(browser, home)
    const loot = await takeLoot(plan, browser, notes)
    const before = await lookBefore(plan, browser, loot)

    const logOutThen = way === 'usual' ? logOutTheUsualWay : logOutWithEndsession
    const { services, report } = await logOutThen(stage, browser, loot, notes, over.signal)
    say('  trying everything again: cookies, tokens, “Log in”')
    const peerSeconds = way === 'endsession' ? waitSeconds : 0
    return { sights: await lookAfter(plan, browser, loot, before, services, peerSeconds), report }
  } finally {
    over.abort()
    notes.stop()
  }
}

async function logIn(plan: Plan, browser: Browser, person: Person): Promise<Page> {
  const screen = await browser.click(await browser.open(plan.urls.mail), 'Log in')
  const acme = await chooseAcme(plan, browser, screen)
  return signedIn(await givePassword(plan, browser, acme, person), plan.urls.mail)
}

async function openCalendar(plan: Plan, browser: Browser): Promise<void> {
  signedIn(await browser.click(await browser.open(plan.urls.calendar), 'Log in'), plan.urls.calendar)
}

async function callApi(browser: Browser, home: Page): Promise<void> {
  const answer = await browser.click(home, 'Ask the API')
  if (!answer.html.text.includes('Status 200')) throw new Error('the API did not take the access token')
}

interface LoggedOut {
  readonly services: Sight
  readonly report: Report | undefined
}

async function logOutTheUsualWay({ plan, say }: Stage, browser: Browser, loot: Loot): Promise<LoggedOut> {
  say('  logging out the usual way')
  await browser.press(await browser.open(plan.urls.mail), 'Log out the usual way')
  const last = await askApi(plan, loot.tokens.accessToken)
  const watched: Watched = { seconds: undefined, taken: 0, lastTakenAt: undefined, last }
  return { services: sightOfToken(watched, 'taken', '', undefined), report: undefined }
}

/** A thief shows the copied token to the API all the while, from the click on. */
async function logOutWithEndsession(
  stage: Stage,
  browser: Browser,
  { tokens, controlToken }: Loot,
  notes: Notes,
  over: AbortSignal,
): Promise<LoggedOut> {
  const { plan, running, guardStopped, say } = stage
  const home = await browser.open(plan.urls.mail)
  if (guardStopped) {
    say('  stopping the API’s process, and its guard with it')
    running.pause('api')
  }
  say('  logging out with endsession')
  const watching = guardStopped ? undefined : watchToken(plan, tokens.accessToken, over)
  const page = await browser.press(home, 'Log out')
  if (plan.providerAsks) await browser.press(page, 'No, stay signed in')
  const report = await notes.report()
  if (guardStopped) {
    say('  the report is there: the API’s process goes on')
    running.resume('api')
  }
  const watched = await (watching ?? watchToken(plan, tokens.accessToken, over))
  const since = guardStopped ? 'after its process went on' : 'after the click on “Log out”'
  const { seconds, taken } = watched
  const times = `until then it took it ${taken} ×`
  if (seconds !== undefined) say(`  the API refuses Ana’s token, ${inMilliseconds(seconds)} ${since} (${times})`)
  const services = sightOfToken(watched, await askApi(plan, controlToken), since, notes.servicesEndedAt())
  return { services, report }
}

async function takeLoot(plan: Plan, browser: Browser, notes: Notes): Promise<Loot> {
  return {
    mailCookie: await browser.cookies(plan.urls.mail),
    calendarCookie: await browser.cookies(plan.urls.calendar),
    tokens: await notes.tokens('mail', ana),
    calendarToken: (await notes.tokens('calendar', ana)).accessToken,
    controlToken: (await notes.tokens('mail', ben)).accessToken,
    ...(plan.next !== undefined && {
      jobs: {
        cookie: await browser.cookies(plan.urls.next),
        accessToken: (await notes.tokens('next', ana)).accessToken,
      },
    }),
  }
}

function signedIn(page: Page, where: string, isIn: (page: Page) => boolean = isSignedIn): Page {
  if (page.url.origin === where && isIn(page)) return page
  throw new Error(`the login did not end at ${where}, but at ${page.url.origin}${page.url.pathname} (${page.status})`)
}

interface Notes {
  tokens(app: Teller, person: Person): Promise<RecordedTokens>
  /** As of the landing, where more is known; of the logout's answer, if the browser never landed. */
  report(): Promise<Report>
  /** Since when a report calls the services ended. */
  servicesEndedAt(): number | undefined
  stop(): void
}

type Teller = AppName | 'next'

/** What the apps' processes tell about themselves. */
function takeNotes(running: Running): Notes {
  const told: { readonly app: Teller; readonly at: number; readonly word: Told }[] = []
  const stops = (['mail', 'calendar', 'next'] as const).map((app) =>
    running.listen(app, (word) => told.push({ app, at: performance.now(), word })),
  )
  const tokensOf = (app: Teller, person: Person) =>
    told
      .flatMap((note) => (note.app === app && note.word.type === 'tokens' ? [note.word.tokens] : []))
      .findLast((tokens) => tokens.person === person.id)
  const reports = () => told.flatMap(({ at, word }) => (word.type === 'report' ? [{ ...word, receivedAt: at }] : []))
  const reportAt = (at: string) => reports().findLast((word) => word.at === at)?.report

  return {
    async tokens(app, person) {
      const tokens = await waitFor(() => tokensOf(app, person))
      if (!tokens) throw new Error(`${app} got no tokens for ${person.name} from the provider`)
      return tokens
    },
    async report() {
      const report = (await waitFor(() => reportAt('logout.landed'))) ?? reportAt('logout.finished')
      if (!report) throw new Error('Mail made no report of the logout')
      return report
    },
    servicesEndedAt: () => reports().find(({ report }) => report.layers.services.outcome === 'ended')?.receivedAt,
    stop() {
      for (const stop of stops) stop()
    },
  }
}

/** The first answer that there is, or `undefined` when the time is over. */
async function waitFor<T>(look: () => T | undefined): Promise<T | undefined> {
  const end = performance.now() + waitSeconds * 1000
  for (;;) {
    const found = look()
    if (found !== undefined || performance.now() >= end) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
