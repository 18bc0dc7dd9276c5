import '../../demo/dist/localhost-lookup.js'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import { openBrowser, type Page } from '../../demo/dist/once/browser.js'
import { send } from '../../demo/dist/once/send.js'
import { findFreePorts } from './ports.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const preload = new URL('./secrets-preload.mjs', import.meta.url).href
export const places = ['room', 'provider', 'acme', 'mail', 'calendar', 'api', 'next'] as const

export interface Row {
  readonly window: string
  readonly says: string
  readonly is: string
  readonly lie: string | undefined
}

/** What a person sees. */
export interface Shown {
  readonly headline: string
  readonly story: string
  readonly problem: string
  readonly screen: string
  readonly rows: Readonly<Record<string, Row>>
  readonly film: string
}

export interface ControlRoom {
  readonly origin: string
  readonly urls: Readonly<Record<(typeof places)[number], string>>
  look(): Promise<Shown>
  /** Presses, and waits until it has been done. */
  press(fields: string): Promise<Shown>
  /** Presses only; answers the status. */
  send(fields: string, headers?: Record<string, string>): Promise<number>
  /** Everything that any page and any event has said so far. */
  said(): string
  /** The secrets that have passed through any of its processes. */
  secrets(): readonly string[]
  /** Those of them that were said. */
  leaks(): readonly string[]
  /** What its terminal shows. */
  output(): string
  stop(): Promise<void>
}

const form = 'application/x-www-form-urlencoded'

/** The real demo, in processes of its own; somebody looks at its room all the time. */
export async function openControlRoom(words: readonly string[] = [], env = {}): Promise<ControlRoom> {
  const folder = mkdtempSync(join(tmpdir(), 'endsession-room-'))
  const ports = await findFreePorts(places.length)
  const urls = Object.fromEntries(
    places.map((name, at) => [name, `http://${name === 'room' ? '' : `${name}.`}localhost:${ports[at]}`]),
  ) as ControlRoom['urls']
  const { AUTH_ENABLED: _apps, API_AUTH_ENABLED: _api, ...inherited } = process.env
  const options = places.flatMap((name, at) => [`--${name}-port`, String(ports[at])])
  const secretsFile = join(folder, 'secrets')
  const child = spawn(process.execPath, ['--import', preload, 'demo/dist/main.js', ...options, ...words], {
    cwd: root,
    env: { ...inherited, SECRETS_FILE: secretsFile, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const heard = listenTo(child)
  await vi.waitFor(() => expect(heard(), heard()).toContain('Ctrl-C ends everything.'), 120_000)

  const origin = urls.room
  let said = ''
  const stream = get(`${origin}/events`, (events) => {
    events.setEncoding('utf8').on('data', (chunk) => {
      said += chunk
    })
  }).on('error', () => {})

  const browser = openBrowser({
    watch({ responseBody }) {
      said += responseBody
    },
  })
  const page = async () => (await browser.open(origin)).html
  const press = async (fields: string, headers: Readonly<Record<string, string>> = { origin }) => {
    const sent = { accept: 'application/json', 'content-type': form, ...headers }
    return (await send(new URL('/press', origin), { method: 'POST', headers: sent, body: fields })).status
  }
  const secrets = () => [...new Set(readFileSync(secretsFile, 'utf8').trim().split('\n'))]
  return {
    origin,
    urls,
    send: press,
    look: async () => describe(await page()),
    async press(fields) {
      expect(await press(fields)).toBe(204)
      let last = await page()
      await vi.waitFor(
        async () => {
          last = await page()
          expect(textOf(last, '#busy')).toBe('')
        },
        { timeout: 120_000, interval: 50 },
      )
      return describe(last)
    },
    said: () => said,
    secrets,
    leaks() {
      // A secret has none but these characters, and at least sixteen of them: it is inside such a word, or nowhere.
      const words = [...new Set(said.match(/[\w.~+/=%-]{16,}/g))].join('\n')
      return secrets().filter((secret) => words.includes(secret))
    },
    output: heard,
    async stop() {
      stream.destroy()
      child.kill('SIGKILL')
      await vi.waitFor(() => expect(child.exitCode ?? child.signalCode).not.toBeNull(), 10_000)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function listenTo(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text += chunk
    })
  }
  return () => text
}

function textOf(page: Page['html'], selector: string): string {
  return (page.querySelector(selector)?.text ?? '').replace(/\s+/g, ' ').trim()
}

function describe(page: Page['html']): Shown {
  const rows = page.querySelectorAll('[id^="storey-"]').map((row) => {
    const [, window = ''] = row.classNames.split(' ')
    const lie = row.querySelector('.lie')
    return [
      row.id.slice('storey-'.length),
      { window, says: textOf(row, '.says'), is: textOf(row, '.is'), lie: lie ? textOf(row, '.lie') : undefined },
    ]
  })
  return {
    headline: textOf(page, '#headline'),
    story: textOf(page, '#story'),
    problem: textOf(page, '#problem'),
    screen: textOf(page, '#screen'),
    rows: Object.fromEntries(rows),
    film: page
      .querySelectorAll('.exchange')
      .map((row) => row.text)
      .join('\n'),
  }
}

export function windowsOf({ rows }: Shown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(rows).map(([layer, { window }]) => [layer, window]))
}

export function liesOf({ rows }: Shown): readonly string[] {
  return Object.keys(rows).filter((layer) => rows[layer]?.lie !== undefined)
}
