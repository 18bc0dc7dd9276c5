import { type App, tellEnded } from '../app.ts'
import { EndSessionError } from '../errors.ts'
import { type LogoutToken, type LogoutTokenCheck, peekIssuer, verifyLogoutToken } from '../protocol/logout-token.ts'
import type { Provider } from '../protocol/provider.ts'
import type { Retries } from '../retries.ts'
import { deadline, sleep, within } from '../runtime.ts'
import type { Selector } from '../session/store.ts'
import { settleRecords } from '../settle.ts'
import { readForm, single } from '../web/request.ts'

/** How long a store may keep a provider waiting: most give up after 5 s, and send once. */
const patienceSeconds = 3

/**
 * `POST backchannel-logout` (OpenID Connect Back-Channel Logout 1.0, section 2.8): 200 once the sessions have ended, else
 * 400 in fixed words. The same token again is 200 again, and ends nothing newer than itself.
 */
export async function backchannelLogout(app: App, retries: Retries, request: Request): Promise<Response> {
  try {
    const { provider, token } = await readLogoutToken(app, request)
    const selector = selectorOf(provider, token)
    const end = async () => {
      const { records } = await app.store.end(selector, 'backchannel')
      tellEnded(app, records)
      const due = records.filter(({ settled }) => !settled)
      if (due.length > 0) app.options.runtime.waitUntil(settleRecords(app, due, deadline(app.options.deadlineSeconds)))
    }
    if (await insist(app, end)) return answer(200)
    retries.keep(JSON.stringify(selector), end)
    return answer(400)
  } catch (error) {
    const check = error instanceof EndSessionError ? checkOf(error) : undefined
    if (check === undefined) throw error
    app.options.emit({ type: 'backchannel.rejected', check })
    return answer(check === 'request' ? (error as EndSessionError).status : 400)
  }
}

async function readLogoutToken(app: App, request: Request): Promise<{ provider: Provider; token: LogoutToken }> {
  const text = single(await readForm(request), 'logout_token')
  if (text === undefined) throw new EndSessionError('ERR_REQUEST', 'A logout token is expected.')
  const { iss, aud } = peekIssuer(text)
  const provider = [...app.providers.values()].find(
    ({ config }) => config.issuer === iss && aud.includes(config.clientId) && !config.withoutOpenid,
  )
  if (!provider)
    throw new EndSessionError('ERR_LOGOUT_TOKEN', 'The logout token is not for this app.', { cause: { check: 'iss' } })
  return { provider, token: await verifyLogoutToken(text, provider, app.options.runtime) }
}

/** With a `sid` that session, without one all of this person's (section 2.7). */
function selectorOf(provider: Provider, { sub, sid, iat }: LogoutToken): Selector {
  const { issuer: iss, clientId: client, profile } = provider.config
  if (sid === undefined) return { by: 'sub', iss, client, sub: sub as string, before: iat }
  // The clocks of a provider's nodes differ; a `sid` that never comes back cannot be hit too late.
  const slackSeconds = profile.sidReused ? 0 : 60
  return { by: 'sid', iss, client, sid, ...(sub !== undefined && { sub }), before: iat, slackSeconds }
}

/** Providers send once: a store that fails is asked again for as long as the provider waits. */
async function insist(app: App, end: () => Promise<void>): Promise<boolean> {
  const { monotonic } = app.options.runtime
  const started = monotonic()
  const left = () => patienceSeconds - (monotonic() - started)
  while (left() > 0) {
    const failed = await within(end(), left()).catch((error) => error)
    if (!failed) return true
    if (left() > 0) await sleep(Math.min(0.2, left()))
  }
  return false
}

/** Which check said no; nothing for what is not the token's fault, nor its sender's. */
function checkOf({ code, cause }: EndSessionError): LogoutTokenCheck | 'request' | 'keys' | undefined {
  if (code === 'ERR_REQUEST') return 'request'
  if (code === 'ERR_PROVIDER') return 'keys'
  return code === 'ERR_LOGOUT_TOKEN' ? (cause as { check: LogoutTokenCheck }).check : undefined
}

function answer(status: number): Response {
  const body =
    status === 200 ? null : JSON.stringify({ error: 'invalid_request', error_description: 'The logout was not done.' })
  const headers = { 'cache-control': 'no-store', ...(body !== null && { 'content-type': 'application/json' }) }
  return new Response(body, { status, headers })
}
