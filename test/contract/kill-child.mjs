// Opens sessions and ends them, saying each that the store has acknowledged, until it is killed.
// Arguments: the compiled store, the driver's module, the database file, the name of this round.
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'

const [storeModule, driver, path, round] = process.argv.slice(2)
const { sqliteStore } = await import(storeModule)
const Database =
  driver === 'node:sqlite' ? process.getBuiltinModule(driver).DatabaseSync : createRequire(import.meta.url)(driver)
const store = sqliteStore(new Database(path))
const say = (...words) => writeSync(1, `${words.join(' ')}\n`)

await store.open({
  absoluteSeconds: 4000,
  idleSeconds: 2000,
  endedSeconds: 600,
  reauthSeconds: 9000,
  accessTokenSeconds: 300,
})

const names = Array.from({ length: 4000 }, (_, index) => `${round}-${index}`)
const session = (id) => ({
  id,
  iss: 'https://op.example',
  client: 'app',
  sub: `sub of ${id}`,
  sid: `sid of ${id}`,
  signedInAt: 1_000_000_000,
  sealed: new TextEncoder().encode(`sealed ${id}`.repeat(50)),
  tokens: [],
  liveSeconds: 1000,
  endsBy: 'absolute',
})

/** A few workers, each one call after another: commits of one and of many. */
async function work() {
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    await store.create(session(name))
    say('created', name)
    if (name.endsWith('7')) continue
    await store.end({ by: 'id', id: name, sid: true }, 'user')
    say('ended', name)
  }
}
await Promise.all(Array.from({ length: 8 }, work))
say('done', round)
await store.close()
