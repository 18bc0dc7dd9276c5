/** What the contract's cases are written with. */
import { sha256, sleep } from '../../runtime.ts'
import type { Entry, Limits, NewSession, Position, Selector, Store } from '../../session/store.ts'
import type { Cause } from '../../words.ts'

/** What a case gets. Every store that it opens is closed after it. */
export interface Kit {
  /** A fresh, empty store. */
  open(limits?: Partial<Limits>): Promise<Store>
  /** A second handle on the same data; the same one where there is no other. */
  another(store: Store): Promise<Store>
  /** Lets so many seconds of the store's clock go by. */
  pass(seconds: number): Promise<void>
}

export interface Case {
  /** With the rules of docs/rules.md that it shows. */
  readonly title: string
  run(kit: Kit): Promise<void>
}

export function check(title: string, run: Case['run']): Case {
  return { title, run }
}

/** Times of the provider: far from any store's clock, so that a store that mixes the two is found out. */
export const signIn = 1_000_000_000
export const issuer = 'https://op.example'
export const client = 'app'
export const who: { readonly iss: string; readonly client: string } = { iss: issuer, client }

export const limits: Limits = {
  absoluteSeconds: 4000,
  idleSeconds: 2000,
  endedSeconds: 600,
  reauthSeconds: 9000,
  accessTokenSeconds: 300,
}

export function idOf(name: string): string {
  return `0.${sha256(name)}`
}

type Given = { -readonly [Field in keyof NewSession]?: NewSession[Field] | undefined }

/** A login of alice with the provider session `s1`; a field given as `undefined` is left out. */
export function session(name: string, given: Given = {}): NewSession {
  const usual: NewSession = {
    ...who,
    id: idOf(name),
    sub: 'alice',
    sid: 's1',
    signedInAt: signIn,
    sealed: new TextEncoder().encode(`sealed ${name}`),
    tokens: [],
    liveSeconds: 1000,
    endsBy: 'absolute',
  }
  return Object.fromEntries(
    Object.entries({ ...usual, ...given }).filter(([, value]) => value !== undefined),
  ) as unknown as NewSession
}

export async function create(store: Store, ...sessions: readonly NewSession[]): Promise<void> {
  for (const each of sessions) equal(await store.create(each), 'created', 'create')
}

export function byId(name: string): Selector & { readonly by: 'id' } {
  return { by: 'id', id: idOf(name) }
}

export async function endById(store: Store, name: string, cause: Cause = 'user'): ReturnType<Store['end']> {
  return store.end(byId(name), cause)
}

export async function alive(store: Store, name: string): Promise<boolean> {
  return (await store.get(idOf(name))) !== undefined
}

/** Names of those that live, of those asked for. */
export async function living(store: Store, ...names: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(names.map((name) => alive(store, name)))
  return names.filter((_, index) => found[index])
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [show(actual), show(expected)]
  if (got !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`)
}

export function ok(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(what)
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(comparable(value))
}

/** The same for the same: keys in order, any kind of bytes as numbers, fields that are `undefined` left out. */
function comparable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return Array.from(value).join(' ')
  if (Array.isArray(value)) return value.map(comparable)
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(fields.map(([name, field]) => [name, comparable(field)]))
}

/** The first entries after a position; fewer if no more come, or when continuity is lost. */
export async function entriesAfter(store: Store, position: Position, count: number): Promise<readonly Entry[]> {
  const found: Entry[] = []
  await following(store, position, (entry) => {
    if ('lost' in entry) return true
    found.push(entry)
    return found.length >= count
  })
  return found
}

export async function isLost(store: Store, position: Position): Promise<boolean> {
  let lost = false
  await following(store, position, (entry) => {
    lost = 'lost' in entry
    return true
  })
  return lost
}

/** How long a follower is waited for: only a store that breaks its word is ever that late. */
export const patienceSeconds = 10

/** Reads the feed until `seen` has had enough, or nothing comes any more. */
async function following(
  store: Store,
  position: Position,
  seen: (entry: Entry | { readonly lost: true }) => boolean,
): Promise<void> {
  const stop = new AbortController()
  const work = (async () => {
    for await (const entry of store.feed(position, stop.signal)) if (seen(entry)) return
  })()
  await Promise.race([work, sleep(patienceSeconds)])
  stop.abort()
  await work
}

/** All entries from the start of an empty store to now: a last end of its own is waited for, and left out. */
export async function entriesOf(store: Store, start: Position): Promise<readonly Entry[]> {
  await create(store, session('the last', { sub: 'nobody', sid: undefined }))
  await endById(store, 'the last')
  const found: Entry[] = []
  await following(store, start, (entry) => {
    ok(!('lost' in entry), 'the feed lost continuity')
    if (entry.id === idOf('the last')) return true
    found.push(entry)
    return false
  })
  return found
}

/** Waits for a condition; its generous end is a failure, never a measure. */
export async function eventually(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 0; attempt < patienceSeconds / 0.02; attempt++) {
    if (await condition()) return
    await sleep(0.02)
  }
  throw new Error(what)
}
