import { decodeJwt } from 'jose'
import type { RecordedTokens } from '../messages.ts'
import type { Browser } from '../once/browser.ts'
import type { Plan } from '../plan.ts'

/** What a thief has copied out of a browser and an app right after a login. It never leaves this process. */
export interface Copy {
  /** `Cookie` headers. */
  readonly mail: string
  readonly calendar: string
  /** Of the Next.js app; empty where there is none. */
  readonly next: string
  /** Ids of the sessions at the providers. */
  readonly provider: string | undefined
  readonly acme: string | undefined
  readonly tokens: RecordedTokens | undefined
}

/** Of several logins all copies count; of more than that the first ones do not. */
export const copiesAtMost = 4

export async function copyAll({ urls }: Plan, browser: Browser, tokens: RecordedTokens | undefined): Promise<Copy> {
  return {
    mail: await browser.cookies(urls.mail),
    calendar: await browser.cookies(urls.calendar),
    next: await browser.cookies(urls.next),
    provider: await sessionAt(browser, urls.provider),
    acme: await sessionAt(browser, urls.acme),
    tokens,
  }
}

/** `oidc-provider` keeps its session under the value of a cookie; in Keycloak's the session's id is written. */
export async function sessionAt(browser: Browser, url: string): Promise<string | undefined> {
  const pairs = (await browser.cookies(`${url}/`)).split('; ')
  const find = (name: string) => pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
  const identity = find('KEYCLOAK_IDENTITY')
  if (identity === undefined) return find('_session')
  const { sid } = decodeJwt(identity)
  return typeof sid === 'string' ? sid : undefined
}
