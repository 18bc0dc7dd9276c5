import type { KeycloakServer } from 'endsession-servers/keycloak'
import { authorizationEndpoint, brokerCallback, tokenEndpoint } from './identity.ts'
import type { Answers } from './messages.ts'
import type { Plan } from './plan.ts'
import { type Person, people } from './servers/people.ts'
import { listen } from './servers/serve.ts'

/** Example ID and Acme as realms of a real Keycloak. */
export interface Keycloak {
  /** What the control room asks of them, by Keycloak's admin API. */
  readonly answers: Readonly<Record<'provider' | 'acme', Answers>>
  /** Where an administrator looks at it by hand. */
  readonly console: { readonly url: string; readonly name: string; readonly password: string }
  close(): Promise<void>
}

const [ana] = people as readonly [Person]

/** As long as at the demo's own provider: whoever looks at the room for a while sees no token end by itself. */
const accessTokenLifespan = 3600
const patienceSeconds = 60

export async function openKeycloak(plan: Plan, say: (line: string) => void): Promise<Keycloak> {
  const { startKeycloak } = await import('endsession-servers/keycloak')
  const { ports, urls, secrets, upstreamStays } = plan
  await checkPort(ports.provider)
  const server = await startKeycloak({
    port: ports.provider,
    say: (line) => say(`  ${line}`),
    variables: {
      ...aboutClient('MAIL', urls.mail, secrets.mail),
      ...aboutClient('CALENDAR', urls.calendar, secrets.calendar),
      API_URL: urls.api,
      ACME_SECRET: secrets.provider,
      ...(upstreamStays && { ACME_LOGOUT_URL: '' }),
    },
  })
  const changes = [
    await server.admin('PUT', '/example', { accessTokenLifespan }),
    ...(plan.next === undefined ? [] : [await server.admin('POST', '/example/clients', describeJobs(plan))]),
  ]
  const failed = changes.find(({ ok }) => !ok)
  if (failed) {
    await server.close()
    throw new Error(`Keycloak’s realm could not be set up (${failed.status})`)
  }
  await warmUp(plan)
  return {
    console: { url: `${server.url}/admin/`, name: server.adminName, password: server.adminPassword },
    answers: {
      provider: { ...answerFor(server, 'example'), ...answerForTokens(plan), ...answerForSwitches(server) },
      acme: answerFor(server, 'acme'),
    },
    close: () => server.close(),
  }
}

/** Java loads what a login needs when it is asked for the first time: a browser, and the apps with their deadlines, are not to wait for that. */
async function warmUp(plan: Plan): Promise<void> {
  const { urls } = plan
  const login = (at: 'provider' | 'acme', client: string, callback: string) => {
    const words = { client_id: client, redirect_uri: callback, response_type: 'code', scope: 'openid' }
    return `${authorizationEndpoint(plan, at)}?${new URLSearchParams(words)}`
  }
  const signal = () => AbortSignal.timeout(patienceSeconds * 1000)
  for (const url of [
    login('provider', 'mail', `${urls.mail}/auth/callback`),
    login('acme', 'example-id', brokerCallback(plan)),
    `${urls.provider}/.well-known/openid-configuration`,
    `${urls.provider}/protocol/openid-connect/certs`,
  ]) {
    await (await fetch(url, { signal: signal() })).text()
  }
  // A code that nobody has is refused, by all that looks at one.
  const body = new URLSearchParams({ grant_type: 'authorization_code', code: 'none', redirect_uri: urls.mail })
  const asMail = { method: 'POST', headers: { authorization: authorizationOfMail(plan) }, body, signal: signal() }
  await (await fetch(tokenEndpoint(plan), asMail)).text()
}

function authorizationOfMail({ secrets }: Plan): string {
  return `Basic ${Buffer.from(`mail:${secrets.mail}`).toString('base64')}`
}

/** Java knows no names under `.localhost`, so that Keycloak itself has to use another. */
function aboutClient(prefix: string, url: string, secret: string): Readonly<Record<string, string>> {
  return {
    [`${prefix}_URL`]: url,
    [`${prefix}_BACKCHANNEL_URL`]: `http://localhost:${new URL(url).port}`,
    [`${prefix}_SECRET`]: secret,
  }
}

/** The example's realm is for two apps. */
function describeJobs({ urls, secrets }: Plan): object {
  const routes = '/api/auth/endsession'
  return {
    clientId: 'next',
    name: 'Jobs',
    secret: secrets.next,
    redirectUris: [`${urls.next}/api/auth/callback/keycloak`],
    attributes: {
      'post.logout.redirect.uris': `${urls.next}${routes}/logged-out`,
      'backchannel.logout.url': `http://localhost:${new URL(urls.next).port}${routes}/backchannel-logout`,
      'backchannel.logout.session.required': 'true',
    },
    frontchannelLogout: false,
    protocolMappers: [
      {
        name: 'for the API',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-audience-mapper',
        config: { 'included.custom.audience': urls.api, 'access.token.claim': 'true' },
      },
    ],
  }
}

async function checkPort(port: number): Promise<void> {
  const servers = await listen(() => {}, port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new Error(`port ${port} is taken (for provider): choose another with --provider-port or --port-base`)
  })
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
}

function answerFor({ admin }: KeycloakServer, realm: 'example' | 'acme'): Answers {
  return {
    async knowsSession(id) {
      const answer = await admin('GET', `/${realm}/users/${ana.idAt[realm]}/sessions`)
      if (!answer.ok) throw new Error(`Keycloak’s admin API answered ${answer.status}`)
      return ((await answer.json()) as readonly { readonly id: string }[]).some((session) => session.id === id)
    },
    async forgetSession(id) {
      await (await admin('DELETE', `/${realm}/sessions/${id}`)).body?.cancel()
    },
  }
}

/** Of what can go wrong at the demo's own provider, this is a setting of Keycloak's: where it logs out behind itself. */
function answerForSwitches({ admin, upstreamIssuer }: KeycloakServer): Answers {
  const path = '/example/identity-provider/instances/acme'
  return {
    async setSwitch({ name, on }) {
      if (name !== 'upstreamStays') throw new Error('Keycloak does not do that when asked')
      const broker = (await (await admin('GET', path)).json()) as { readonly config: object }
      const logoutUrl = on ? '' : `${upstreamIssuer}/protocol/openid-connect/logout`
      const changed = await admin('PUT', path, { ...broker, config: { ...broker.config, logoutUrl } })
      if (!changed.ok) throw new Error(`Keycloak’s admin API answered ${changed.status}`)
      return undefined
    },
  }
}

/** Introspection, RFC 7662: it uses nothing up. */
function answerForTokens(plan: Plan): Answers {
  return {
    async knowsRefreshToken(token) {
      const answer = await fetch(`${tokenEndpoint(plan)}/introspect`, {
        method: 'POST',
        headers: { authorization: authorizationOfMail(plan) },
        body: new URLSearchParams({ token, token_type_hint: 'refresh_token' }),
        signal: AbortSignal.timeout(5000),
      })
      if (!answer.ok) throw new Error(`Keycloak’s introspection answered ${answer.status}`)
      return ((await answer.json()) as { readonly active: boolean }).active
    },
  }
}
