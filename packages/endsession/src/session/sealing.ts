import {
  decrypt,
  deriveKey,
  encrypt,
  fromBase64url,
  hmacSha256,
  type Runtime,
  sha256,
  toBase64url,
} from '../runtime.ts'

/** Each purpose has a key of its own: what was sealed for one opens for no other. */
export type Purpose =
  | 'claims'
  | 'tokens'
  | 'login'
  | 'logout'
  | 'ticket'
  | 'fresh'
  | 'state'
  | 'legacy'
  | 'person'
  | 'host'

export interface Sealer {
  /** `bound` is what the value belongs to, such as a session id: it opens for that alone. */
  seal(purpose: Purpose, bound: string, value: unknown): Uint8Array
  /** The value; nothing when a single bit, the purpose, `bound` or the secret is not the same. */
  open(purpose: Purpose, bound: string, sealed: Uint8Array): unknown
  /** For a cookie: base64url, good for so many seconds. */
  sealFor(seconds: number, purpose: Purpose, value: object): string
  openCookie(purpose: Purpose, text: string | undefined): unknown
  /** The same text has the same tag, and only who holds the secret can make it. */
  tag(purpose: Purpose, text: string): string
}

const version = 1
const headBytes = 5

/** How far another node's clock may be ahead or behind. */
const toleranceSeconds = 60

/** The first secret seals, all open: a new one is put in front, and the old one taken away once nothing needs it. */
export function createSealer(secrets: readonly string[], runtime: Runtime): Sealer {
  const rings = secrets.map((secret) => ({ secret, mark: keyMark(secret), keys: new Map<Purpose, Uint8Array>() }))
  const first = rings[0] as (typeof rings)[number]
  /** What was tagged before a new secret came has the same tag after it. */
  const oldest = rings.at(-1) as (typeof rings)[number]

  function keyOf(ring: (typeof rings)[number], purpose: Purpose): Uint8Array {
    const known = ring.keys.get(purpose)
    if (known) return known
    const key = deriveKey(ring.secret, purpose)
    ring.keys.set(purpose, key)
    return key
  }

  function seal(purpose: Purpose, bound: string, value: unknown): Uint8Array {
    const body = encrypt(keyOf(first, purpose), JSON.stringify(value), bound, runtime.randomBytes)
    const sealed = new Uint8Array(headBytes + body.length)
    sealed[0] = version
    new DataView(sealed.buffer).setUint32(1, first.mark)
    sealed.set(body, headBytes)
    return sealed
  }

  function open(purpose: Purpose, bound: string, sealed: Uint8Array): unknown {
    if (sealed.length <= headBytes || sealed[0] !== version) return undefined
    const mark = new DataView(sealed.buffer, sealed.byteOffset).getUint32(1)
    const ring = rings.find((candidate) => candidate.mark === mark)
    const text = ring && decrypt(keyOf(ring, purpose), sealed.subarray(headBytes), bound)
    // Frozen to the ground: what is opened once may be shown to many requests.
    return text === undefined ? undefined : JSON.parse(text, (_, part) => Object.freeze(part))
  }

  return {
    seal,
    open,
    sealFor(seconds, purpose, value) {
      return toBase64url(seal(purpose, '', { value, until: runtime.now() + seconds }))
    },
    openCookie(purpose, text) {
      const sealed = text === undefined ? undefined : fromBase64url(text)
      const held = sealed && (open(purpose, '', sealed) as { value: unknown; until: number } | undefined)
      return held && held.until + toleranceSeconds > runtime.now() ? held.value : undefined
    },
    tag: (purpose, text) => hmacSha256(keyOf(oldest, purpose), text),
  }
}

/** Which secret sealed this: four bytes that tell nothing of it. */
function keyMark(secret: string): number {
  const bytes = fromBase64url(sha256(deriveKey(secret, 'which secret'))) as Uint8Array
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
}
