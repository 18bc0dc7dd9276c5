import type { Host } from './host.ts'
import { createProvider, type Provider } from './protocol/provider.ts'
import type { Resolved } from './resolve-options.ts'
import { createSealer, type Sealer } from './session/sealing.ts'
import type { EndedRecord } from './session/store.ts'
import { type WatchedStore, watchStore } from './session/watched-store.ts'
import { type CookieJar, createCookieJar } from './web/cookies.ts'
import { type Page, type PageSetting, pageResponse } from './web/page.ts'

/** What every flow works with. Made once from the options; holds no session and no request. */
export interface App {
  readonly options: Resolved
  readonly store: WatchedStore
  readonly sealer: Sealer
  readonly cookies: CookieJar
  /** Attached: another library logs in and owns the cookie. */
  readonly host?: Host
  /** By the name in the options. */
  readonly providers: ReadonlyMap<string, Provider>
  /** The provider of this very session, by issuer and client: never another one that happens to be configured. */
  providerOf(session: { readonly iss: string; readonly client: string }): Provider | undefined
  /** Absolute URL of one of our routes. */
  route(name: string): string
  /** Where this provider sends people back to after a login, by its name in the options. */
  callbackOf(provider: string): string
  readonly urls: Urls
  page(page: Page, status: number, setCookies?: readonly string[]): Response
}

export function createApp(options: Resolved): App {
  const { runtime, origin, basePath } = options
  const providers = new Map([...options.providers].map(([name, config]) => [name, createProvider(config, runtime)]))
  const route = (name: string) => `${origin}${basePath}/${name}`
  const setting: PageSetting = { texts: options.texts, app: new URL(origin).host, basePath }
  return {
    options,
    store: watchStore(options.store, options.limits, options.unsafeLossyStore, options.emit),
    sealer: createSealer(options.secrets, runtime),
    cookies: createCookieJar(origin),
    ...(options.host && { host: options.host }),
    providers,
    providerOf: ({ iss, client }) =>
      [...providers.values()].find(({ config }) => config.issuer === iss && config.clientId === client),
    route,
    callbackOf: (name) => callbackOf(route, name, options.providers),
    urls: urlsOf(route, options.providers),
    page: (page, status, setCookies) => pageResponse(setting, page, status, setCookies),
  }
}

/** What to register at the provider, exactly. */
export interface Urls {
  /** Redirect URI. */
  readonly callback: string
  /** The redirect URI of each provider, by its name: another one only where its `callback` is `own`. */
  readonly callbacks: Readonly<Record<string, string>>
  /** Post-logout redirect URI. */
  readonly loggedOut: string
  readonly backchannelLogout: string
  readonly frontchannelLogout: string
}

export function urlsOf(route: (name: string) => string, providers: Resolved['providers']): Urls {
  const callbacks = [...providers.keys()].map((name) => [name, callbackOf(route, name, providers)])
  return {
    callback: route('callback'),
    callbacks: Object.freeze(Object.fromEntries(callbacks)),
    loggedOut: route('logged-out'),
    backchannelLogout: route('backchannel-logout'),
    frontchannelLogout: route('frontchannel-logout'),
  }
}

function callbackOf(route: (name: string) => string, name: string, providers: Resolved['providers']): string {
  return route(providers.get(name)?.ownCallback ? `callback/${name}` : 'callback')
}

/** What people call a provider: its host name. */
export function providerLabel(provider: Provider | undefined): { provider?: string } {
  return provider ? { provider: new URL(provider.config.issuer).host } : {}
}

/** One event per session that ended just now, not for those that had ended before. */
export function tellEnded(app: App, records: readonly EndedRecord[], reason?: string): void {
  for (const { id, cause, repeated } of records)
    if (!repeated)
      app.options.emit({ type: 'session.ended', session: id, cause, ...(reason !== undefined && { reason }) })
}
