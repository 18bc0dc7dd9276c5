/** What scripts answer, into records. Each value is checked: what another hand has spoilt is no session. */
import { EndSessionError } from '../../errors.ts'
import { fromBase64url } from '../../runtime.ts'
import type { MarkKind, MarkWrite } from '../../session/effects.ts'
import { readPosition, type Unnumbered, writePosition } from '../../session/feed.ts'
import type { StoredMark } from '../../session/marks.ts'
import type { EndedRecord, NewSession, Position, StoredSession, TokenHash } from '../../session/store.ts'
import type { Cause } from '../../words.ts'
import { areHashes, areTokenHashes } from '../row-checks.ts'
import { endNames, factNames, schemaVersion } from './lua-base.ts'

/** The part of a row that never changes, and that scripts only carry. */
export function writeWho({ id, iss, client, sub, sid, authTime }: NewSession): string {
  return JSON.stringify({ id, iss, client, sub, sid, authTime })
}

export function readSession(answer: unknown): StoredSession {
  const [facts, seen, who, sealedText, tokens] = list(answer)
  const { format, sub: _, ...row } = named(factNames, facts, 'facts')
  if (format !== schemaVersion) throw spoilt('format')
  const { id, iss, client, sub, sid, authTime } = object(who, 'who')
  if ((row.sid === '-') !== (sid === undefined)) throw spoilt('who')
  const sealed = fromBase64url(text(sealedText, 'sealed'))
  if (!sealed) throw spoilt('sealed')
  if (row.ends !== 'absolute' && row.ends !== 'session_expiry') throw spoilt('facts')
  return {
    id: text(id, 'who'),
    iss: text(iss, 'who'),
    client: text(client, 'who'),
    sub: text(sub, 'who'),
    ...(sid !== undefined && { sid: text(sid, 'who') }),
    signedInAt: number(row.at, 'facts'),
    ...(row.told !== '-' && { toldAt: number(row.told, 'facts') }),
    ...(authTime !== undefined && { authTime: number(authTime, 'who') }),
    sealed,
    tokens: tokenHashes(tokens),
    liveSeconds: number(row.live, 'facts'),
    endsBy: row.ends,
    openedAt: number(row.opened, 'facts'),
    seenAt: number(seen, 'seen'),
    expiresAt: number(row.expires, 'facts'),
    revision: number(row.revision, 'facts'),
  }
}

export function readEnded(answer: unknown, repeated: boolean): EndedRecord {
  const { cause, ended, settled } = named(endNames, list(answer)[5], 'end')
  if (settled !== '0' && settled !== '1') throw spoilt('end')
  return {
    ...readSession(answer),
    cause: text(cause, 'end') as Cause,
    endedAt: number(ended, 'end'),
    repeated,
    settled: settled === '1',
  }
}

export function readMark(answer: unknown): StoredMark {
  const [format, before, authBefore, cause, endedAt, until, authUntil, ...more] = text(answer, 'mark').split(' ')
  if (format !== schemaVersion || more.length > 0) throw spoilt('mark')
  return {
    ...(before !== '-' && { before: number(before, 'mark') }),
    ...(authBefore !== '-' && { authBefore: number(authBefore, 'mark') }),
    cause: text(cause, 'mark') as Cause,
    endedAt: number(endedAt, 'mark'),
    until: number(until, 'mark'),
    ...(authUntil !== '-' && { authUntil: number(authUntil, 'mark') }),
  }
}

/** A page of the snapshot: its marks, and where the next one begins. */
export function readMarks(answer: unknown): readonly (MarkWrite & { readonly score: string; readonly name: string })[] {
  return list(answer).map((found) => {
    const [name, score, mark] = list(found)
    const [, kind, key] = /^(sid|sub|id|token):(.*)$/s.exec(text(name, 'mark')) ?? []
    if (kind === undefined || key === undefined) throw spoilt('mark')
    return { kind: kind as MarkKind, key, mark: readMark(mark), score: text(score, 'mark'), name: text(name, 'mark') }
  })
}

export function readEntry(answer: unknown): { readonly number: number; readonly entry: Unnumbered } {
  const [id, pairs] = list(answer)
  const [, kind, , key, , tokens, , before, , cause, , until] = list(pairs)
  const hashes = json(text(tokens, 'feed'), 'feed')
  if (!areHashes(hashes)) throw spoilt('feed')
  const [, digits] = /^0-(\d{1,15})$/.exec(text(id, 'feed')) ?? []
  const names = kind === 'id' || kind === 'sid' || kind === 'sub'
  const entry = {
    ...(names && { [kind]: text(key, 'feed') }),
    tokens: hashes,
    ...(before !== '-' && { before: number(before, 'feed') }),
    cause: text(cause, 'feed') as Cause,
    until: number(until, 'feed'),
  }
  return { number: number(digits, 'feed'), entry }
}

/** Of the newest entry. */
export function readHead(
  epoch: unknown,
  head: unknown,
): { readonly position: Position; readonly epoch: string; readonly number: number } {
  const place = { epoch: text(epoch, 'epoch'), number: number(head, 'head') }
  const position = writePosition(place)
  if (!readPosition(position)) throw spoilt('epoch')
  return { position, ...place }
}

export function list(answer: unknown): readonly unknown[] {
  if (!Array.isArray(answer)) throw spoilt('answer')
  return answer
}

export function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw spoilt(what)
  return value
}

export function number(value: unknown, what: string): number {
  const found = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof found !== 'number' || !Number.isFinite(found)) throw spoilt(what)
  return found
}

/** A text of words, by their names. */
function named<Name extends string>(
  names: readonly Name[],
  answer: unknown,
  what: string,
): Readonly<Record<Name, string>> {
  const words = text(answer, what).split(' ')
  if (words.length !== names.length) throw spoilt(what)
  return Object.fromEntries(names.map((name, index) => [name, words[index]])) as Readonly<Record<Name, string>>
}

function tokenHashes(value: unknown): readonly TokenHash[] {
  const tokens = json(text(value, 'tokens'), 'tokens')
  if (!areTokenHashes(tokens)) throw spoilt('tokens')
  return tokens
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  const found = json(text(value, what), what)
  if (typeof found !== 'object' || found === null) throw spoilt(what)
  return found as Readonly<Record<string, unknown>>
}

function json(value: string, what: string): unknown {
  try {
    return JSON.parse(value)
  } catch (cause) {
    throw spoilt(what, cause)
  }
}

function spoilt(what: string, cause?: unknown): EndSessionError {
  return new EndSessionError('ERR_STORE', `Redis holds a row that is not whole: ${what}.`, { cause })
}
