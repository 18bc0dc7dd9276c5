/** Stores that each break one promise, and keep the others: what the contract is tested with. */
import type { BrokenStore } from './broken/broken.ts'
import { brokenEnds } from './broken/ends.ts'
import { brokenFeeds } from './broken/feeds.ts'
import { brokenMarks } from './broken/marks.ts'
import { brokenSessions } from './broken/sessions.ts'

export { type BrokenStore, soundStore } from './broken/broken.ts'

export const brokenStores: readonly BrokenStore[] = [...brokenSessions, ...brokenEnds, ...brokenMarks, ...brokenFeeds]
