import { PGlite } from '@electric-sql/pglite'
import { type PostgresInProcess, type PostgresPool, postgresStore } from 'endsession/postgres'
import { storeContract, testClock } from 'endsession/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Store } from '../../packages/endsession/src/session/store.ts'
import { neededPostgres, type PostgresServer, startPostgres } from '../../servers/src/postgres.ts'
import { type Pooler, transactionPooler } from './postgres-pooler.ts'

/** Stores in schemas of their own; `another` goes to the same one by a connection of its own. */
function schemasOf(name: string, connect: () => PostgresPool | PostgresInProcess, options: { now?: () => number }) {
  const schemas = new Map<Store, string>()
  let count = 0
  async function open(schema: string): Promise<Store> {
    const store = postgresStore(connect(), { ...options, schema })
    schemas.set(store, schema)
    return store
  }
  return {
    make: () => open(`${name}_${++count}`),
    another: (store: Store) => open(schemas.get(store) as string),
  }
}

let server: PostgresServer | undefined
let pooler: Pooler | undefined
let database: PGlite
const pools: PostgresPool[] = []
let turn = 0
const either = () => pools[turn++ % pools.length] as PostgresPool

beforeAll(async () => {
  database = await PGlite.create()
  if (neededPostgres.skip) return
  server = await startPostgres({ fsync: 'off' })
  pools.push(server.connect({ max: 4 }), server.connect({ max: 4 }))
  pooler = await transactionPooler(server.port)
})
afterAll(async () => {
  await pooler?.close()
  await server?.close()
  await database?.close()
})

describe('postgres store, a clock that is moved', neededPostgres, () => {
  const clock = testClock()
  const { make, another } = schemasOf('moved', either, clock)
  storeContract(make, { another, advance: clock.advance, describe, it })
})
describe('postgres store, real time', neededPostgres, () => {
  const { make, another } = schemasOf('real', either, {})
  storeContract(make, { another, describe, it })
})
describe('postgres store behind a pooler in transaction mode, a clock that is moved', neededPostgres, () => {
  const clock = testClock()
  const { make, another } = schemasOf('pooled', () => pooler as Pooler, clock)
  storeContract(make, { another, advance: clock.advance, describe, it })
})

describe('postgres store on PGlite, a clock that is moved', () => {
  const clock = testClock()
  const { make, another } = schemasOf('moved', () => database, clock)
  storeContract(make, { another, advance: clock.advance, describe, it })
})
describe('postgres store on PGlite, real time', () => {
  const { make, another } = schemasOf('real', () => database, {})
  storeContract(make, { another, describe, it })
})
