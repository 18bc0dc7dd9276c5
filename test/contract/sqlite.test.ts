import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteStore } from 'endsession/sqlite'
import { storeContract, testClock } from 'endsession/testing'
import { afterAll, describe, it } from 'vitest'
import type { Store } from '../../packages/endsession/src/session/store.ts'
import { type Connection, type Driver, drivers, present } from './sqlite-drivers.ts'

/** Stores in files of their own, in a folder that is removed at the end. */
function filesOf(driver: Driver, options: { now?: () => number }) {
  const folder = mkdtempSync(join(tmpdir(), 'endsession-sqlite-'))
  const connections: Connection[] = []
  const paths = new Map<Store, string>()
  let files = 0
  afterAll(() => {
    for (const connection of connections) connection.close()
    rmSync(folder, { recursive: true, force: true })
  })
  async function connect(path: string): Promise<Store> {
    const connection = driver.open(path)
    connections.push(connection)
    const store = sqliteStore(connection, options)
    paths.set(store, path)
    return store
  }
  return {
    make: () => connect(join(folder, `${++files}.db`)),
    another: (store: Store) => connect(paths.get(store) as string),
  }
}

for (const { missing } of drivers) if (missing) it('is left out', ({ skip }) => skip(missing))

for (const driver of present) {
  describe(`sqlite store on ${driver.name}, a clock that is moved`, () => {
    const clock = testClock()
    const { make, another } = filesOf(driver, clock)
    storeContract(make, { another, advance: clock.advance, describe, it })
  })
}

const [first] = present
if (first) {
  describe(`sqlite store on ${first.name}, real time`, () => {
    const { make, another } = filesOf(first, {})
    storeContract(make, { another, describe, it })
  })
}
