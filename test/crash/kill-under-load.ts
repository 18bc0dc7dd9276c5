/**
 * A store's server is killed again and again while people log in and out. What was acknowledged must hold afterwards, and
 * whoever follows the feed must know of every end: without a gap, or because it was told of the loss and asked for all.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { collectFeed } from '../../packages/endsession/src/session/collect-feed.ts'
import type { Limits, Position, Selector, Store } from '../../packages/endsession/src/session/store.ts'

export interface Victim {
  /** A store on a connection of its own, not open. It has to find its way back to the server by itself. */
  connect(): Promise<{ readonly store: Store; close(): unknown }>
  /** SIGKILL, and gone. */
  kill(): Promise<void>
  /** Again, with what is left. */
  start(): Promise<void>
}

export interface Aftermath {
  /** How much was acknowledged. */
  readonly created: number
  readonly ended: number
  /** Acknowledged as ended, and alive. */
  readonly lives: readonly string[]
  /** Acknowledged as ended, and a mark of its `sid`, its token or its id is missing. */
  readonly unmarked: readonly string[]
  /** Acknowledged as opened, not ended by anybody, and gone. */
  readonly forgotten: readonly string[]
  /** An end that was not acknowledged, and was done in part. */
  readonly half: readonly string[]
  /** Acknowledged as ended, and a follower of the feed does not know. */
  readonly untold: readonly string[]
  /** How often that follower was told of a loss, or began anew. */
  readonly restarts: number
}

const limits: Limits = {
  absoluteSeconds: 4000,
  idleSeconds: 2000,
  endedSeconds: 600,
  reauthSeconds: 9000,
  accessTokenSeconds: 300,
}
const who = { iss: 'https://op.example', client: 'app' }
const signIn = 1_000_000_000
const workers = 8
/** Acknowledged ends between two kills. */
const endsPerRound = 150

export async function killUnderLoad(victim: Victim, rounds: number): Promise<Aftermath> {
  const load = await startLoad(victim)
  const follower = await startFollower(victim)
  const { store, close } = await reconnect(victim)
  const head = async () => {
    let found: Position | undefined
    await until(async () => {
      found = await store.head().catch(() => undefined)
      return found !== undefined
    }, 'the store answers')
    return found as Position
  }
  for (let round = 0; round < rounds; round++) {
    await load.more(endsPerRound)
    await victim.kill()
    await victim.start()
    await load.more(1)
    await follower.reach(await head())
  }
  const facts = await load.stop()
  try {
    await follower.reach(await head())
    const known = await follower.stop()
    return { ...(await judge(store, facts, known.ids)), restarts: known.restarts }
  } finally {
    await store.close()
    await close()
  }
}

interface Facts {
  /** By the session's id. */
  readonly created: ReadonlySet<string>
  readonly asked: ReadonlySet<string>
  readonly ended: ReadonlySet<string>
}

const subOf = (id: string) => `sub of ${id}`
const sidOf = (id: string) => `sid of ${id}`
const tokenOf = (id: string) => `token of ${id}`

/** One of the ways to end a session: each marks its id and its token. */
function selectorOf(id: string, kind: number): Selector {
  if (kind === 0) return { by: 'sub', ...who, sub: subOf(id) }
  if (kind === 1) return { by: 'sid', ...who, sid: sidOf(id), before: signIn, slackSeconds: 60 }
  return { by: 'id', id, sid: true }
}

/** People who log in and out. Some stay; what fails is not tried again. */
async function startLoad(victim: Victim) {
  const { store, close } = await reconnect(victim)
  const facts = { created: new Set<string>(), asked: new Set<string>(), ended: new Set<string>() }
  const expiresAt = (await store.now()) + 3000
  let people = 0
  let going = true

  async function work(): Promise<void> {
    while (going) {
      const number = people++
      const id = `0.${number}`
      try {
        const session = { id, ...who, sub: subOf(id), sid: sidOf(id), signedInAt: signIn, liveSeconds: 2000 }
        const sealed = new TextEncoder().encode(`sealed ${id}`.repeat(50))
        await store.create({ ...session, sealed, tokens: [{ hash: tokenOf(id), expiresAt }], endsBy: 'absolute' })
        facts.created.add(id)
        if (number % 7 === 0) continue
        facts.asked.add(id)
        const { records } = await store.end(selectorOf(id, number % 3), 'user')
        // Sent again after a reconnect it may find that it has ended already.
        if (records.length === 1) facts.ended.add(id)
      } catch {
        await pause(5)
      }
    }
  }

  const working = Array.from({ length: workers }, work)
  return {
    /** Waits for so many more acknowledged ends. */
    async more(count: number): Promise<void> {
      const wanted = facts.ended.size + count
      await until(async () => facts.ended.size >= wanted, 'people log out again')
    },
    async stop(): Promise<Facts> {
      going = false
      await Promise.all(working)
      await store.close()
      await close()
      return facts
    },
  }
}

/** Asks as a guard does, and forgets nothing that it has been told. */
async function startFollower(victim: Victim) {
  const { store, close } = await reconnect(victim)
  const ids = new Set<string>()
  let position: Position | undefined
  let restarts = 0
  let going = true

  async function follow(): Promise<void> {
    while (going) {
      try {
        const answer = await collectFeed(store, position, 0.2)
        if (answer.snapshot) restarts++
        for (const { id } of answer.entries) if (id !== undefined) ids.add(id)
        position = answer.position
      } catch {
        await pause(5)
      }
    }
  }

  const following = follow()
  return {
    async reach(head: Position): Promise<void> {
      await until(async () => position !== undefined && store.reached(position, head), 'the follower is at the head')
    },
    async stop() {
      going = false
      await following
      await store.close()
      await close()
      return { ids, restarts }
    },
  }
}

async function judge(store: Store, { created, asked, ended }: Facts, known: ReadonlySet<string>) {
  const found = { lives: [] as string[], unmarked: [] as string[], forgotten: [] as string[], half: [] as string[] }
  const isMarked = async (id: string) => (await store.covers({ ...who, at: signIn, token: tokenOf(id) })) !== undefined
  for (const id of ended) {
    if (await store.get(id)) found.lives.push(id)
    if (!(await isMarked(id))) found.unmarked.push(id)
  }
  for (const id of created) {
    if (ended.has(id)) continue
    const lives = (await store.get(id)) !== undefined
    if (!lives && !asked.has(id)) found.forgotten.push(id)
    // Asked for, and not acknowledged: all of it, or nothing.
    if (asked.has(id) && lives === (await isMarked(id))) found.half.push(id)
  }
  const untold = [...ended].filter((id) => !known.has(id))
  return { created: created.size, ended: ended.size, ...found, untold }
}

async function reconnect(victim: Victim) {
  const connected = await victim.connect()
  await until(
    () =>
      connected.store.open(limits).then(
        () => true,
        () => false,
      ),
    'the store opens',
  )
  return connected
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 0; attempt < 3000; attempt++) {
    if (await condition()) return
    await pause(10)
  }
  throw new Error(`never: ${what}`)
}
