import { EndSessionError } from '../errors.ts'
import type { Sealer } from './sealing.ts'

/** What a provider gave at login, or at a refresh. */
export interface Tokens {
  /** None where the provider issues none. */
  idToken?: string
  accessToken?: string
  /** Epoch seconds. Without OpenID: absent where it lives until somebody ends it. */
  accessTokenExpiresAt?: number
  refreshToken?: string
}

/** What pages read at every check: sealed apart from the tokens, so that a check never opens those. */
export interface Description {
  /** The provider's name in the options. */
  readonly provider: string
  readonly claims: Readonly<Record<string, unknown>>
  /** What a person recognises the device by. */
  readonly browser: string
  /** A host library did the login, and may refresh its tokens without a word to us. */
  readonly hosted?: true
}

const lengthBytes = 4

export function sealContents(sealer: Sealer, id: string, description: Description, tokens: Tokens): Uint8Array {
  const front = sealer.seal('claims', id, description)
  const back = sealer.seal('tokens', id, tokens)
  const sealed = new Uint8Array(lengthBytes + front.length + back.length)
  new DataView(sealed.buffer).setUint32(0, front.length)
  sealed.set(front, lengthBytes)
  sealed.set(back, lengthBytes + front.length)
  return sealed
}

/** Throws ERR_STORE when the row is not the one that was written for this id. */
export function openDescription(sealer: Sealer, id: string, sealed: Uint8Array): Description {
  return opened(sealer.open('claims', id, parts(sealed).front)) as Description
}

/** Throws ERR_STORE when the row is not the one that was written for this id. */
export function openTokens(sealer: Sealer, id: string, sealed: Uint8Array): Tokens {
  return opened(sealer.open('tokens', id, parts(sealed).back)) as Tokens
}

function parts(sealed: Uint8Array): { front: Uint8Array; back: Uint8Array } {
  if (!(sealed instanceof Uint8Array) || sealed.length < lengthBytes) throw wrongRow()
  const length = new DataView(sealed.buffer, sealed.byteOffset).getUint32(0)
  return { front: sealed.subarray(lengthBytes, lengthBytes + length), back: sealed.subarray(lengthBytes + length) }
}

function opened<T>(value: T | undefined): T {
  if (value === undefined) throw wrongRow()
  return value
}

/** The store has answered with a row that it was not asked for, or that somebody has changed. */
export function wrongRow(): EndSessionError {
  return new EndSessionError('ERR_STORE', 'A stored session does not open. Is `secret` the one that sealed it?')
}
