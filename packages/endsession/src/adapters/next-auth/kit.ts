/** Auth.js 5 as every part of the adapter works with it: its configuration, resolved, and what both versions share. */
import type { NextAuthConfig, NextAuthResult } from 'next-auth'
import { type AttachedOptions, type Kit, type Library, makeKit } from '../auth-js/kit.ts'
import { type Fields, readProviders } from '../auth-js/providers.ts'
import { readRows } from '../auth-js/rows.ts'
import { bindConfig } from './config.ts'

export type NextAuth = (config: NextAuthConfig) => NextAuthResult

export interface NextAuthKit extends Kit {
  readonly nextAuth: NextAuth
  /** The app's configuration as Auth.js has resolved it. */
  readonly config: NextAuthConfig
}

/** Throws ERR_OPTIONS. */
export function makeNextAuthKit(
  nextAuth: NextAuth,
  given: NextAuthConfig,
  options: () => AttachedOptions,
): NextAuthKit {
  const config = { ...given }
  // Auth.js fills in what the environment says.
  nextAuth(config)
  const { providers: extras, ...attached } = options()
  const library: Library = {
    providers: attached.auth === 'disabled' ? {} : readProviders(config.providers, unfit, extras, isPlain),
    names: {
      prefix: 'authjs',
      secure: config.useSecureCookies ?? attached.baseUrl?.startsWith('https:') ?? false,
      given: config.cookies,
    },
    authPath: config.basePath ?? '/api/auth',
    signInPage: config.pages?.signIn,
    secret: config.secret,
    rows: readRows(config.adapter, config.session),
    ownIds: config.adapter !== undefined,
    checksCsrf: config.skipCSRFCheck === undefined,
    wantsAddress: ({ headers }) => headers.has('x-auth-return-redirect'),
    async decode(token, salt) {
      const decode = config.jwt?.decode ?? (await import('next-auth/jwt')).decode
      return decode({ token, secret: config.secret ?? [], salt })
    },
  }
  const kit: NextAuthKit = {
    ...makeKit(library, attached),
    nextAuth,
    config,
    async ask(request, bound) {
      const { handlers } = nextAuth(bindConfig(kit, bound))
      return (request.method === 'POST' ? handlers.POST : handlers.GET)(asNext(request) as never)
    },
  }
  return kit
}

function unfit({ id, type }: Fields): string | undefined {
  return type === 'oidc' || type === 'oauth' ? undefined : `${id}: is ${type}, not oidc or oauth`
}

const isPlain = ({ type }: Fields): boolean => type === 'oauth'

/** Auth.js asks a request for its address in the way of Next.js. */
function asNext(request: Request): Request {
  return Object.defineProperty(request, 'nextUrl', { value: new URL(request.url) })
}
