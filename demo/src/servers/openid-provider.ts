import './quiet.ts'
import { randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import { type Configuration, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Answers } from '../messages.ts'
import { securityPolicy } from '../pages/layout.ts'
import { renderProblem } from '../pages/login-pages.ts'
import { findPerson } from './people.ts'

export interface Site {
  readonly place: 'provider' | 'acme'
  readonly name: string
  readonly issuer: string
  /** Origins that a form on this site's pages leads to, redirects included. */
  readonly formTargets: readonly string[]
}

type Middleware = Parameters<Provider['use']>[0]

const hours = (count: number) => count * 3600

/** What Example ID and Acme have in common: a real `oidc-provider` with keys of its own and our pages. */
export async function makeProvider(site: Site, own: Configuration, pages: Middleware): Promise<Provider> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const provider = new Provider(site.issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'demo' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    // Name and email stand in the ID token, as with most providers.
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    findAccount: (_ctx, id) => {
      const person = findPerson(id)
      return person && { accountId: id, claims: async () => ({ sub: id, name: person.name, email: person.email }) }
    },
    loadExistingGrant: grantAll,
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    clientBasedCORS: () => false,
    renderError: async (ctx, out) => {
      ctx.type = 'html'
      ctx.body = await renderProblem(site.place, site.name, `${out.error}: ${out.error_description ?? ''}`)
    },
    ttl: {
      AccessToken: hours(1),
      Grant: hours(24),
      IdToken: hours(1),
      Interaction: hours(1),
      RefreshToken: hours(24),
      Session: hours(24),
    },
    ...own,
    features: { devInteractions: { enabled: false }, ...own.features },
  })
  provider.on('server_error', (_ctx, error) => console.error(`${site.name}:`, error))
  provider.use(async (ctx, next) => {
    ctx.set('content-security-policy', securityPolicy(site.formTargets))
    ctx.set('referrer-policy', 'same-origin')
    await next()
  })
  provider.use(pages)
  return provider
}

/** These apps are the house's own: nobody is asked for consent, whatever they ask for is granted. */
async function grantAll(ctx: KoaContextWithOIDC): Promise<InstanceType<Provider['Grant']> | undefined> {
  const { client, session, provider, params } = ctx.oidc
  if (!client || !session?.accountId) return undefined
  const known = session.grantIdFor(client.clientId)
  const found = known ? await provider.Grant.find(known) : undefined
  const grant = found ?? new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
  grant.addOIDCScope(String(params?.scope))
  for (const resource of [params?.resource].flat()) {
    if (typeof resource === 'string') grant.addResourceScope(resource, String(params?.scope))
  }
  await grant.save()
  return grant
}

/** `oidc-provider` has verified the hint's signature; that it names the person of this session is ours to see. */
export function isHintGood({ oidc }: KoaContextWithOIDC): boolean {
  const { IdTokenHint: hint } = oidc.entities
  return hint !== undefined && hint.payload.sub === oidc.session?.accountId
}

/** What the control room's auditor asks: what the store itself knows, and nothing that would change it. */
export function answerForStore(provider: Provider): Answers {
  return {
    knowsSession: async (id) => (await provider.Session.find(id))?.accountId !== undefined,
    async knowsRefreshToken(value) {
      const token = await provider.RefreshToken.find(value)
      return token !== undefined && !token.consumed
    },
    async forgetSession(id) {
      await (await provider.Session.find(id))?.destroy()
    },
  }
}
