import { isAt } from '../identity.ts'
import type { Plan } from '../plan.ts'
import type { Person } from '../servers/people.ts'
import type { Browser, Page } from './browser.ts'

/** What the pages of a login say, those of the demo's own provider and those of Keycloak. */
const words = {
  own: { choose: 'Sign in with Acme', send: 'Sign in', name: 'name' },
  keycloak: { choose: 'Acme', send: 'Sign In', name: 'username' },
} as const

/** Example ID's. */
export function isLoginScreen(plan: Plan, { url, html }: Page): boolean {
  const { choose } = words[plan.provider]
  return isAt(plan, 'provider', url) && html.querySelectorAll('a').some(({ text }) => text.trim() === choose)
}

export function isAtAcme(plan: Plan, { url }: Page): boolean {
  return isAt(plan, 'acme', url)
}

export function chooseAcme({ provider }: Plan, browser: Browser, screen: Page): Promise<Page> {
  return browser.click(screen, words[provider].choose)
}

export function givePassword({ provider }: Plan, browser: Browser, acme: Page, person: Person): Promise<Page> {
  const { send, name } = words[provider]
  return browser.press(acme, send, { [name]: person.id, password: person.password })
}
