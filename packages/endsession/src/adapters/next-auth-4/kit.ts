/** Auth.js 4 as every part of the adapter works with it: its options, resolved, and what both versions share. */
import { EndSessionError } from '../../errors.ts'
import type { GivenCookies } from '../auth-js/cookies.ts'
import { readBodyField } from '../auth-js/csrf.ts'
import { type AttachedOptions, type Kit, type Library, makeKit } from '../auth-js/kit.ts'
import type { Claims } from '../auth-js/library.ts'
import { type Fields, readProviders } from '../auth-js/providers.ts'
import { readRows } from '../auth-js/rows.ts'
import { askNextAuth } from './ask.ts'
import { bindOptions } from './bound.ts'
import type { AuthOptions, NextAuth } from './options.ts'

export interface NextAuthKit extends Kit {
  /** The app's options as Auth.js has resolved them. */
  readonly given: AuthOptions
}

/** Throws ERR_OPTIONS. */
export function makeNextAuthKit(
  nextAuth: NextAuth<never>,
  authOptions: AuthOptions,
  options: () => AttachedOptions,
): NextAuthKit {
  const given = { ...authOptions }
  const { providers: extras, ...attached } = options()
  const { origin, authPath } = addressOf(attached.baseUrl)
  const disabled = attached.auth === 'disabled'
  // Auth.js fills in what the environment says, and tells where it takes itself to be.
  const told = disabled ? undefined : tellAddress(nextAuth, origin ?? anyOrigin, authPath, given)
  // Whoever asks Auth.js meets it; others need not.
  told?.catch(() => {})
  const library: Library = {
    providers: disabled ? {} : readProviders(given.providers, unfit, extras, isPlain),
    names: {
      prefix: 'next-auth',
      secure: given.useSecureCookies ?? origin?.startsWith('https:') ?? false,
      given: wholly(given.cookies),
    },
    authPath,
    signInPage: given.pages?.signIn,
    secret: given.secret,
    rows: readRows(given.adapter, given.session),
    ownIds: given.adapter !== undefined,
    checksCsrf: true,
    wantsAddress: ({ headers }, body) => readBodyField(body, headers.get('content-type'), 'json') === 'true',
    decode: (token) => decodeOwn(given, token),
  }
  const kit: NextAuthKit = {
    ...makeKit(library, { ...attached, baseUrl: origin ?? attached.baseUrl }),
    given,
    async ask(request, bound) {
      const address = await told
      if (address !== undefined && address !== `${kit.options.origin}${authPath}`) throw elsewhere(address, kit)
      return askNextAuth(nextAuth, authPath, request, bindOptions(kit, bound))
    },
  }
  return kit
}

/** `baseUrl` may be what version 4 wants in NEXTAUTH_URL: the address of its routes, where they are not at the usual place. */
function addressOf(baseUrl: string | undefined): { readonly origin?: string; readonly authPath: string } {
  if (baseUrl === undefined || !URL.canParse(baseUrl)) return { authPath: usualPath }
  const { origin, pathname } = new URL(baseUrl)
  const path = pathname.replace(/\/$/, '')
  // What is no origin is left to the check of the options.
  return { ...(origin !== 'null' && { origin }), authPath: path === '' ? usualPath : path }
}

const usualPath = '/api/auth'

/** To ask Auth.js what it says of itself, where nobody has said the origin: that is a problem, and told with the others. */
const anyOrigin = 'http://localhost'

/** The address of Auth.js's routes; nothing where it has no providers that could tell. */
async function tellAddress(
  nextAuth: NextAuth<never>,
  origin: string,
  authPath: string,
  given: AuthOptions,
): Promise<string | undefined> {
  const answer = await askNextAuth(nextAuth, authPath, new Request(`${origin}${authPath}/providers`), given)
  const providers: Record<string, { callbackUrl?: string }> = answer.ok ? await answer.json() : {}
  const [id, first] = Object.entries(providers)[0] ?? []
  return first?.callbackUrl?.slice(0, -`/callback/${id}`.length)
}

function elsewhere(address: string, { options, authPath }: Kit): EndSessionError {
  return new EndSessionError(
    'ERR_OPTIONS',
    `The options do not work yet:\n- baseUrl: says ${options.origin}${authPath}, and NEXTAUTH_URL ${address}: set both to the same`,
  )
}

/** Version 4 takes an entry as a whole: what it does not say has no default. */
function wholly(cookies: AuthOptions['cookies']): GivenCookies | undefined {
  if (!cookies) return undefined
  const entries = Object.entries(cookies).map(([kind, cookie]) => [
    kind,
    { ...cookie, options: { ...cookie?.options, secure: cookie?.options?.secure ?? false } },
  ])
  return Object.fromEntries(entries)
}

function unfit({ id, type }: Fields): string | undefined {
  return type === 'oauth' ? undefined : `${id}: is ${type}, not oauth`
}

/** No OpenID, as version 4 finds out: by discovery, or by what is asked of the provider. */
function isPlain({ idToken, wellKnown, authorization }: Fields): boolean {
  const scope = typeof authorization === 'object' ? authorization.params?.['scope'] : authorization
  return !(idToken ?? (wellKnown?.includes('openid-configuration') || String(scope).includes('openid')))
}

async function decodeOwn({ jwt, secret }: AuthOptions, token: string): Promise<Claims | null> {
  type Decode = (given: { token: string; secret: unknown }) => Promise<Claims | null>
  const own = jwt?.decode as Decode | undefined
  const decode = own ?? ((await import('next-auth/jwt')).decode as unknown as Decode)
  return decode({ token, secret: jwt?.secret ?? secret })
}
