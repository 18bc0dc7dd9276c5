import { type Runtime, sha256, toBase64url } from '../runtime.ts'

/** 32 random bytes behind a partition number: what the cookie holds. It opens the session; it is never stored. */
export function newCookieId(runtime: Runtime, partition = 0): string {
  return `${partition}.${toBase64url(runtime.randomBytes(32))}`
}

/** The id that the store, logs and other people may know: it opens nothing. Nothing for what is no cookie id of ours. */
export function sessionIdOf(cookieId: string | undefined): string | undefined {
  const partition = cookieId && /^(\d{1,4})\.[\w-]{43}$/.exec(cookieId)?.[1]
  return partition ? `${partition}.${sha256(cookieId)}` : undefined
}
