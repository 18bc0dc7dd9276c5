import { parse } from 'node-html-parser'
import { authorizationEndpoint, brokerCallback, tokenEndpoint } from '../identity.ts'
import type { RecordedTokens } from '../messages.ts'
import type { Plan } from '../plan.ts'
import { askApi, watchToken } from './api-token.ts'
import type { Browser, Page } from './browser.ts'
import { isAtJobs } from './jobs.ts'
import type { Sight, Sights } from './result.ts'
import { postForm, send } from './send.ts'
import { isLoginScreen } from './sign-in.ts'

/** Copies of what a login leaves in the hands of a browser and an app. */
export interface Loot {
  readonly mailCookie: string
  readonly calendarCookie: string
  readonly tokens: RecordedTokens
  /** Calendar's own access token, of the same login at the provider: Mail's logout does not name it. */
  readonly calendarToken: string
  /** Somebody else's access token, from Mail too: nothing ends it. */
  readonly controlToken: string
  /** Of the Next.js app, where there is one. */
  readonly jobs?: { readonly cookie: string; readonly accessToken: string }
}

/** Before the logout: what is not seen alive now proves nothing when it is not alive later. */
export async function lookBefore(plan: Plan, browser: Browser, loot: Loot): Promise<Sights> {
  return {
    ...(await replayLoot(plan, browser, loot, 0)),
    services: await lookAtTokens(plan, loot),
    provider: sight((await askProvider(plan, browser)) === 'code', 'Its session signs in silently.', ''),
  }
}

/**
 * After the logout: everything that was copied is tried again, then the person clicks "Log in".
 * That comes last, since it may well sign somebody in.
 */
export async function lookAfter(
  plan: Plan,
  browser: Browser,
  loot: Loot,
  before: Sights,
  services: Sight,
  peerSeconds: number,
): Promise<Sights> {
  const after: Sights = {
    ...(await replayLoot(plan, browser, loot, peerSeconds)),
    services,
    provider: await lookAtProvider(plan, browser),
  }
  const entries = Object.entries(after).map(([layer, seen]) => {
    const wasAlive = before[layer as keyof Sights]?.observed === 'alive'
    return [layer, wasAlive ? seen : { observed: 'not seen', how: 'It was not seen alive before the logout.' }]
  })
  return Object.fromEntries(entries) as Sights
}

async function replayLoot(
  plan: Plan,
  browser: Browser,
  loot: Loot,
  peerSeconds: number,
): Promise<Omit<Sights, 'services' | 'provider'>> {
  return {
    browser: await lookAtBrowser(plan, browser),
    app: await tryCookie(plan.urls.mail, loot.mailCookie),
    tokens: await tryRefreshToken(plan, loot.tokens),
    peers: await waitForPeer(plan, calendar, loot.calendarCookie, loot.calendarToken, peerSeconds),
    ...(loot.jobs && { next: await waitForPeer(plan, jobs, loot.jobs.cookie, loot.jobs.accessToken, peerSeconds) }),
    upstream: await lookAtUpstream(plan, browser),
  }
}

async function lookAtBrowser(plan: Plan, browser: Browser): Promise<Sight> {
  const page = await browser.open(plan.urls.mail)
  return sight(isSignedIn(page), 'Its Mail page is signed in.', 'Its Mail page is signed out.')
}

async function tryCookie(url: string, cookie: string, opens: Opens = isSignedIn): Promise<Sight> {
  const { status, text } = await send(new URL(url), { headers: { cookie, accept: 'text/html' } })
  if (status !== 200) return { observed: 'not seen', how: `A copy of the cookie was answered ${status}.` }
  const signedIn = opens({ html: parse(text) })
  return sight(signedIn, 'A copy of the old cookie is still signed in.', 'A copy of the old cookie opens nothing.')
}

async function tryRefreshToken(plan: Plan, { refreshToken }: RecordedTokens): Promise<Sight> {
  if (!refreshToken) return { observed: 'not seen', how: 'The provider gave no refresh token.' }
  const authorization = `Basic ${Buffer.from(`mail:${plan.secrets.mail}`).toString('base64')}`
  const fields = { grant_type: 'refresh_token', refresh_token: refreshToken }
  const { status, text } = await postForm(new URL(tokenEndpoint(plan)), fields, { authorization })
  if (status === 200) return { observed: 'alive', how: 'The refresh token still gets new tokens.' }
  if (status === 400 && text.includes('"invalid_grant"')) {
    return { observed: 'over', how: 'The provider refuses the refresh token (invalid_grant).' }
  }
  return { observed: 'not seen', how: `The provider answered the refresh token with ${status}.` }
}

/** All of them work before the logout: a control that never worked would control nothing. */
async function lookAtTokens(plan: Plan, { tokens, calendarToken, controlToken, jobs }: Loot): Promise<Sight> {
  const all = [tokens.accessToken, calendarToken, controlToken, ...(jobs ? [jobs.accessToken] : [])]
  const answers = all.map((token) => askApi(plan, token))
  const taken = (await Promise.all(answers)).every((answer) => answer === 'taken')
  return sight(taken, 'The API takes the access tokens.', 'The API does not take every access token.')
}

/** Whether this page is for somebody. */
type Opens = (page: Pick<Page, 'html'>) => boolean

interface Peer {
  readonly name: 'calendar' | 'next'
  readonly title: string
  readonly titles: string
  readonly opens: Opens
}

const calendar: Peer = { name: 'calendar', title: 'Calendar', titles: 'Calendar’s', opens: isSignedIn }
const jobs: Peer = { name: 'next', title: 'Jobs', titles: 'Jobs’', opens: isAtJobs }

/** The provider tells the other apps in its own time: look again until it knows, or the time is over. */
async function waitForPeer(plan: Plan, peer: Peer, cookie: string, token: string, seconds: number): Promise<Sight> {
  const { name, title, opens } = peer
  const end = performance.now() + seconds * 1000
  for (;;) {
    const seen = await tryCookie(plan.urls[name], cookie, opens)
    if (seen.observed === 'not seen') return { ...seen, how: `${title}: ${seen.how}` }
    if (seen.observed === 'over') return lookAtPeersToken(plan, peer, token)
    if (performance.now() >= end) {
      const takes = (await askApi(plan, token)) === 'taken'
      const how = `${title}, in the same browser, is still signed in`
      return { observed: 'alive', how: takes ? `${how}, and the API takes its token.` : `${how}.` }
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The peer's session is over, so its own feed has told the API: nothing of Mail's could have. */
async function lookAtPeersToken(plan: Plan, { title, titles }: Peer, token: string): Promise<Sight> {
  const { seconds } = await watchToken(plan, token)
  return sight(
    seconds === undefined,
    `${title} is signed out, yet the API still takes its token.`,
    `A copy of ${titles} cookie opens nothing, and the API refuses ${titles} token.`,
  )
}

/** What a person finds who clicks "Log in" again, and what the provider says for itself. */
async function lookAtProvider(plan: Plan, browser: Browser): Promise<Sight> {
  const asked = await askProvider(plan, browser)
  const page = await browser.click(await browser.open(plan.urls.mail), 'Log in')
  if (isSignedIn(page))
    return { observed: 'alive', how: 'One click on “Log in” and the person is back in: no login screen.' }
  if (!isLoginScreen(plan, page))
    return { observed: 'not seen', how: `“Log in” led to ${page.url.origin}${page.url.pathname} (${page.status}).` }
  if (asked === 'login_required') return { observed: 'over', how: '“Log in” leads to the provider’s login screen.' }
  return { observed: 'alive', how: 'Its session lives on; yet “Log in” leads to its login screen.' }
}

async function lookAtUpstream(plan: Plan, browser: Browser): Promise<Sight> {
  const answer = await askSilently(browser, authorizationEndpoint(plan, 'acme'), 'example-id', brokerCallback(plan))
  return sight(answer === 'code', 'Acme would sign the person in again without a password.', 'Acme wants a password.')
}

function askProvider(plan: Plan, browser: Browser): Promise<string> {
  return askSilently(browser, authorizationEndpoint(plan, 'provider'), 'mail', `${plan.urls.mail}/auth/callback`)
}

/** `prompt=none`, and not followed: `code` if a session signs in silently, else the error. The code is never redeemed. */
async function askSilently(browser: Browser, endpoint: string, client: string, callback: string): Promise<string> {
  const url = new URL(endpoint)
  url.search = new URLSearchParams({
    client_id: client,
    redirect_uri: callback,
    response_type: 'code',
    scope: 'openid',
    prompt: 'none',
  }).toString()
  const answer = await browser.peek(url.href)
  if (!answer?.href.startsWith(callback)) throw new Error(`${endpoint} gave no answer to prompt=none`)
  return answer.searchParams.has('code') ? 'code' : (answer.searchParams.get('error') ?? 'nothing')
}

export function isSignedIn(page: Pick<Page, 'html'>): boolean {
  return page.html.querySelector('[data-signed-in]') !== null
}

function sight(alive: boolean, ifAlive: string, ifOver: string): Sight {
  return alive ? { observed: 'alive', how: ifAlive } : { observed: 'over', how: ifOver }
}
