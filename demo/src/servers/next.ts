import '../localhost-lookup.ts'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { tokenEndpoint } from '../identity.ts'
import { send } from '../once/send.ts'
import type { Plan } from '../plan.ts'
import { makeFetch } from './filmed-fetch.ts'
import { recordTokens } from './recorder.ts'
import { type Server, serve } from './serve.ts'

/** What a custom server needs of Next.js. It is the example's own, and not among the demo's packages. */
type MakeNext = (options: { dev: false; dir: string; hostname: string; port: number }) => {
  prepare(): Promise<void>
  getRequestHandler(): Server['listener']
}

/** Jobs: `examples/next-authjs` as it stands there, built. What the others are told by the plan, it reads from the environment. */
async function prepareNext(plan: Plan): Promise<Server> {
  const folder = plan.next ?? ''
  const { hostname } = new URL(plan.urls.next)
  Object.assign(process.env, {
    NODE_ENV: 'production',
    NEXT_TELEMETRY_DISABLED: '1',
    AUTH_URL: plan.urls.next,
    AUTH_TRUST_HOST: 'true',
    AUTH_SECRET: plan.sessionSecrets.next,
    AUTH_KEYCLOAK_ISSUER: plan.urls.provider,
    AUTH_KEYCLOAK_ID: 'next',
    AUTH_KEYCLOAK_SECRET: plan.secrets.next,
    AUTH_ENABLED: String(plan.auth.apps === 'enabled'),
    DATABASE: join(plan.folder, 'next.db'),
    JOBS_URL: plan.urls.api,
    JOBS_KEY: plan.feedKeys.next,
  })
  // Neither Auth.js nor the app knows of the demo: it listens in from below.
  globalThis.fetch = recordTokens(tokenEndpoint(plan), makeFetch(plan, 'next'))
  const next: MakeNext = createRequire(join(folder, 'package.json'))('next')
  const app = next({ dev: false, dir: folder, hostname, port: plan.ports.next })
  await app.prepare()
  const listener = app.getRequestHandler()
  await warmUp(listener)
  return { listener }
}

/** Next.js loads a route when it is asked for the first time: the API's guard is not to wait for that. */
async function warmUp(listener: Server['listener']): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  // Without a key: it is refused, and nothing is done.
  await send(new URL('/api/auth/endsession/feed', `http://127.0.0.1:${port}`), { deadlineSeconds: 60 })
  server.close()
}

serve('next', prepareNext)
