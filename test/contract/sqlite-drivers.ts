import { createRequire } from 'node:module'
import type { SqliteDatabase } from 'endsession/sqlite'

export type Connection = SqliteDatabase & { close(): unknown }

export interface Driver {
  readonly name: string
  /** Why it is left out; nothing when it is there. */
  readonly missing: string | undefined
  open(path: string): Connection
}

const require = createRequire(import.meta.url)

function found(name: string, why: string, load: () => (new (path: string) => Connection) | undefined): Driver {
  try {
    const Database = load()
    if (Database) return { name, missing: undefined, open: (path) => new Database(path) }
  } catch {
    // Not installed, or not for this Node.
  }
  const missing = `${name} is left out: ${why}`
  return {
    name,
    missing,
    open() {
      throw new Error(missing)
    },
  }
}

export const drivers: readonly Driver[] = [
  found('libsql', 'not installed', () => require('libsql')),
  found('better-sqlite3', 'not installed (optional)', () => require('better-sqlite3')),
  found('node:sqlite', `Node ${process.versions.node} has none`, () => {
    const sqlite: unknown = process.getBuiltinModule?.('node:sqlite')
    return (sqlite as { DatabaseSync: new (path: string) => Connection } | undefined)?.DatabaseSync
  }),
]

export const present: readonly Driver[] = drivers.filter(({ missing }) => missing === undefined)
