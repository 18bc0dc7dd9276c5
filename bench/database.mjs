import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** An SQLite file in a folder of its own: `node:sqlite` where this Node has it, else libsql. */
export async function openDatabase() {
  const folder = mkdtempSync(join(tmpdir(), 'endsession-bench-'))
  const builtIn = process.getBuiltinModule?.('node:sqlite')
  const Database = builtIn?.DatabaseSync ?? (await import('libsql')).default
  const database = new Database(join(folder, 'bench.db'))
  const close = () => {
    database.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { database, driver: builtIn ? 'node:sqlite' : 'libsql', close }
}
