/** What we know of Auth.js whatever its version is: its words, and nothing of its types. */

/** What its session cookie holds of a person. */
export type Claims = Record<string, unknown> & { sub?: string | undefined }

/** A login that it has just done, with what the provider has given it. */
export interface Account {
  readonly provider: string
  /** As the provider's user endpoint names the person, unless the app has it otherwise. */
  readonly providerAccountId?: string | undefined
  readonly id_token?: string | undefined
  readonly access_token?: string | undefined
  readonly refresh_token?: string | undefined
  readonly expires_at?: number | undefined
}

export type Secret = string | readonly string[] | undefined
