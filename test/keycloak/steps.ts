/** What people do, and what a test asks Keycloak afterwards. */
import type { Layer, Report } from 'endsession'
import type { KeycloakServer } from '../../servers/src/keycloak.ts'
import { type Browser, openBrowser, type Page } from './browser.ts'
import type { App, Granted } from './setting.ts'

/** The fields of Keycloak's login form. */
export type Person = { readonly username: string; readonly password: string }

export const ana: Person = { username: 'ana', password: 'ana-demo' }
export const ben: Person = { username: 'ben', password: 'ben-demo' }
/** Where the admin API has Ana. */
export const anaPath = '/example/users/a0000000-0000-4000-8000-000000000001'

const loginForm = '#kc-form-login'
/** Of Keycloak's page "Do you want to log out?". */
export const confirmForm = 'form.form-actions'

/** Opens the app, and signs in at Keycloak's login screen if that is where it leads. */
export async function signIn(browser: Browser, app: App, person = ana, path = '/'): Promise<Page> {
  const page = await browser.visit(app.origin + path)
  return asksToSignIn(page) ? browser.submit(page, loginForm, person) : page
}

/** The times of logins are whole seconds, and a logout rounds up: from now on what comes is later than all before. */
export async function secondsLater(): Promise<void> {
  const now = Math.floor(Date.now() / 1000)
  while (Math.floor(Date.now() / 1000) < now + 2) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** The same through the identity provider behind Keycloak. */
export async function signInThroughAcme(browser: Browser, app: App, person = ana): Promise<Page> {
  const first = await browser.visit(app.origin)
  const to = first.html.querySelector('#social-acme')?.getAttribute('href')
  const page = await browser.visit(new URL(to ?? '', first.url))
  return asksToSignIn(page) ? browser.submit(page, loginForm, person) : page
}

/** The app's own page, for whoever is signed in. */
export function greets({ status, text }: Page): boolean {
  return status === 200 && text.startsWith('Hello ')
}

export function asksToSignIn({ html }: Page): boolean {
  return html.querySelector(loginForm) !== null
}

/** Does the app let this browser, or whoever has its cookies, in? */
export async function isIn({ cookies }: Browser, app: App): Promise<boolean> {
  return greets(await openBrowser(cookies).visit(app.origin, 'http'))
}

/** The button. `stopAt`: where the browser is held up on its way. */
export function logOut(
  browser: Browser,
  { origin }: App,
  fields: Record<string, string> = {},
  stopAt?: string,
): Promise<Page> {
  return browser.post(`${origin}/auth/logout`, fields, stopAt)
}

/** Whether a realm knows the browser, in Keycloak's own words: a code, or the error. */
export async function askSilently(
  { cookies }: Browser,
  { url }: KeycloakServer,
  realm: 'example' | 'acme' = 'example',
): Promise<string> {
  const account = `${url}/realms/${realm}/account/`
  const asked = new URLSearchParams({
    client_id: 'account',
    redirect_uri: account,
    response_type: 'code',
    scope: 'openid',
    prompt: 'none',
  })
  const { headers } = await openBrowser(cookies).visit(
    `${url}/realms/${realm}/protocol/openid-connect/auth?${asked}`,
    account,
  )
  const { searchParams } = new URL(headers.location ?? url)
  return searchParams.get('error') ?? (searchParams.has('code') ? 'code' : 'nothing')
}

/** `outcome reason` of each row of the last report. */
export function rowsOf({ events }: App): Partial<Record<Layer, string>> {
  const report = lastReport(events)
  return Object.fromEntries(
    Object.entries(report?.layers ?? {}).map(([name, { outcome, reason }]) => [name, `${outcome} ${reason}`]),
  )
}

function lastReport(events: App['events']): Report | undefined {
  const last = events.findLast(({ type }) => type === 'logout.landed' || type === 'logout.finished')
  return last && 'report' in last ? last.report : undefined
}

/** The claims of a JWT, unchecked. */
export function claimsOf(token: string): Record<string, any> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

/** What the app gets when it wants to call an API for this browser: the token is refreshed first if it is about to expire. */
export async function askForAccess({ cookies }: Browser, { origin, endsession }: App): Promise<string> {
  const { hostname } = new URL(origin)
  const own = cookies.filter(({ host }) => host === hostname).map(({ name, value }) => `${name}=${value}`)
  const session = await endsession.session(new Request(origin, { headers: { cookie: own.join('; ') } }))
  if (!session) return 'no session'
  const access = await endsession.accessToken(session)
  return access.ok ? 'ok' : access.why
}

/** Keycloak's answer to a refresh token: `ok`, or its error. */
export async function refresh({ ask }: App, { refresh_token }: Granted): Promise<string> {
  const answer = await ask('token', { grant_type: 'refresh_token', refresh_token })
  return answer.ok ? 'ok' : ((await answer.json()) as { error: string }).error
}

export async function revoke({ ask }: App, { refresh_token: token }: Granted): Promise<number> {
  return (await ask('revoke', { token, token_type_hint: 'refresh_token' })).status
}

/** Does Keycloak itself take the access token? */
export async function isTaken({ issuer }: KeycloakServer, { access_token: token }: Granted): Promise<boolean> {
  const answer = await fetch(`${issuer}/protocol/openid-connect/userinfo`, {
    headers: { authorization: `Bearer ${token}` },
  })
  await answer.body?.cancel()
  return answer.ok
}

/** The last tokens that the app got. */
export function lastOf({ granted }: App): Granted {
  return granted.at(-1) as Granted
}

/** Changes what the admin API has at `path` while `run` runs. `back`: what it was, where that is not enough to undo it. */
export async function changed(
  { admin }: KeycloakServer,
  path: string,
  change: (was: any) => object,
  run: () => Promise<void>,
  back: (was: any) => object = (was) => was,
): Promise<void> {
  const was = await (await admin('GET', path)).json()
  const put = async (value: unknown) => {
    const { ok, status } = await admin('PUT', path, value)
    if (!ok) throw new Error(`Keycloak answered ${status} to PUT ${path}`)
  }
  await put(change(was))
  try {
    await run()
  } finally {
    await put(back(was))
  }
}

/** Where the admin API has a client. */
export async function clientPath({ admin }: KeycloakServer, realm: string, clientId: string): Promise<string> {
  const [client] = (await (await admin('GET', `/${realm}/clients?clientId=${clientId}`)).json()) as { id: string }[]
  return `/${realm}/clients/${client?.id}`
}

/** The client at `path` with another attribute while `run` runs. */
export async function withAttribute(
  keycloak: KeycloakServer,
  path: string,
  name: string,
  value: string,
  run: () => Promise<void>,
): Promise<void> {
  const set = (text: string) => (client: { attributes: object }) => ({
    ...client,
    attributes: { ...client.attributes, [name]: text },
  })
  // An attribute that is not named stays as it is; an empty one goes.
  await changed(keycloak, path, set(value), run, set(''))
}

/** While `run` runs, access and ID tokens of the client live for so many seconds. */
export async function withShortTokens(
  keycloak: KeycloakServer,
  clientId: string,
  seconds: number,
  run: () => Promise<void>,
): Promise<void> {
  const path = await clientPath(keycloak, 'example', clientId)
  await withAttribute(keycloak, path, 'access.token.lifespan', String(seconds), run)
}

/** Claims of the logout tokens that an app was sent. */
export function toldTo({ told }: App): readonly Record<string, any>[] {
  return told.map((body) => claimsOf(new URLSearchParams(body).get('logout_token') ?? ''))
}
