import '../../../demo/dist/servers/quiet.js'
import type { IncomingMessage } from 'node:http'
import { type ClientMetadata, Provider } from 'oidc-provider'
import type { Page } from 'playwright-core'
import type { Site } from './site.ts'

export const clientSecret = 'the secret that apps and provider share'

/** A real provider, without anybody behind it: it asks for a name, and believes it. */
export function serveProvider(site: Site, apps: readonly Site[]): void {
  const openid = new Provider(site.origin, {
    clients: apps.map(describeApp),
    cookies: { keys: ['a key for the cookies of a test'] },
    // Its guard refuses loopback addresses, and this process does not know the names.
    fetch: (url, { dispatcher: _guard, ...init }: RequestInit & { dispatcher?: unknown } = {}) =>
      fetch(onLoopback(String(url)), init),
    findAccount: (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    clientBasedCORS: () => false,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      revocation: { enabled: true },
      // What is asked for stands in the address then, for everybody to change.
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = `<title>${askScreen}</title>${form}
<button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>
<button form="op.logoutForm">No, stay signed in</button>`
        },
      },
    },
    async loadExistingGrant({ oidc: { client, session, provider, params } }) {
      if (!client || !session?.accountId) return undefined
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
      grant.addOIDCScope(String(params?.['scope']))
      await grant.save()
      return grant
    },
  })
  openid.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next()
    await openid.interactionDetails(ctx.req, ctx.res)
    ctx.type = 'html'
    if (ctx.method === 'GET') {
      ctx.body = `<title>${loginScreen}</title><form method="post"><input name="name"><button>Sign in</button></form>`
      return
    }
    ctx.respond = false
    const accountId = (await readText(ctx.req)).get('name') ?? ''
    await openid.interactionFinished(ctx.req, ctx.res, { login: { accountId } })
  })
  site.answerWith(openid.callback())
}

function describeApp({ name, origin }: Site): ClientMetadata {
  return {
    client_id: name,
    client_secret: clientSecret,
    redirect_uris: [`${origin}/auth/callback`],
    post_logout_redirect_uris: [`${origin}/auth/logged-out`],
    backchannel_logout_uri: `${origin}/auth/backchannel-logout`,
    backchannel_logout_session_required: true,
  }
}

function onLoopback(url: string): string {
  return url.replace(/^http:\/\/[\w-]+\.localhost:/, 'http://127.0.0.1:')
}

async function readText(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request) text += chunk
  return new URLSearchParams(text)
}

/** Titles of its pages. */
export const loginScreen = 'Who are you?'
export const askScreen = 'Sign out of Example ID?'

/** What a person does at the login screen. */
export async function signIn(page: Page, name: string): Promise<void> {
  await page.locator('input[name=name]').fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
}
