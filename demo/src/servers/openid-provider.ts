import './quiet.ts'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { type Configuration, type KoaContextWithOIDC, Provider } from 'oidc-provider'
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

/** The fields of a form post, at most 4 KiB of them. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > 4096) throw new Error('the form is too long')
  }
  return new URLSearchParams(text)
}
