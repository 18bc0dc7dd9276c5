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
  /** All unexpired marks follow, and what was known before counts no more. */
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

/** Throws when a line is garbage, or the end is missing. */
export async function readFeed(chunks: AsyncIterable<Uint8Array>): Promise<FeedAnswer> {
  let head: FeedHead | undefined
  let end: FeedEnd | undefined
  const entries: Entry[] = []
  for await (const line of readLines(chunks)) {
    if (end) throw new Error('the feed goes on behind its end')
    const value = JSON.parse(line) as FeedHead | Entry | FeedEnd
    if (!head) head = value as FeedHead
    else if ('complete' in value) end = value
    else entries.push(value as Entry)
  }
  if (!head || !end) throw new Error('the feed broke off')
  return { ...head, ...end, entries }
}

async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest) throw new Error('the feed broke off in a line')
}
