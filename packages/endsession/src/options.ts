import type { Event } from './events.ts'
import type { Host } from './host.ts'
import type { Profile } from './profiles/profile.ts'
import type { Endpoint } from './protocol/provider.ts'
import type { Runtime } from './runtime.ts'
import type { Store } from './session/store.ts'
import type { Texts } from './web/texts.ts'
import type { Scope } from './words.ts'

/** Fields that people fill from the environment take `undefined`, so that our check speaks, and not a `!`. */
export type Env = string | undefined

export interface ProviderOptions {
  /**
   * The issuer's URL, exactly as it stands in its tokens. `https`, or `http` on loopback names. Left out where a profile without
   * OpenID is named, like `github`: that has one of its own.
   */
  issuer?: Env
  clientId: Env
  clientSecret?: Env
  /** @default 'openid profile email'; without OpenID what the profile says */
  scope?: string
  /** Field by field over the profile that the issuer, or `name`, selects. */
  profile?: Partial<Profile>
  /** Split horizon: what this process calls, when it is not what browsers see. Issuer checks keep `issuer`. */
  serverUrl?: Env
  /** Over discovery's, one by one and by their names there. `serverUrl` does not move them. */
  endpoints?: { readonly [Name in Endpoint]?: Env }
  /**
   * `own`: this provider sends people back to `{basePath}/callback/{name}`, and no other provider's answer is taken there.
   * For one of several that does not send `iss` with its answers (RFC 9207; RFC 9700, section 4.4). @default 'shared'
   */
  callback?: 'shared' | 'own'
}

export interface Options {
  /** Where browsers find the app: origin, no path. Never guessed from `Host`. */
  baseUrl: Env
  /** @default '/auth' */
  basePath?: string
  /** At least 32 bytes. Several: the first seals, all open. */
  secret: Env | readonly [Env, ...Env[]]
  /** No default: `memoryStore()` forgets on restart; `sqliteStore`, or your own. */
  store: Store
  /** By name. One provider: `GET {basePath}/login`; several: `?provider=name`. */
  providers: Readonly<Record<string, ProviderOptions>>
  /** Attached: another library logs in and owns the cookie. An adapter may take it instead. */
  host?: Host
  session?: {
    /** From login to the end, whatever happens. @default 604800 (7 days) */
    absoluteSeconds?: number
    /** Without a visit. @default 86400 (1 day) */
    idleSeconds?: number
    /** The longest life of an access token that services take. @default 86400 */
    accessTokenSeconds?: number
  }
  logout?: {
    /** @default 'provider' */
    scope?: Scope
    /** Same-origin path or allowed URL shown after logout; without it our own page. */
    landing?: string
    /** `Clear-Site-Data` types. `"cookies"` is not offered: it wipes sibling subdomains. @default [] */
    clear?: readonly ('cache' | 'storage')[]
    /** For revocation and confirmations, all together. @default 3 */
    deadlineSeconds?: number
    /** How long a scope's wish for fresh authentication is remembered. @default 2592000 (30 days) */
    reauthSeconds?: number
    /** How long a repeated logout still gets the same answer. @default 600 */
    endedSeconds?: number
    /** Ask the provider whether its session is over, where the profile says that its answer proves it. @default 'never' */
    probe?: 'never' | 'where_it_proves'
  }
  /** Further origins that `returnTo` and `landing` may name. @default [] */
  trustedOrigins?: readonly string[]
  /** Serves the feed to guards in other processes: guard name → its key, at least 32 bytes. */
  feed?: { keys: Readonly<Record<string, Env>> }
  /**
   * Front-channel logout: `GET {basePath}/frontchannel-logout` in an iframe of the provider. Nobody signs it, and third-party
   * cookies are mostly blocked there: prefer back-channel logout. @default false
   */
  frontchannel?: boolean
  /** Attached: until when logins from before may be adopted, epoch seconds. Needed to adopt at all. */
  adoptUntil?: number
  /** Every sentence that our pages show. */
  texts?: Partial<Texts>
  /** Accept a store that can lose acknowledged logouts. Ugly on purpose. @default false */
  unsafeLossyStore?: boolean
  /** `disabled`: everybody is one fixed identity; login and logout say so. For development behind closed doors. @default 'enabled' */
  auth?: 'enabled' | 'disabled'
  onEvent?: (event: Event) => void
  runtime?: Partial<Runtime>
}
