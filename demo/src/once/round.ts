import type { Report } from 'endsession'
import type { RecordedTokens, Told } from '../messages.ts'
import type { Plan } from '../plan.ts'
import { people } from '../servers/people.ts'
import type { Running } from '../start.ts'
import { type Browser, openBrowser, type Page } from './browser.ts'
import { isSignedIn, type Loot, lookAfter, lookBefore } from './replay.ts'
import type { Sights } from './result.ts'

export interface Round {
  readonly sights: Sights
  /** Of the library's own logout; the usual one makes none. */
  readonly report: Report | undefined
}

type Say = (line: string) => void

/** How long the provider's word to the other app may take, and the report's way to us. */
const waitSeconds = 5

/** A person logs in to Mail and Calendar, logs out of Mail, and everything is tried again. */
export async function playRound(way: 'usual' | 'endsession', plan: Plan, running: Running, say: Say): Promise<Round> {
  const notes = takeNotes(running)
  try {
    const browser = openBrowser()
    say('  logging in to Mail, through Example ID and Acme')
    const home = await logIn(plan, browser)
    say('  opening Calendar in the same browser, and calling the API from Mail’s server')
    await openCalendar(plan, browser)
    await callApi(browser, home)
    const loot = await takeLoot(plan, browser, notes)
    const before = await lookBefore(plan, browser, loot)

    say(way === 'usual' ? '  logging out the usual way' : '  logging out with endsession')
    await logOut(way, plan, browser)
    const report = way === 'endsession' ? await notes.report() : undefined
    say('  trying everything again: cookies, tokens, “Log in”')
    const peerSeconds = way === 'endsession' ? waitSeconds : 0
    return { sights: await lookAfter(plan, browser, loot, before, peerSeconds), report }
  } finally {
    notes.stop()
  }
}

async function logIn(plan: Plan, browser: Browser): Promise<Page> {
  const [{ id, password }] = people as readonly [(typeof people)[number]]
  const provider = await browser.click(await browser.open(plan.urls.mail), 'Log in')
  const acme = await browser.click(provider, 'Sign in with Acme')
  return signedIn(await browser.press(acme, 'Sign in', { name: id, password }), plan.urls.mail)
}

async function openCalendar(plan: Plan, browser: Browser): Promise<void> {
  signedIn(await browser.click(await browser.open(plan.urls.calendar), 'Log in'), plan.urls.calendar)
}

async function callApi(browser: Browser, home: Page): Promise<void> {
  const answer = await browser.click(home, 'Ask the API')
  if (!answer.html.text.includes('Status 200')) throw new Error('the API did not take the access token')
}

async function logOut(way: 'usual' | 'endsession', plan: Plan, browser: Browser): Promise<void> {
  const home = await browser.open(plan.urls.mail)
  const page = await browser.press(home, way === 'usual' ? 'Log out the usual way' : 'Log out')
  if (way === 'endsession' && plan.providerAsks) await browser.press(page, 'No, stay signed in')
}

async function takeLoot(plan: Plan, browser: Browser, notes: Notes): Promise<Loot> {
  return {
    mailCookie: await browser.cookies(plan.urls.mail),
    calendarCookie: await browser.cookies(plan.urls.calendar),
    tokens: await notes.tokens(),
  }
}

function signedIn(page: Page, where: string): Page {
  if (page.url.origin === where && isSignedIn(page)) return page
  throw new Error(`the login did not end at ${where}, but at ${page.url.origin}${page.url.pathname} (${page.status})`)
}

interface Notes {
  tokens(): Promise<RecordedTokens>
  /** As of the landing, where more is known; of the logout's answer, if the browser never landed. */
  report(): Promise<Report>
  stop(): void
}

/** What Mail's process tells about itself. */
function takeNotes(running: Running): Notes {
  const told: Told[] = []
  const stop = running.listen('mail', (word) => told.push(word))
  const reportAt = (at: string) => told.findLast((word) => word.type === 'report' && word.at === at)

  return {
    stop,
    async tokens() {
      const word = await waitFor(() => told.findLast(({ type }) => type === 'tokens'))
      if (word?.type !== 'tokens') throw new Error('Mail got no tokens from the provider')
      return word.tokens
    },
    async report() {
      const word = (await waitFor(() => reportAt('logout.landed'))) ?? reportAt('logout.finished')
      if (word?.type !== 'report') throw new Error('Mail made no report of the logout')
      return word.report
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
