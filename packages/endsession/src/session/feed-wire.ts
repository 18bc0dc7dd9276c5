import type { Entry, Position } from './store.ts'

/**
 * The feed over HTTP, as lines of JSON: a head, entries, an end. An answer that breaks off has no end, and counts as none.
 * Times are the store's clock; `sid` and `sub` are hashes.
 */
export interface FeedHead {
  readonly mode: 'enabled' | 'disabled'
  /** Issuer and client id of each provider of this app: tokens of others are not its business. */
  readonly clients: readonly (readonly [issuer: string, client: string])[]
  /** The store's now, epoch seconds. */
  readonly now: number
  /** All unexpired marks follow. What was known before still counts: a store that forgot an end does not undo it. */
  readonly snapshot: boolean
}

export interface FeedEnd {
  /** Whoever has applied the entries before this line stands here. */
  readonly position: Position
  /** Nothing was missing between here and the head at the time of asking. */
  readonly complete: boolean
}

export interface FeedAnswer extends FeedHead, FeedEnd {
  readonly entries: readonly Entry[]
}

export const feedContentType = 'application/x-ndjson'

/** Of one answer; what is left comes with the next. */
export const mostEntries = 1_000

export function writeLine(value: FeedHead | Entry | FeedEnd): string {
  return `${JSON.stringify(value)}\n`
}

/** Characters of one line. */
const longestLine = 1_048_576

/** Throws when a line is garbage, or the end is missing: of an answer all is good, or nothing. */
export async function readFeed(chunks: AsyncIterable<Uint8Array>): Promise<FeedAnswer> {
  let head: FeedHead | undefined
  let end: FeedEnd | undefined
  const entries: Entry[] = []
  for await (const line of readLines(chunks)) {
    if (end) throw new Error('the feed goes on behind its end')
    const value = readObject(line)
    if (!head) head = checked(value, isHead)
    else if ('complete' in value) end = checked(value, isEnd)
    else entries.push(checked(value, isEntry))
  }
  if (!head || !end) throw new Error('the feed broke off')
  return { ...head, ...end, entries }
}

function readObject(line: string): object {
  const value: unknown = JSON.parse(line)
  if (typeof value !== 'object' || value === null) throw new Error('the feed holds garbage')
  return value
}

function checked<T>(value: object, isGood: (value: Partial<T>) => boolean): T {
  if (!isGood(value)) throw new Error('the feed holds garbage')
  return value as T
}

function isHead({ mode, clients, now, snapshot }: Partial<FeedHead>): boolean {
  const named =
    Array.isArray(clients) && clients.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isText))
  return named && (mode === 'enabled' || mode === 'disabled') && Number.isFinite(now) && typeof snapshot === 'boolean'
}

function isEntry({ sid = '', sub = '', tokens, before = 0, until }: Partial<Entry>): boolean {
  return Array.isArray(tokens) && [sid, sub, ...tokens].every(isText) && [before, until].every(Number.isFinite)
}

function isEnd({ position, complete }: Partial<FeedEnd>): boolean {
  return isText(position) && typeof complete === 'boolean'
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > longestLine) throw new Error('the feed holds a line without an end')
    yield* lines
  }
  if (rest) throw new Error('the feed broke off in a line')
}
