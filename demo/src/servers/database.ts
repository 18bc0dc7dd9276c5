import type { SqliteDatabase } from 'endsession/sqlite'

/** `node:sqlite` where this Node has it, else `libsql`: the same calls, and both write to disk. */
export async function openDatabase(path: string): Promise<SqliteDatabase> {
  const builtIn = process.getBuiltinModule?.('node:sqlite')
  if (builtIn) return new builtIn.DatabaseSync(path)
  const { default: Database } = await import('libsql')
  return new Database(path)
}
