import type { Urls } from './app.ts'
import type { EarlierLogin, OpenHow } from './attached.ts'
import type { Session } from './current.ts'
import type { Access } from './flows/access-token.ts'
import type { Device, Who } from './flows/devices.ts'
import type { LoggedOut } from './flows/logout.ts'
import type { Host } from './host.ts'
import type { Tokens } from './session/contents.ts'
import type { Cause, Report, Scope } from './words.ts'

/** Logins, sessions and logouts of one app. Made by `createEndSession`. */
export interface EndSession {
  /**
   * Answers every route of ours under `basePath`; `undefined`: not one of ours. Never throws for what a request holds;
   * answers 4xx in fixed words. Throws ERR_OPTIONS when the options, given as a function, do not work.
   */
  handle(request: Request, how?: { host?: Host }): Promise<Response | undefined>
  /**
   * Who is signed in, asked of the store each time. Writes nothing, so it does not count as a visit for the idle time;
   * `protect` does. Never throws for "signed out"; throws ERR_STORE when it cannot know.
   */
  session(request: Request, how?: { host?: Host }): Promise<Session | undefined>
  /** For pages: signed out → login (navigation) or 401 (fetch); signed in → your response plus `no-store`. Throws ERR_STORE. */
  protect(
    request: Request,
    page: (session: Session) => Response | Promise<Response>,
    how?: { host?: Host },
  ): Promise<Response>
  /**
   * The session's access token, refreshed when it is about to expire: by one process at a time, and handed out only once the
   * store has its hash, so that every logout covers it. `provider_unreachable` ends nothing. Throws ERR_STORE.
   */
  accessToken(session: Session): Promise<Access>
  /**
   * What `POST {basePath}/logout` does, for a route or action of your own. The response has to reach the browser: it
   * removes the cookies and moves on to the provider. Throws ERR_REQUEST when the request is not from a page of this app.
   */
  logout(request: Request, options?: { scope?: Scope; returnTo?: string; host?: Host }): Promise<LoggedOut>
  /** A person's live sessions at this app. Throws ERR_STORE. */
  devices(session: Session): Promise<readonly Device[]>
  /**
   * One of this person's own devices, or all others; nobody else's. The provider's own session of that device stays, but
   * signs nobody in here without authenticating, unless it is this device's as well. Checks no origin: it does not see the
   * request. Throws ERR_STORE, and ERR_REQUEST when `session` itself has ended.
   */
  endDevice(session: Session, which: { readonly id: string } | 'others'): Promise<Report>
  /**
   * For your admin page, your password change, your webhook (cause `admin`; the reason, at most 200 characters, goes into
   * the event). No browser takes part: the provider's own session stays. Throws ERR_STORE, ERR_REQUEST.
   */
  end(who: Who, reason: string): Promise<Report>
  /**
   * Calls back once when the session ends, by whomever, in whichever process; at once if it is over already. For
   * WebSockets, streams, jobs. The answer takes the listener away again.
   */
  onEnded(session: Session, ended: (cause: Cause) => void): () => void
  /**
   * Attached: a record for a login that the host has just completed; the handle goes into the host's cookie. Does not
   * verify the ID token's signature: the host has. When something has ended that forbids this login, the handle opens
   * nothing, and `protect` asks for the login screen. Throws ERR_STORE, ERR_LOGIN.
   */
  open(provider: string, tokens: Tokens, how?: OpenHow): Promise<string>
  /**
   * Attached: a record for a login from before (until `adoptUntil`); the same login always gets the same handle. Nothing
   * once it has ended, or adoption is over. Throws ERR_STORE, ERR_LOGIN.
   */
  adopt(provider: string, login: EarlierLogin): Promise<string | undefined>
  /** Attached: who a handle stands for, where there is no request to ask with. Throws ERR_STORE. */
  resume(handle: string): Promise<Session | undefined>
  /** What to register at the provider, exactly. */
  readonly urls: Urls
  /** Checks options, store and discovery now instead of at the first request. Throws ERR_OPTIONS, ERR_STORE, ERR_PROVIDER. */
  ready(): Promise<void>
  /** Stops the work in the background and closes the store. */
  close(): Promise<void>
}
