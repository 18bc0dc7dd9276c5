import { type Browser, openBrowser, type Page, type Traffic } from '../once/browser.ts'
import { openJobs } from '../once/jobs.ts'
import type { AppName, Plan } from '../plan.ts'
import { type Person, people } from '../servers/people.ts'
import { type Copy, copiesAtMost, copyAll } from './copies.ts'
import type { Heard } from './heard.ts'
import { nameTarget } from './naming.ts'
import type { Lane, RoomState } from './state.ts'
import { type Entered, walkIn } from './walk-in.ts'

const [ana] = people as readonly [Person]

/** Who plays: Ana at two devices, and the thief with his copies. */
export interface Cast {
  readonly laptop: Browser
  readonly phone: Browser
  /** Whether the phone has ever logged in. */
  phoneIsThere: boolean
  copies: readonly Copy[]
  /** What Ana's screen shows. */
  screen: RoomState['screen']
  /** When a logout last ended her. */
  endedAt: number
}

export interface Casting {
  readonly plan: Plan
  readonly watch: (from: Lane, traffic: Traffic) => void
  readonly signal: () => AbortSignal | undefined
}

const laptopAgent =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
const phoneAgent =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'

export function makeCast({ watch, signal }: Casting): Cast {
  const browser = (from: 'laptop' | 'phone', userAgent: string) =>
    openBrowser({ userAgent, signal, watch: (traffic) => watch(from, traffic) })
  return {
    laptop: browser('laptop', laptopAgent),
    phone: browser('phone', phoneAgent),
    phoneIsThere: false,
    copies: [],
    screen: undefined,
    // Nobody was: there is nothing to wait for.
    endedAt: Number.NEGATIVE_INFINITY,
  }
}

export function show(cast: Cast, page: Page): Page {
  const title = page.html.querySelector('h1')?.text.trim() ?? ''
  cast.screen = { title, address: page.url.host + nameTarget(page.url.pathname) }
  return page
}

export async function enter(plan: Plan, cast: Cast, browser: Browser, app: AppName): Promise<Entered> {
  const { entered, page } = await walkIn(plan, browser, app, ana, cast.endedAt)
  if (browser === cast.laptop && entered !== 'was in') show(cast, page)
  return entered
}

/** Once she is in at Mail, the other apps need a click at most. */
export async function enterOthers(plan: Plan, cast: Cast): Promise<void> {
  await enter(plan, cast, cast.laptop, 'calendar')
  if (plan.next !== undefined) show(cast, await openJobs(plan, cast.laptop))
}

/** Ana logs in to Mail and Calendar and reads what the API has for her; then the thief copies everything. */
export async function logIn(plan: Plan, cast: Cast, heard: Heard): Promise<Entered> {
  const since = heard.mark()
  const entered = await enter(plan, cast, cast.laptop, 'mail')
  if (entered === 'not') return entered
  await enterOthers(plan, cast)
  const home = await cast.laptop.open(plan.urls.mail)
  await cast.laptop.click(home, 'Ask the API')
  show(cast, await cast.laptop.open(plan.urls.mail))
  await copyNow(plan, cast, heard, entered === 'was in' ? 0 : since)
  return entered
}

/** Cookies and tokens as they are right after a login. */
export async function copyNow(plan: Plan, cast: Cast, heard: Heard, since: number): Promise<void> {
  const copy = await copyAll(plan, cast.laptop, await heard.tokens('mail', ana.id, since))
  const known = cast.copies.some(({ mail, calendar }) => mail === copy.mail && calendar === copy.calendar)
  if (!known) cast.copies = [...cast.copies, copy].slice(-copiesAtMost)
}
