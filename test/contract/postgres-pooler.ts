/** A pooler in transaction mode: each transaction gets another connection, which has forgotten everything in between. */
import type { PostgresPool } from 'endsession/postgres'
import pg from 'pg'

export interface Pooler extends PostgresPool {
  close(): Promise<void>
}

export async function transactionPooler(port: number, size = 3): Promise<Pooler> {
  const config = { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' }
  const all = Array.from({ length: size }, () => new pg.Client(config))
  for (const client of all) client.on('error', () => {})
  await Promise.all(all.map((client) => client.connect()))
  const free = [...all]
  const waiting: ((client: pg.Client) => void)[] = []

  /** The one that has been free for longest: never the one of the transaction before. */
  function take(): Promise<pg.Client> {
    const client = free.shift()
    return client ? Promise.resolve(client) : new Promise((resolve) => waiting.push(resolve))
  }

  async function give(client: pg.Client): Promise<void> {
    await client.query('DISCARD ALL')
    const go = waiting.shift()
    if (go) go(client)
    else free.push(client)
  }

  return {
    async connect() {
      let held: pg.Client | undefined
      return {
        async query(text, values) {
          held ??= await take()
          const client = held
          try {
            return await client.query(text, values)
          } finally {
            if (client.getTransactionStatus() === 'I') {
              held = undefined
              await give(client)
            }
          }
        },
        on: () => {},
        removeListener: () => {},
        release() {
          const left = held
          held = undefined
          // As a pooler does with a client that leaves in the middle.
          if (left) void left.query('ROLLBACK').then(() => give(left))
        },
      }
    },
    async close() {
      await Promise.all(all.map((client) => client.end()))
    },
  }
}
