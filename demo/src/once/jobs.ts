import type { Plan } from '../plan.ts'
import type { Browser, Page } from './browser.ts'

/** Jobs, the Next.js app: its button, and whatever the provider makes of it. */
export async function openJobs(plan: Pick<Plan, 'urls'>, browser: Browser): Promise<Page> {
  const home = await browser.open(plan.urls.next)
  return isAtJobs(home) ? home : browser.press(home, 'Sign in')
}

/** It is an example, and has no mark for us: only whoever is in sees jobs of somebody. */
export function isAtJobs({ html }: Pick<Page, 'html'>): boolean {
  return html.querySelector('h1')?.text.startsWith('Jobs of ') ?? false
}

/** Out of this app alone. */
export async function leaveJobs(plan: Pick<Plan, 'urls'>, browser: Browser): Promise<void> {
  const home = await browser.open(plan.urls.next)
  if (isAtJobs(home)) await browser.press(home, 'Log out', { scope: 'app' })
}
