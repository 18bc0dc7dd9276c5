import { EndSessionError } from '../../errors.ts'

export interface PostgresOptions {
  /** Made if it is not there. Small letters, digits, underscores. @default 'endsession' */
  readonly schema?: string
  /** How late another process's ends may reach this one's feed; `get` and `covers` see them at once. @default 0.2 */
  readonly pollSeconds?: number
  /** Epoch seconds; for tests. @default the database's clock */
  readonly now?: () => number
}

/** Names every problem. The schema comes back quoted: it stands in every statement. */
export function readOptions({ schema = 'endsession', pollSeconds = 0.2 }: PostgresOptions): {
  readonly schema: string
  readonly pollSeconds: number
} {
  const problems = [
    ...(/^(?!pg_)[a-z_][a-z0-9_]{0,62}$/.test(schema)
      ? []
      : ['schema: at most 63 small letters, digits and underscores, no digit and no pg_ in front']),
    ...(pollSeconds >= 0.01 && pollSeconds <= 60 ? [] : ['pollSeconds: from 0.01 to 60']),
  ]
  if (problems.length === 0) return { schema: `"${schema}"`, pollSeconds }
  throw new EndSessionError(
    'ERR_OPTIONS',
    `The options of postgresStore do not work yet:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
  )
}
