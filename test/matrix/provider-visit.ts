import type { FakeEndSession } from 'endsession/testing'
import { formOf, type Leaving, lastReport } from './leaving.ts'
import type { Answer, Browser, Setting } from './setting.ts'

export interface Visit extends FakeEndSession {
  /** Where the browser came back to. */
  readonly landed?: Answer
}

/** What the browser does with a logout's page: it goes where the page says, and comes back if it is sent back. */
export async function goThere(setting: Setting, browser: Browser, { answer, there }: Leaving): Promise<Visit> {
  const { method, to, fields } = formOf(answer)
  const visit = setting.provider.endSession(method === 'post' ? to : there, {
    browser: browser.name,
    ...(method === 'post' && { form: fields }),
  })
  const { redirect } = visit
  if (!redirect) return visit
  return { ...visit, landed: await browser.get(redirect.pathname + redirect.search) }
}

/** The report that the last logout ended with: at the landing if there was one. */
export function finalReport(setting: Setting) {
  const landed = lastReport(setting, 'logout.landed')
  return 'at' in landed ? landed : lastReport(setting, 'logout.finished')
}
