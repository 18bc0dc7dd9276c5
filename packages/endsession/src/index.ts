/** endsession: log out means logged out. The route table is in create.ts; here is what the package gives its users. */
export { type Access, createEndSession, type EndSession, type LoggedOut, type Session } from './create.ts'
export { EndSessionError, type ErrorCode } from './errors.ts'
export type { Event } from './events.ts'
export type { Options, ProviderOptions } from './options.ts'
export type { Profile } from './profiles/profile.ts'
export { type Reason, remaining } from './report.ts'
export type { Runtime } from './runtime.ts'
export type { Tokens } from './session/contents.ts'
export { memoryStore } from './session/memory.ts'
export type {
  Claims,
  CreateHow,
  Durability,
  EndedRecord,
  Entry,
  Limits,
  Mark,
  NewSession,
  Position,
  Selector,
  Store,
  StoredSession,
  TokenHash,
} from './session/store.ts'
export type { TextKey, Texts } from './web/texts.ts'
export type { Cause, Layer, LayerReport, Outcome, Report, Scope } from './words.ts'
