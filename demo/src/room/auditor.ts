import type { Layer } from 'endsession'
import { parse } from 'node-html-parser'
import type { Browser } from '../once/browser.ts'
import { isAtJobs } from '../once/jobs.ts'
import { byLayer, type Sight } from '../once/result.ts'
import { type Answer, send } from '../once/send.ts'
import type { Name, Plan } from '../plan.ts'
import { epochNow } from '../servers/serve.ts'
import type { Running } from '../start.ts'
import { type Copy, sessionAt } from './copies.ts'
import type { Seen } from './exchange.ts'

/** Tries every door itself, with what somebody would have in hand who stood before it. */
export interface Audit {
  readonly plan: Plan
  readonly running: Running
  readonly laptop: Browser
  readonly copies: readonly Copy[]
  /** Somebody else's access token, which nothing ends: without it a refusal would say nothing. */
  readonly control: () => string | undefined
  /** Hears of the thief's tries. */
  readonly watch?: ((seen: Seen) => void) | undefined
}

/** Of several copies: what opens, and what became of those of the newest login alone. */
export interface Found extends Sight {
  readonly newest?: Sight['observed']
}

export type AllFound = Readonly<Record<Layer, Found>>

/** Nobody waits longer than that at one door: a server can stand still. */
const doorSeconds = 3

export async function tryEveryDoor(audit: Audit): Promise<AllFound> {
  const tries: Readonly<Record<Layer, (audit: Audit) => Promise<Found>>> = {
    browser: tryBrowser,
    app: (of) => tryCopies(of, 'mail'),
    tokens: tryRefreshTokens,
    services: tryAccessTokens,
    peers: tryPeers,
    provider: (of) => trySessions(of, 'provider'),
    upstream: (of) => trySessions(of, 'acme'),
  }
  const names = Object.keys(tries) as readonly Layer[]
  const sights = await Promise.all(
    names.map((layer) =>
      within(tries[layer](audit)).catch((error: Error): Found => ({ observed: 'not seen', how: error.message })),
    ),
  )
  return byLayer((layer) => sights[names.indexOf(layer)] as Found)
}

/** As Ana herself would find it, with what her browser holds now; nothing is added to it. */
async function tryBrowser({ plan, laptop }: Audit): Promise<Sight> {
  return sightOfPage(
    plan,
    'mail',
    await ask(new URL(plan.urls.mail), { cookie: await laptop.cookies(plan.urls.mail) }),
    '',
  )
}

/** Calendar, and the Next.js app where there is one: a door that stands open is an open door, whose it is. */
async function tryPeers(audit: Audit): Promise<Found> {
  if (audit.plan.next === undefined) return tryCopies(audit, 'calendar')
  const calendar = await tryCopies(audit, 'calendar', 'Calendar')
  const next = await tryCopies(audit, 'next', 'Jobs')
  const newest = [calendar, next].map((found) => ({ ...found, observed: found.newest ?? found.observed }))
  return {
    ...worstOf([next, calendar]),
    newest: worstOf(newest).observed,
    how: `With copied cookies: ${calendar.how}, ${next.how}`,
  }
}

/** The first copy that opens it, else what the last one was told. */
async function tryCopies(audit: Audit, app: 'mail' | 'calendar' | 'next', short?: string): Promise<Found> {
  const cookies = [...new Set(audit.copies.map((copy) => copy[app]))].filter(Boolean)
  const sights = await Promise.all(
    cookies.map(async (cookie) => {
      const answer = await asThief(audit, new URL(audit.plan.urls[app]), { cookie })
      return sightOfPage(audit.plan, app, answer, ' with a copied cookie', short)
    }),
  )
  return worstOf(sights)
}

/** `short`: the app's name, where there is no room for more. */
function sightOfPage(
  plan: Plan,
  app: 'mail' | 'calendar' | 'next',
  { status, text }: Answer,
  how: string,
  short?: string,
): Sight {
  const page = parse(text)
  const title = page.querySelector('h1')?.text.trim() ?? ''
  const answer = short ? `${short} → “${title}”` : `GET ${hostOf(plan, app)}/${how} → ${status}, “${title}”`
  if (status !== 200) return { observed: 'not seen', how: answer }
  const isIn = app === 'next' ? isAtJobs({ html: page }) : page.querySelector('[data-signed-in]') !== null
  return { observed: isIn ? 'alive' : 'over', how: answer }
}

/** The store is asked: a refresh would change what is looked at. */
async function tryRefreshTokens({ plan, running, copies }: Audit): Promise<Found> {
  const tokens = copies.flatMap(({ tokens }) => tokens?.refreshToken ?? [])
  const known = await Promise.all(tokens.map((token) => running.ask('provider', 'knowsRefreshToken', token)))
  const where = plan.provider === 'keycloak' ? 'Keycloak’s introspection' : 'Example ID’s store'
  return worstOf(
    known.map((good) =>
      good
        ? { observed: 'alive', how: `${where} → the copied refresh token is good` }
        : { observed: 'over', how: `${where} → no such refresh token` },
    ),
  )
}

async function tryAccessTokens(audit: Audit): Promise<Found> {
  const tokens = audit.copies.flatMap(({ tokens }) => tokens?.accessToken ?? [])
  const url = new URL('/messages', audit.plan.urls.api)
  const words = `GET ${hostOf(audit.plan, 'api')}/messages with a copied token`
  const sights = await Promise.all(
    tokens.map(async (token): Promise<Sight> => {
      const { status } = await asThief(audit, url, { authorization: `Bearer ${token}` })
      if (status === 200) return { observed: 'alive', how: `${words} → 200, Ana’s messages` }
      return { observed: status === 401 ? 'over' : 'not seen', how: `${words} → ${status}` }
    }),
  )
  const worst = worstOf(sights)
  if (worst.observed !== 'over') return worst
  const control = audit.control()
  const taken = control !== undefined && (await ask(url, { authorization: `Bearer ${control}` })).status === 200
  return taken
    ? worst
    : { ...worst, observed: 'not seen', newest: 'not seen', how: `${worst.how}; but it refuses everybody` }
}

/** The session as it was copied, and the one that the browser has now. */
async function trySessions(audit: Audit, at: 'provider' | 'acme'): Promise<Sight> {
  const now = await sessionAt(audit.laptop, audit.plan.urls[at])
  const ids = new Set([now, ...audit.copies.map((copy) => copy[at])].filter((id) => id !== undefined))
  const known = await Promise.all([...ids].map((id) => audit.running.ask(at, 'knowsSession', id)))
  const { name, note } = stores[audit.plan.provider][at]
  return known.includes(true)
    ? { observed: 'alive', how: `${name} → Ana is signed in${note}` }
    : { observed: 'over', how: `${name} → nobody is signed in${note}` }
}

/** Acme is beyond what any app could ask: that we can is because both are ours. */
const stores = {
  own: {
    provider: { name: 'Example ID’s store', note: '' },
    acme: { name: 'Acme’s own store', note: ' (only this demo can look there)' },
  },
  keycloak: {
    provider: { name: 'Example ID, by Keycloak’s admin API', note: '' },
    acme: { name: 'Acme’s own admin API', note: ' (only this demo can look there)' },
  },
} as const

const nothingCopied: Sight = { observed: 'not seen', how: 'There was nothing to copy.' }

/** One door that opens is an open door; one that nobody could try is not a closed one. */
function worstOf(sights: readonly Sight[]): Found {
  const find = (observed: Sight['observed']) => sights.findLast((sight) => sight.observed === observed)
  const worst = find('alive') ?? find('not seen') ?? find('over') ?? nothingCopied
  return { ...worst, newest: (sights.at(-1) ?? worst).observed }
}

async function asThief({ watch }: Audit, url: URL, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const startedAt = epochNow()
  const seen = {
    from: 'thief',
    url,
    method: 'GET',
    requestHeaders: new Headers(headers),
    requestBody: '',
    startedAt,
  } as const
  try {
    const answer = await ask(url, headers)
    watch?.({ ...seen, status: answer.status, responseHeaders: answer.headers, responseBody: answer.text })
    return answer
  } catch (error) {
    watch?.({ ...seen, status: 0, responseHeaders: new Headers(), responseBody: '' })
    throw error
  }
}

function ask(url: URL, headers: Readonly<Record<string, string>>): Promise<Answer> {
  return send(url, { headers: { accept: 'text/html', ...headers }, deadlineSeconds: doorSeconds }).catch(() => {
    throw new Error(`GET ${url.hostname}${url.pathname} → no answer`)
  })
}

function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('No answer within some seconds.')), 2 * doorSeconds * 1000)
  })
  return Promise.race([work, over]).finally(() => clearTimeout(timer))
}

function hostOf({ urls }: Plan, name: Name): string {
  return new URL(urls[name]).hostname
}
