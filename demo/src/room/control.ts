import { decodeJwt } from 'jose'
import { openBrowser } from '../once/browser.ts'
import type { Plan } from '../plan.ts'
import { type Person, people } from '../servers/people.ts'
import type { Heard } from './heard.ts'
import { walkIn } from './walk-in.ts'

/** Ben, whom no logout of Ana's concerns: his token shows whether the API takes any. His browser is in no film. */
export interface Control {
  /** Sees to it that there is a good one. */
  refresh(): Promise<void>
  token(): string | undefined
}

const [, ben] = people as readonly [Person, Person]
const goodForSeconds = 300

export function makeControl(plan: Plan, heard: Heard): Control {
  const browser = openBrowser()
  const token = () => heard.latestTokens('mail', ben.id)?.accessToken
  return {
    token,
    async refresh() {
      const since = heard.mark()
      // Whoever plays Ben by hand may have logged him out.
      const { entered, page } = await walkIn(plan, browser, 'mail', ben)
      if (entered === 'was in' && !isGood(token())) await browser.click(page, 'Ask the API')
      if (entered === 'silently' || entered === 'with password') await heard.tokens('mail', ben.id, since)
    },
  }
}

function isGood(token: string | undefined): boolean {
  return token !== undefined && (decodeJwt(token).exp ?? 0) - Date.now() / 1000 > goodForSeconds
}
