import { generic } from './generic.ts'
import type { Profile } from './profile.ts'

/** panva's oidc-provider (npm), version 9. Each fact was read in the file that it names, of version 9.13.3. */
export const oidcProvider: Profile = Object.freeze({
  ...generic,
  name: 'oidc-provider',
  // lib/models/id_token.js, `validate`: `ignoreExpiration: true`.
  expiredHint: 'accepted',
  // lib/actions/revocation.js and lib/helpers/revoke.js: `revokeByGrantId` for every kind of token of the grant; and a
  // grant is one login of one browser (lib/models/session.js, `grantIdFor`).
  revocationReach: 'grant',
  // Opaque access tokens die with the grant. JWT access tokens can not be revoked at all: they are not stored, and
  // lib/shared/reject_structured_tokens.js answers `unsupported_token_type`. So asking for them would gain nothing.
  revocationCoversAccessToken: true,
  // lib/actions/revocation.js leaves `session.authorizations` alone: lib/actions/end_session.js finds the client there.
  revokeBeforeLeaving: true,
  // lib/models/id_token.js, `issue`, use `logout`: `expiresIn: 120`, `typ: 'logout+jwt'`.
  logoutTokenHasExp: true,
  // lib/actions/end_session.js, `confirm`: after "No, stay signed in", too, the asking client gets its logout token.
  logoutTokenProves: 'nothing',
  // lib/helpers/interaction_policy/prompts/login.js: without `max_age`, hints and claims, `login_required` says that
  // the session has no account. A living session without consent answers `consent_required` (prompts/consent.js).
  probeProves: true,
  // lib/models/session.js, `ensureClientContainer`: `nanoid()`, one per session and client.
  sidUnguessable: true,
  // The same: it goes with the session, and with the client's entry in it after a declined logout.
  sidReused: false,
  // lib/actions/authorization/claims.js, `assignClaims`: any `max_age`, and `prompt=login`, make `auth_time` essential;
  // request_parameters.js, `checkMaxAge`: `max_age=0` becomes `prompt=login`.
  authTime: 'max_age',
  // It authenticates people itself, unless the app around it does otherwise.
  upstream: 'unknown',
})
