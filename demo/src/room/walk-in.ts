import type { Browser, Page } from '../once/browser.ts'
import { isSignedIn } from '../once/replay.ts'
import { chooseAcme, givePassword, isAtAcme, isLoginScreen } from '../once/sign-in.ts'
import type { AppName, Plan } from '../plan.ts'
import type { Person } from '../servers/people.ts'

export type Entered = 'was in' | 'silently' | 'with password' | 'not'

/** Once more where an app wants a login that is younger than a logout. */
const loginsAtMost = 2

/** Times of logins are whole seconds, those of logouts are rounded up; a login in the same second counts as ended, too. */
const youngerSeconds = 2.1

interface Walked {
  readonly entered: Entered
  /** Where the browser has come to rest. */
  readonly page: Page
}

/**
 * Into an app, by whatever is asked for on the way: nothing, a click, the password. `endedAt`: when a logout last ended this
 * person, in milliseconds of this process.
 */
export async function walkIn(
  plan: Plan,
  browser: Browser,
  app: AppName,
  person: Person,
  endedAt: number = Number.NEGATIVE_INFINITY,
): Promise<Walked> {
  const walked = await walk(plan, browser, app, person, endedAt)
  if (walked.entered !== 'not' || walked.page.url.origin !== plan.urls[app]) return walked
  // The app has asked twice, and says so on a page of its own: she was ended just now by somebody of whom nobody here knows.
  return walk(plan, browser, app, person, performance.now())
}

async function walk(plan: Plan, browser: Browser, app: AppName, person: Person, endedAt: number): Promise<Walked> {
  const home = await browser.open(plan.urls[app])
  if (isSignedIn(home)) return { entered: 'was in', page: home }
  let page = await browser.click(home, 'Log in')
  let asked = false
  for (let logins = 0; logins < loginsAtMost && isLoginScreen(plan, page); logins++) {
    page = await chooseAcme(plan, browser, page)
    if (!isAtAcme(plan, page)) continue
    await waitUntilYounger(asked ? performance.now() : endedAt)
    asked = true
    page = await givePassword(plan, browser, page, person)
  }
  if (!isSignedIn(page)) return { entered: 'not', page }
  return { entered: asked ? 'with password' : 'silently', page }
}

async function waitUntilYounger(endedAt: number): Promise<void> {
  const left = youngerSeconds * 1000 - (performance.now() - endedAt)
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, left))
}
