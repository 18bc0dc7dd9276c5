import type { Layer, Report } from 'endsession'
import type { FakeProvider } from 'endsession/testing'
import { type Answer, type Browser, leavingTo, type Setting } from './setting.ts'

/** A logout's answer, and what it claims. */
export interface Leaving {
  readonly answer: Answer
  readonly report: Report
  /** The provider's logout. */
  readonly there: string
}

/** The button. */
export async function leave(
  setting: Setting,
  browser: Browser,
  form: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Leaving> {
  const answer = await browser.post('/auth/logout', form, headers)
  return { answer, report: lastReport(setting, 'logout.finished'), there: leavingTo(answer) ?? '' }
}

/** At the provider, and back. */
export async function comeBack(setting: Setting, browser: Browser, there: string, decline = false): Promise<Leaving> {
  const { redirect } = setting.provider.endSession(there, { browser: browser.name, decline })
  const answer = await browser.get(`${redirect?.pathname}${redirect?.search}`)
  return { answer, report: lastReport(setting, 'logout.landed'), there: '' }
}

export function lastReport(setting: Setting, type: 'logout.finished' | 'logout.landed'): Report {
  const found = setting.events.findLast((event) => event.type === type)
  return found && 'report' in found ? found.report : ({ layers: {} } as Report)
}

/** `outcome reason` of each row. */
export function rows(report: Report): Partial<Record<Layer, string>> {
  return Object.fromEntries(
    Object.entries(report.layers).map(([name, { outcome, reason }]) => [name, `${outcome} ${reason}`]),
  )
}

/** Whoever holds these cookies now: is anybody signed in? */
export async function isAlive(setting: Setting, cookies: ReadonlyMap<string, string>): Promise<boolean> {
  const thief = setting.browser('thief')
  for (const [name, value] of cookies) thief.cookies.set(name, value)
  return (await thief.get('/')).status === 200
}

/** The form that an own page holds, as a browser would send it. */
export function formOf(answer: Answer): {
  readonly to: string
  readonly method: string
  readonly fields: Record<string, string>
} {
  const [, method = '', to = ''] = /<form method="(\w+)" action="([^"]*)"/.exec(answer.text) ?? []
  const fields = [...answer.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)]
  return {
    method,
    to,
    fields: Object.fromEntries(fields.map(([, name, value]) => [name, value?.replaceAll('&amp;', '&')])),
  }
}

/** Login at one of several providers. */
export async function loginAt(
  browser: Browser,
  provider: FakeProvider,
  name: string,
  how: Record<string, unknown> = {},
): Promise<Answer> {
  const start = await browser.get(`/auth/login?returnTo=/&provider=${name}`)
  const back = provider.authorize(start.headers.get('location') ?? '', { sub: 'alice', browser: browser.name, ...how })
  return browser.get(back.pathname + back.search)
}

/** Name and value of all headers, as a proxy counts them. */
export function headerBytes(answer: Answer): number {
  const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.byteLength(lines.join(''))
}
