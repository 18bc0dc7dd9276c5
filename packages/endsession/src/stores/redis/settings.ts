/** What the server does to keep its data, read from itself: each master is asked. */
import { EndSessionError } from '../../errors.ts'
import { within } from '../../runtime.ts'
import type { Durability } from '../../session/store.ts'
import { type Connection, readPairs } from './client.ts'

export interface SettingsOptions {
  readonly durability?: Durability
  readonly unsafeEviction?: boolean
}

const deadlineSeconds = 4
const names = ['appendonly', 'appendfsync', 'no-appendfsync-on-rewrite', 'maxmemory', 'maxmemory-policy'] as const
const weakest: readonly Durability[] = ['process', 'second', 'disk']

type Settings = Readonly<Partial<Record<(typeof names)[number], string>>>

/**
 * The durability of the weakest master. Throws ERR_OPTIONS for one that throws away keys when its memory is full: with a
 * mark a logout is forgotten.
 */
export async function readDurability(connection: Connection, options: SettingsOptions): Promise<Durability> {
  const masters = await within(connection.masters(), deadlineSeconds)
  if (masters.length === 0) throw new Error('the client knows no master')
  const found = await Promise.all(masters.map((send) => within(readSettings(send), deadlineSeconds)))
  const evicting = found.find(isEvicting)
  if (evicting && !options.unsafeEviction) {
    throw new EndSessionError(
      'ERR_OPTIONS',
      `Redis throws keys away when its memory is full (maxmemory-policy ${evicting['maxmemory-policy']}), and with them logouts: set noeviction, or redisStore(client, { unsafeEviction: true }).`,
    )
  }
  const each = found.map((settings) => (isEvicting(settings) ? 'process' : durabilityOf(settings, options.durability)))
  return weakest.find((durability) => each.includes(durability)) ?? 'process'
}

/** One by one: together they can be asked for since Redis 7 only. What we may not see is left out. */
async function readSettings(send: (...words: string[]) => Promise<unknown>): Promise<Settings> {
  const found = new Map<string, string>()
  for (const name of names) {
    try {
      for (const [key, value] of readPairs(await send('CONFIG', 'GET', name))) found.set(key, value)
    } catch (error) {
      if (!isForbidden(error)) throw error
    }
  }
  if (!found.has('maxmemory')) {
    const info = await send('INFO', 'memory').catch(() => '')
    for (const [, key, value] of String(info).matchAll(/^(maxmemory|maxmemory_policy):(\S+)/gm))
      found.set((key as string).replace('_', '-'), value as string)
  }
  return Object.fromEntries(found)
}

/** Managed services rename the command, or leave it out of what a user may do. */
function isForbidden(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(NOPERM|ERR unknown (sub)?command|ERR.*not (allowed|supported|permitted))/i.test(error.message)
  )
}

function isEvicting(settings: Settings): boolean {
  const { maxmemory, 'maxmemory-policy': policy } = settings
  if (maxmemory === undefined || policy === undefined) return false
  return maxmemory !== '0' && policy !== 'noeviction'
}

/** What is declared counts only where the server does not let us see. */
function durabilityOf(settings: Settings, declared: Durability | undefined): Durability {
  const { appendonly, appendfsync, 'no-appendfsync-on-rewrite': paused } = settings
  if (appendonly === undefined || appendfsync === undefined) return declared ?? 'process'
  if (appendonly !== 'yes' || paused === 'yes') return 'process'
  return appendfsync === 'always' ? 'disk' : appendfsync === 'everysec' ? 'second' : 'process'
}
