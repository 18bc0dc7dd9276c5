import { decodeJwt } from 'jose'
import type { FakeEndSession, FakeEndSessionError, FakeProviderBehaviours } from './fake-provider.ts'
import type { FakeState } from './fake-state.ts'

/** A browser at the end-session endpoint, and the person in front of it. */
export interface FakeVisit {
  readonly url: URL
  /** A POST with these fields. */
  readonly form?: Readonly<Record<string, string>>
  /** The person says "No, stay signed in". */
  readonly decline: boolean
  readonly browser: string
}

/** What the end-session endpoint makes of a visit. An error is a page of its own: nothing ends, and nobody is sent back. */
export function visitEndSession(
  visit: FakeVisit,
  behaviours: FakeProviderBehaviours,
  state: FakeState,
  now: number,
): FakeEndSession {
  const parameters = { ...Object.fromEntries(visit.url.searchParams), ...visit.form }
  const hint = decodeHint(parameters['id_token_hint'])
  const error = errorOf(visit, parameters, hint, behaviours, now)
  if (error) return { parameters, ended: false, error }

  const back = behaviours.showsPage ? undefined : wayBack(parameters, behaviours)
  // A cross-site POST does not bring a Lax cookie along: there is no session to be seen.
  const unseen = visit.form !== undefined && !behaviours.sameSiteNone
  const stays = visit.decline || behaviours.declines || behaviours.keepsSession || unseen
  return {
    parameters,
    ...(back && { redirect: back }),
    ...(hint && hint !== 'garbage' && { hint }),
    ended: stays ? false : state.endBrowser(visit.browser),
  }
}

type Hint = Readonly<Record<string, unknown>> | 'garbage' | undefined

function decodeHint(token: string | undefined): Hint {
  if (token === undefined) return undefined
  try {
    return decodeJwt(token)
  } catch {
    return 'garbage'
  }
}

function errorOf(
  { form }: FakeVisit,
  parameters: Readonly<Record<string, string>>,
  hint: Hint,
  behaviours: FakeProviderBehaviours,
  now: number,
): FakeEndSessionError | undefined {
  const { client_id: client, state } = parameters
  if (form !== undefined && behaviours.refusesPost) return 'post'
  if (hint === 'garbage' || (hint && behaviours.refusesHint)) return 'hint'
  if (hint && behaviours.refusesExpiredHint && Number(hint['exp']) <= now) return 'expired_hint'
  if (client === undefined ? behaviours.wantsClientId : hint && hint['aud'] !== client) return 'client_id'
  if (state !== undefined && behaviours.refusesState) return 'state'
  const { redirectParameter = 'post_logout_redirect_uri' } = behaviours
  const back = parameters[redirectParameter]
  if (behaviours.wantsHint && !hint && (back !== undefined || state !== undefined)) return 'hint'
  return back === undefined && /^(returnTo|logout_uri)$/.test(redirectParameter) ? 'redirect' : undefined
}

function wayBack(
  parameters: Readonly<Record<string, string>>,
  { redirectParameter = 'post_logout_redirect_uri', returnsTo, omitState }: FakeProviderBehaviours,
): URL | undefined {
  const back = redirectParameter === 'none' ? returnsTo : parameters[redirectParameter]
  if (back === undefined) return undefined
  const url = new URL(back)
  const { state } = parameters
  if (state !== undefined && !omitState) url.searchParams.set('state', state)
  return url
}
