import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hash,
  hkdfSync,
  randomBytes as systemRandomBytes,
  timingSafeEqual,
} from 'node:crypto'

/**
 * Everything that comes from outside: the clock, randomness, the network, work after the response.
 * This is the only file of the library that touches globals of that kind, or `node:crypto`.
 */
export interface Runtime {
  /** Epoch seconds. */
  now(): number
  /** Seconds that never go back, whatever happens to the clock. */
  monotonic(): number
  randomBytes(length: number): Uint8Array
  fetch: typeof fetch
  /** Keeps the process alive for work that goes on after the response; on serverless hosts, the host's own. */
  waitUntil(work: Promise<unknown>): void
}

/** Epoch seconds of this machine's own clock. */
export function systemNow(): number {
  return Date.now() / 1000
}

/** For others who want it so. */
export function dateAt(seconds: number): Date {
  return new Date(seconds * 1000)
}

/** Of what a database calls a time. NaN for what is none. */
export function epochSeconds(time: Date | string | number): number {
  return new Date(time).getTime() / 1000
}

export function systemRuntime(): Runtime {
  return {
    now: systemNow,
    monotonic: () => performance.now() / 1000,
    randomBytes: (length) => new Uint8Array(systemRandomBytes(length)),
    fetch: (input, init) => fetch(input, init),
    waitUntil: (work) => {
      work.catch(() => {})
    },
  }
}

const encoder = new TextEncoder()
const bytesOf = (data: string | Uint8Array): Uint8Array => (typeof data === 'string' ? encoder.encode(data) : data)

export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data, 'base64url')
}

/** Names a script to Redis, which wants it so. Nothing rests on it being hard to forge. */
export function sha1(text: string): string {
  return hash('sha1', text, 'hex')
}

export function hmacSha256(key: Uint8Array, data: string): string {
  return createHmac('sha256', key).update(data).digest('base64url')
}

/** A 32-byte key for one purpose (RFC 5869). */
export function deriveKey(secret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'endsession', purpose, 32))
}

/** Same text? In a time that does not tell how much of it is the same. */
export function equalSecrets(a: string, b: string): boolean {
  const [left, right] = [createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest()]
  return timingSafeEqual(left, right)
}

const ivBytes = 12
const tagBytes = 16

/** AES-256-GCM: iv, ciphertext, tag. `bound` is authenticated beside the text and not stored. */
export function encrypt(key: Uint8Array, text: string, bound: string, randomBytes: Runtime['randomBytes']): Uint8Array {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(bytesOf(bound))
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** The text, or nothing when key, `bound` or a single bit is not the same. */
export function decrypt(key: Uint8Array, sealed: Uint8Array, bound: string): string | undefined {
  if (sealed.length < ivBytes + tagBytes) return undefined
  const tagAt = sealed.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes })
  decipher.setAAD(bytesOf(bound))
  decipher.setAuthTag(sealed.subarray(tagAt))
  try {
    return decipher.update(sealed.subarray(ivBytes, tagAt), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return undefined
  }
}

export function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/** Strict: anything but unpadded base64url is nothing, so that one value has one spelling. */
export function fromBase64url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? new Uint8Array(bytes) : undefined
}

export function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000))
}

/** Once everything that is waiting in this turn of the event loop has run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => (typeof setImmediate === 'function' ? setImmediate(resolve) : setTimeout(resolve)))
}

/** A signal that fires after so many seconds, and does not keep the process alive. */
export function deadline(seconds: number): AbortSignal {
  // Whole milliseconds: Node throws for others.
  return AbortSignal.timeout(Math.ceil(seconds * 1000))
}

/** Settles like `work`, or rejects once `seconds` have passed. The work itself goes on. */
export function within<T>(work: Promise<T>, seconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${seconds} s`)), seconds * 1000)
    work.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

/** Like `within`, for calls that come by the thousand: they share one timer, so that each may take a tenth longer. */
export function createBound(seconds: number): <T>(work: Promise<T>) => Promise<T> {
  const waiting = new Set<{ readonly since: number; readonly giveUp: () => void }>()
  let timer: ReturnType<typeof setInterval> | undefined

  function giveUpOld(): void {
    const oldest = performance.now() - seconds * 1000
    for (const one of waiting) if (one.since <= oldest) one.giveUp()
    if (waiting.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return (work) =>
    new Promise((resolve, reject) => {
      const one = {
        since: performance.now(),
        giveUp() {
          waiting.delete(one)
          reject(new Error(`no answer within ${seconds} s`))
        },
      }
      waiting.add(one)
      timer ??= setInterval(giveUpOld, seconds * 100)
      work.then(
        (value) => {
          waiting.delete(one)
          resolve(value)
        },
        (error) => {
          waiting.delete(one)
          reject(error)
        },
      )
    })
}

/** Calls `work` again and again, never twice at once, without keeping the process alive; answers how to stop. */
export function every(seconds: number, work: () => Promise<unknown>): () => void {
  let running = false
  const timer = setInterval(async () => {
    if (running) return
    running = true
    await work().catch(() => {})
    running = false
  }, seconds * 1000)
  if (typeof timer === 'object') timer.unref()
  return () => clearInterval(timer)
}
