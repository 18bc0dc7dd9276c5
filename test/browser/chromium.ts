import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type LaunchOptions,
  type Page,
  chromium as playwright,
} from 'playwright-core'
import { afterAll, afterEach, beforeEach, describe } from 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    /** Why a test is left out, and the one command that changes it; `npm test` ends with these sentences. */
    leftOut?: string
  }
}

/** What this machine has. Nothing is fetched: a test run that downloads a browser would be a surprise. */
const chromiumPath: string | undefined = findChromium()

const howToGetChromium =
  'no Chromium was found here; `npx playwright-core install chromium` gets one, or name yours in CHROMIUM_PATH'

/** One browser of one person: cookies, cache and storage of its own. */
export interface Profile {
  readonly context: BrowserContext
  /** Its first tab. */
  readonly page: Page
  /** Errors on the consoles of its tabs, uncaught exceptions, and violations of a Content-Security-Policy. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

export interface ProfileOptions extends BrowserContextOptions {
  /** Chromium keeps cookies from third-party frames unless its owner has allowed them. @default 'blocked' */
  readonly thirdPartyCookies?: 'blocked' | 'allowed'
}

export interface Chromium {
  /** A fresh profile. One that a test opens is closed after it, one that a hook opens after its suite. */
  open(options?: ProfileOptions): Promise<Profile>
}

/**
 * A suite that needs a browser; where there is none, all of it is left out, its hooks as well, and the run's end says so.
 * `pin` is asked when the first profile is opened: the browser trusts a certificate with this key, whoever has made it.
 */
export function describeInBrowser(title: string, body: (chromium: Chromium) => void, pin?: () => string): void {
  const left = chromiumPath === undefined ? { skip: true, meta: { leftOut: howToGetChromium } } : {}
  describe(title, left, () => body(useChromium(pin)))
}

/** One browser process for the suite, begun when the first profile is opened. */
function useChromium(pin?: () => string): Chromium {
  const ofSuite: Profile[] = []
  const ofTest: Profile[] = []
  let opened = ofSuite
  let launched: Promise<Browser> | undefined
  beforeEach(() => {
    opened = ofTest
  })
  afterEach(async () => {
    opened = ofSuite
    await closeAll(ofTest)
  })
  afterAll(async () => {
    await closeAll(ofSuite)
    await (await launched)?.close()
  })
  return {
    async open({ thirdPartyCookies = 'blocked', ...options } = {}) {
      const profiles = opened
      let profile: Profile
      if (thirdPartyCookies === 'allowed') profile = await openAllowing(options)
      else {
        launched ??= playwright.launch(launchOptions(pin?.()))
        profile = await makeProfile(await (await launched).newContext(options))
      }
      profiles.push(profile)
      return profile
    },
  }
}

/** A page out of the back-forward cache does not load again, so nobody must wait for its `load`. */
export async function goBack(page: Page): Promise<void> {
  await page.goBack({ waitUntil: 'commit' })
}

async function closeAll(profiles: Profile[]): Promise<void> {
  for (const profile of profiles.splice(0)) await profile.close()
}

/** Third-party cookies are a setting of the browser's owner, read when it starts: no flag and no protocol call changes it. */
async function openAllowing(options: BrowserContextOptions): Promise<Profile> {
  const folder = mkdtempSync(join(tmpdir(), 'endsession-chromium-'))
  mkdirSync(join(folder, 'Default'))
  writeFileSync(join(folder, 'Default', 'Preferences'), JSON.stringify({ profile: { cookie_controls_mode: 0 } }))
  const context = await playwright.launchPersistentContext(folder, { ...launchOptions(), ...options })
  return makeProfile(context, () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
}

async function makeProfile(context: BrowserContext, closed: () => void = () => {}): Promise<Profile> {
  const complaints: string[] = []
  context.on('console', (message) => {
    const { url } = message.location()
    // The browser asks for that one by itself: no page of the app's has done anything wrong.
    if (message.type() === 'error' && !url.endsWith('/favicon.ico')) complaints.push(`${url}: ${message.text()}`)
  })
  context.on('weberror', (error) => complaints.push(`${error.page()?.url()}: ${error.error().message}`))
  // The browser tells most violations on the console by itself; an event comes for each one.
  await context.addInitScript(`addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
    console.error('securitypolicyviolation: ' + effectiveDirective + ' stopped ' + blockedURI))`)
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    complaints,
    async close() {
      await context.close()
      closed()
    },
  }
}

function launchOptions(pin?: string): LaunchOptions {
  return {
    executablePath: chromiumPath as string,
    headless: true,
    // Root has no sandbox to give; everybody else keeps theirs.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
      '--no-first-run',
      ...(pin === undefined ? [] : [`--ignore-certificate-errors-spki-list=${pin}`]),
    ],
    // People's browsers have a back-forward cache; playwright takes it away.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  }
}

function findChromium(): string | undefined {
  const { env } = process
  const named = env['CHROMIUM_PATH'] ?? env['CHROME_PATH']
  if (named) {
    if (canRun(named)) return named
    throw new Error(`CHROMIUM_PATH or CHROME_PATH names ${named}, which is no program that can be run`)
  }
  const commands = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const folders = ['/usr/bin', '/usr/local/bin', '/snap/bin', ...(env['PATH'] ?? '').split(delimiter).filter(Boolean)]
  const apps = ['Google Chrome.app/Contents/MacOS/Google Chrome', 'Chromium.app/Contents/MacOS/Chromium']
  const windows = [env['PROGRAMFILES'], env['PROGRAMFILES(X86)'], env['LOCALAPPDATA']].filter((folder) => folder)
  const places = [
    ...(process.platform === 'win32' ? [] : folders.flatMap((folder) => commands.map((name) => join(folder, name)))),
    ...apps.flatMap((app) => ['/Applications', join(env['HOME'] ?? '/', 'Applications')].map((at) => join(at, app))),
    ...windows.map((folder) => join(String(folder), 'Google/Chrome/Application/chrome.exe')),
    // Where the one command puts it.
    playwright.executablePath(),
  ]
  return places.find(canRun)
}

function canRun(path: string): boolean {
  if (!existsSync(path)) return false
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
