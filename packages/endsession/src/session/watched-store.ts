import { EndSessionError } from '../errors.ts'
import type { Emit } from '../events.ts'
import { createBound } from '../runtime.ts'
import type { EndedRecord, Limits, Mark, Selector, Store, StoredSession } from './store.ts'

/** The longest that a store may take. What answers later is not acknowledged. */
const deadlineSeconds = 5

/** The part of a store that flows use. */
export type WatchedStore = Omit<Store, 'open' | 'close' | 'feed' | 'snapshot' | 'reached'> & { ready(): Promise<void> }

/**
 * The same store, opened before its first use, with a deadline on each call. Whatever it throws, and whatever it answers
 * that no store may answer, becomes ERR_STORE with words that anybody may read; the detail is in `cause`.
 */
export function watchStore(store: Store, limits: Limits, unsafeLossyStore: boolean, emit: Emit): WatchedStore {
  const bound = createBound(deadlineSeconds)
  let opening: Promise<void> | undefined
  let isOpen = false

  function ready(): Promise<void> {
    opening ??= open().catch((error) => {
      opening = undefined
      throw error
    })
    return opening
  }

  async function open(): Promise<void> {
    const { durability } = await bounded(() => store.open(limits))
    isOpen = durability === 'disk' || unsafeLossyStore
    if (isOpen) return
    throw new EndSessionError(
      'ERR_OPTIONS',
      `The options do not work yet:\n- store: it can lose acknowledged logouts (durability ${durability}, not disk); use one that keeps them, or set unsafeLossyStore: true`,
    )
  }

  async function bounded<T>(call: () => Promise<T>, isAnswer: (answer: T) => boolean = () => true): Promise<T> {
    try {
      const answer = await bound(call())
      if (isAnswer(answer)) return answer
      throw new Error('the answer is not one that a store may give')
    } catch (cause) {
      const error = new EndSessionError('ERR_STORE', 'The session store does not work right now.', { cause })
      emit({ type: 'store.failed', error })
      throw error
    }
  }

  async function asked<T>(call: () => Promise<T>, isAnswer?: (answer: T) => boolean): Promise<T> {
    if (!isOpen) await ready()
    return bounded(call, isAnswer)
  }

  return {
    ready,
    now: () => asked(() => store.now(), Number.isFinite),
    create: (session, how) =>
      asked(
        () => store.create(session, how),
        (answer) => answer === 'created' || isMark(answer),
      ),
    get: (id) =>
      asked(
        () => store.get(id),
        (answer) => answer === undefined || (isSession(answer) && answer.id === id),
      ),
    touch: (id) => asked(() => store.touch(id)),
    update: (id, revision, patch) =>
      asked(
        () => store.update(id, revision, patch),
        (answer) => ['updated', 'stale', 'gone'].includes(answer),
      ),
    end: (selector, cause) =>
      asked(
        () => store.end(selector, cause),
        (answer) => isEnd(answer, selector),
      ),
    settle: (id) => asked(() => store.settle(id)),
    pending: (limit) =>
      asked(
        () => store.pending(limit),
        (answer) => answer.expired.every(isSession) && answer.unsettled.every(isRecord),
      ),
    covers: (claims) =>
      asked(
        () => store.covers(claims),
        (answer) => answer === undefined || isMark(answer),
      ),
    list: (who) =>
      asked(
        () => store.list(who),
        (answer) => answer.every((one) => isSession(one) && isOf(one, who)),
      ),
    claim: (key, seconds) =>
      asked(
        () => store.claim(key, seconds),
        (answer) => typeof answer === 'boolean',
      ),
    head: () =>
      asked(
        () => store.head(),
        (answer) => typeof answer === 'string',
      ),
    follow: (name, position) => asked(() => store.follow(name, position)),
    followers: () => asked(() => store.followers(), Array.isArray),
  }
}

/** A session of somebody else is nobody's device. */
function isOf(session: StoredSession, who: Parameters<Store['list']>[0]): boolean {
  const { iss, client, sub, sid } = session
  if (iss !== who.iss || client !== who.client) return false
  return 'sub' in who ? sub === who.sub : sid === who.sid
}

/** What a flow stands on. A check that throws has failed as well. */
function isSession(value: StoredSession): boolean {
  const { id, iss, client, sub, signedInAt, openedAt, expiresAt, sealed, tokens } = value
  return (
    isText(id) &&
    isText(iss) &&
    isText(client) &&
    isText(sub) &&
    Number.isFinite(signedInAt) &&
    Number.isFinite(openedAt) &&
    Number.isFinite(expiresAt) &&
    ArrayBuffer.isView(sealed) &&
    Array.isArray(tokens)
  )
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isRecord(value: EndedRecord): boolean {
  return isSession(value) && Number.isFinite(value.endedAt) && typeof value.repeated === 'boolean'
}

function isMark(value: Mark): boolean {
  return typeof value.cause === 'string' && Number.isFinite(value.endedAt)
}

/** Records of somebody else are no proof of this end. */
function isEnd({ records, position }: Awaited<ReturnType<Store['end']>>, selector: Selector): boolean {
  const isMeant = (record: EndedRecord) =>
    selector.by === 'id' && !selector.sid
      ? record.id === selector.id
      : !('iss' in selector) || record.iss === selector.iss
  return typeof position === 'string' && records.every((record) => isRecord(record) && isMeant(record))
}
