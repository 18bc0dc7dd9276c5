/** endsession: log out means logged out. The route table is in create.ts; here is what the package gives its users. */
export type { EndSession } from './api.ts'
export type { Urls } from './app.ts'
export type { EarlierLogin, OpenHow } from './attached.ts'
export { createEndSession } from './create.ts'
export type { Session } from './current.ts'
export { type DescribedApp, describeProvider, type ProviderDescription } from './describe-provider.ts'
export { EndSessionError, type ErrorCode } from './errors.ts'
export type { Event } from './events.ts'
export type { Access } from './flows/access-token.ts'
export type { Device, Who } from './flows/devices.ts'
export type { LoggedOut } from './flows/logout.ts'
export type { Host } from './host.ts'
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
