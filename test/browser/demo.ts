import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Report } from 'endsession'
import type { Page } from 'playwright-core'
import { expect, vi } from 'vitest'
import type { RecordedTokens } from '../../demo/dist/messages.js'
import { makePlan, type Plan } from '../../demo/dist/plan.js'
import { type Running, startServers } from '../../demo/dist/start.js'
import { findFreePorts } from '../e2e/ports.ts'

/** The demo's own servers, each a process of its own, as `npm start` starts them. */
export interface Demo {
  readonly plan: Plan
  readonly running: Running
  /** Of the last login at this app. */
  tokens(app: 'mail' | 'calendar'): RecordedTokens
  /** The last report of Mail's that this event carried. */
  report(at: 'logout.finished' | 'logout.landed'): Report | undefined
  /** From an app's own "Log in", through Example ID and Acme where they ask. */
  logIn(page: Page, app?: 'mail' | 'calendar', name?: string): Promise<void>
  stop(): Promise<void>
}

export async function startDemo(): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), 'endsession-browser-'))
  const [room = 0, provider = 0, acme = 0, mail = 0, calendar = 0, api = 0, next = 0] = await findFreePorts(7)
  const plan = makePlan({
    ports: { room, provider, acme, mail, calendar, api, next },
    folder,
    providerAsks: false,
    upstreamStays: false,
    record: 'loot',
  })
  const running = await startServers(plan, () => {})
  const tokens = new Map<string, RecordedTokens>()
  const reports = new Map<string, Report>()
  for (const app of ['mail', 'calendar'] as const) {
    running.listen(app, (told) => {
      if (told.type === 'tokens') tokens.set(app, told.tokens)
      if (told.type === 'report' && app === 'mail') reports.set(told.at, told.report)
    })
  }
  return {
    plan,
    running,
    tokens(app) {
      const found = tokens.get(app)
      if (!found) throw new Error(`${app} has got no tokens`)
      return found
    },
    report: (at) => reports.get(at),
    async logIn(page, app = 'mail', name = 'ana') {
      await page.goto(plan.urls[app])
      await page.getByRole('link', { name: 'Log in' }).click()
      await signInWithAcme(page, name)
      await eventually(() => signedIn(page), plan.urls[app])
    },
    async stop() {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** From Example ID's login screen to where the person wanted to be. */
export async function signInWithAcme(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: 'Sign in with Acme' }).click()
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password').fill(`${name}-demo`)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** The app whose page this tab shows somebody's mail or calendar of; nothing: it shows none. */
export async function signedIn(page: Page): Promise<string | undefined> {
  return (await page.locator('[data-signed-in]').count()) > 0 ? new URL(page.url()).origin : undefined
}

/** Waits until this is found; in hooks as well. */
export async function eventually<T>(look: () => T | Promise<T>, wanted: T): Promise<void> {
  await vi.waitFor(async () => expect(await look()).toBe(wanted), { timeout: 20_000 })
}
