import { EndSessionError } from '../errors.ts'
import { systemRuntime, toBase64url } from '../runtime.ts'
import { entryOf, isTold, type MarkKind } from '../session/effects.ts'
import { expiryOf, keptUntil } from '../session/expiry.ts'
import { hasReached } from '../session/feed.ts'
import { createFollowing, type FeedPage, type Following } from '../session/following.ts'
import { coverOf, type MarkLookup, subjectHash } from '../session/marks.ts'
import type { Claims, Durability, Entry, Limits, Selector, Store } from '../session/store.ts'
import type { Cause } from '../words.ts'
import {
  list,
  number,
  readEnded,
  readEntry,
  readHead,
  readMark,
  readMarks,
  readSession,
  text,
  writeWho,
} from './redis/answers.ts'
import { connectionOf, type RedisClient } from './redis/client.ts'
import type { ScriptName } from './redis/lua-calls.ts'
import { createRun, isAbsent, storeError } from './redis/running.ts'
import { readDurability } from './redis/settings.ts'

export type { IoredisClient, NodeRedisClient, RedisClient } from './redis/client.ts'

export interface RedisStoreOptions {
  /** In front of every key: one for each app. Letters, digits, `_`, `-`, `:`, `.`, 64 at most. @default 'endsession' */
  readonly prefix?: string
  /**
   * What the server does, where it does not let us see its settings (`CONFIG GET` is forbidden); not heeded where it
   * does. `disk` means `appendonly yes` and `appendfsync always`. @default 'process'
   */
  readonly durability?: Durability
  /** Accepts a server that throws keys away when its memory is full. Logouts are forgotten: durability is `process`. */
  readonly unsafeEviction?: boolean
  /** Epoch seconds. For tests. @default the Redis server's own clock */
  readonly now?: () => number
}

const pollSeconds = 0.1
const mostPerSnapshotRead = 500

/**
 * A key that never is. While a cluster moves the slot from one master to another, a call with a key that is missing is
 * refused on both: so are those calls that find out on the way which keys they need, and would find half of them.
 */
const nowhere = 'nothing'

/**
 * Sessions and marks in Redis (6.2 or newer), through a connected client of ioredis or node-redis: of one server, or of a
 * cluster, where all keys are in one slot. Any number of processes may use it. The client's user must be let run scripts
 * and ask for `INFO`.
 *
 * Each call is one script: one round trip, one atomic step, on the master. `open` asks every master for its settings:
 * durability is `disk` with `appendonly yes` and `appendfsync always`; an eviction policy is refused with `ERR_OPTIONS`.
 * Another process's ends reach this one's feed within 0.1 seconds; `get` and `covers` see them at once. After a failover, a
 * restart, or a loss of data the feed says that continuity is lost, and its readers start anew.
 *
 * It does NOT make a failover safe: what the replica has not got is lost, ends too. While a cluster moves the slot to
 * another master, calls fail. The work of an end grows with the sessions that it ends: some 0.2 ms each. `close` ends the
 * work and the followers; closing the client is for whoever opened it.
 *
 * Throws `ERR_STORE`, with the client's error as `cause`, what was sent left out, also where no answer comes within 4
 * seconds: then nothing is acknowledged. `ERR_OPTIONS` for a prefix that is none.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  const { prefix = 'endsession', now } = options
  if (!/^[\w:.-]{1,64}$/.test(prefix)) {
    throw new EndSessionError('ERR_OPTIONS', 'redisStore: prefix is letters, digits, _ - : . only, 64 at most.')
  }
  const connection = connectionOf(client)
  // One partition, and its number in the hash tag, as in each session id.
  const run = createRun(connection, `{${prefix}:0}:`)
  let opened: { readonly limits: Limits; readonly following: Following } | undefined

  const clock = () => (now ? String(now()) : '')
  const createPartition = () => run('open', [], clock(), toBase64url(systemRuntime().randomBytes(12)))

  function use(): { readonly limits: Limits; readonly following: Following } {
    if (!opened) throw new EndSessionError('ERR_STORE', 'The session store is not open.')
    return opened
  }

  async function call(script: ScriptName, keys: readonly string[], ...values: readonly string[]): Promise<unknown> {
    use()
    const attempt = () => run(script, keys, clock(), ...values)
    try {
      return await attempt()
    } catch (error) {
      if (!isAbsent(error)) throw error
    }
    // Somebody has emptied the server: everybody is signed out, and the feed begins anew.
    await createPartition()
    return attempt()
  }

  function limitsText(): string {
    return JSON.stringify(use().limits)
  }

  async function head(): Promise<string> {
    const [epoch, newest] = list(await call('head', []))
    return readHead(epoch, newest).position
  }

  async function entriesAfter(after: number, most: number): Promise<FeedPage> {
    const [epoch, newest, found] = list(await call('feed', ['feed'], String(after + 1), String(most)))
    const place = readHead(epoch, newest)
    return { epoch: place.epoch, head: place.number, found: list(found).map(readEntry) }
  }

  async function snapshotPage(score: string, name: string) {
    const answer = list(await call('snapshot', ['marks', 'marks-by-keeping'], String(mostPerSnapshotRead), score, name))
    return { ...readHead(answer[0], answer[1]), at: number(answer[2], 'now'), marks: readMarks(answer[3]) }
  }

  /** Marks are not collected at once: one that is raised meanwhile is in the feed after `position` as well. */
  async function* entriesFrom(first: Awaited<ReturnType<typeof snapshotPage>>): AsyncGenerator<Entry> {
    for (let page = first; ; ) {
      for (const mark of page.marks) {
        if (isTold(mark) && mark.mark.until > page.at) yield { ...entryOf(mark), position: first.position }
      }
      const last = page.marks.at(-1)
      if (!last || page.marks.length < mostPerSnapshotRead) return
      page = await snapshotPage(last.score, last.name)
    }
  }

  return {
    async open(limits) {
      try {
        // A cluster's client may learn of its masters with its first call.
        await run('now', [], clock())
        const durability = await readDurability(connection, options)
        await createPartition()
        opened = { limits, following: createFollowing({ others: { look: head, pollSeconds }, after: entriesAfter }) }
        return { durability }
      } catch (error) {
        throw storeError(error)
      }
    },
    async now() {
      return number(await call('now', []), 'now')
    },
    async create(session, how = {}) {
      const { id, iss, client, sub, sid, signedInAt: at, toldAt: told, authTime: auth } = session
      const { liveSeconds: live, endsBy: ends, tokens, sealed } = session
      const facts = {
        ...{
          id,
          at,
          told,
          auth,
          live,
          ends,
          limits: use().limits,
          interactive: how.interactive,
          replaces: how.replaces,
        },
        startedWith: [how.startedWith ?? []].flat(),
        sub: subjectHash(iss, client, sub),
        sid: sid === undefined ? '-' : subjectHash(iss, client, sid),
      }
      const rest = [writeWho(session), toBase64url(sealed), JSON.stringify(tokens)]
      const [word, mark, endedAt] = list(await call('create', [nowhere], JSON.stringify(facts), ...rest))
      opened?.following.wake()
      if (word === 'mark') return readMark(mark)
      return word === 'expired' ? { cause: mark as Cause, endedAt: number(endedAt, 'ended') } : 'created'
    },
    async get(id) {
      const [at, row] = list(await call('get', [`live:${id}`]))
      const session = row ? readSession(row) : undefined
      return session && expiryOf(session, number(at, 'now'), use().limits) === undefined ? session : undefined
    },
    async touch(id) {
      await call('touch', [`live:${id}`, 'live-by-use'], limitsText())
    },
    async update(id, revision, patch) {
      const { sealed, tokens, liveSeconds: live, endsBy: ends } = patch
      const facts = JSON.stringify({ revision, live, ends, limits: use().limits })
      const rest = [sealed ? toBase64url(sealed) : '-', tokens ? JSON.stringify(tokens) : '-']
      const word = text(await call('update', [`live:${id}`, 'live-by-expiry'], facts, ...rest), 'answer')
      return word as 'updated' | 'stale' | 'gone'
    },
    async end(selector, cause) {
      const facts = { selector: hashed(selector), cause, limits: use().limits }
      const [epoch, newest, ends, repeats] = list(await call('end', [nowhere], JSON.stringify(facts)))
      opened?.following.wake()
      const records = [
        ...list(ends).map((row) => readEnded(row, false)),
        ...list(repeats).map((row) => readEnded(row, true)),
      ]
      return { records, position: readHead(epoch, newest).position }
    },
    async settle(id) {
      await call('settle', [`ended:${id}`, 'ended-by-keeping', 'unsettled'], limitsText())
    },
    async pending(limit) {
      const { limits } = use()
      const [now, expired, unsettled] = list(await call('pending', [nowhere], limitsText(), String(limit)))
      const at = number(now, 'now')
      return {
        expired: list(expired)
          .map(readSession)
          .filter((session) => expiryOf(session, at, limits) !== undefined),
        unsettled: list(unsettled)
          .map((row) => readEnded(row, false))
          .filter((record) => !record.settled && keptUntil(record, limits) > at),
      }
    },
    async covers(claims) {
      const names = markNames(claims)
      if (names.length === 0) return undefined
      const fields = names.map(([kind, key]) => `${kind}:${key}`)
      const [at, found] = list(await call('covers', ['marks'], ...fields))
      return coverOf(claims, lookupIn(fields, list(found)), number(at, 'now'))
    },
    async list(who) {
      const [kind, subject] = 'sub' in who ? ['sub', who.sub] : ['sid', who.sid]
      const index = `live-${kind}:${subjectHash(who.iss, who.client, subject as string)}`
      const [at, found] = list(await call('list', [index, nowhere]))
      const { limits } = use()
      return list(found)
        .map(readSession)
        .filter((session) => expiryOf(session, number(at, 'now'), limits) === undefined)
    },
    async claim(key, seconds) {
      const asker = toBase64url(systemRuntime().randomBytes(12))
      return (await call('claim', [`claim:${key}`], String(seconds), limitsText(), asker)) === '1'
    },
    async *feed(after, signal) {
      yield* use().following.follow(after, signal)
    },
    head,
    async snapshot() {
      const first = await snapshotPage('', '')
      return { position: first.position, entries: entriesFrom(first) }
    },
    reached: hasReached,
    async follow(name, position) {
      const silence = String(use().limits.accessTokenSeconds)
      await call('follow', ['followers', 'followers-by-time'], name, position, silence)
    },
    async followers() {
      const silence = String(use().limits.accessTokenSeconds)
      return list(await call('followers', ['followers', 'followers-by-time'], silence)).map((found) => {
        const [name, row] = list(found)
        const [, at, position] = /^(\S+) (.*)$/s.exec(text(row, 'follower')) ?? []
        return {
          name: text(name, 'follower'),
          position: text(position, 'follower'),
          confirmedAt: number(at, 'follower'),
        }
      })
    },
    async close() {
      opened?.following.close()
      opened = undefined
    },
  }
}

/** A selector as scripts read it: they have no SHA-256. */
function hashed(selector: Selector): object {
  if (selector.by === 'id' || selector.by === 'tokens') return selector
  const { iss, client, sub, by, before } = selector
  if (by === 'sub') return { by, before, hash: subjectHash(iss, client, selector.sub) }
  return {
    ...{ by, before, slackSeconds: selector.slackSeconds },
    hash: subjectHash(iss, client, selector.sid),
    subHash: sub === undefined ? undefined : subjectHash(iss, client, sub),
  }
}

/** The marks that may cover these claims. */
function markNames({ iss, client, sub, sid, token }: Claims): readonly (readonly [kind: MarkKind, key: string])[] {
  const subject = (value: string | undefined) =>
    client === undefined || value === undefined ? undefined : subjectHash(iss, client, value)
  const names = [
    ['token', token],
    ['sid', subject(sid)],
    ['sub', subject(sub)],
  ] as const
  return names.flatMap(([kind, key]) => (key === undefined ? [] : [[kind, key] as const]))
}

function lookupIn(fields: readonly string[], found: readonly unknown[]): MarkLookup {
  const lookUp = (kind: MarkKind) => (key: string) => {
    const mark = found[fields.indexOf(`${kind}:${key}`)]
    return typeof mark === 'string' ? readMark(mark) : undefined
  }
  return { sid: lookUp('sid'), sub: lookUp('sub'), id: lookUp('id'), token: lookUp('token') }
}
