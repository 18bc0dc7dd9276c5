import { type KnownProvider, observed, source } from './known-provider.ts'

const demo = 'oidc-provider 9.13.3, which the demo runs'
const file = (path: string): string => `oidc-provider 9.13.3, ${path}`

/** panva's oidc-provider (npm). */
export const oidcProvider: KnownProvider = {
  name: 'oidc-provider',
  title: 'oidc-provider (npm)',
  issuers: [],
  facts: {
    idTokenHint: observed('recommended', demo),
    expiredHint: source('accepted', file('lib/models/id_token.js, validate: ignoreExpiration')),
    sendClientId: observed(true, demo),
    redirectParameter: observed('post_logout_redirect_uri', demo),
    echoesState: observed(true, demo),
    acceptsPost: source(false, file('lib/helpers/defaults.js: enableHttpPostMethods, off unless switched on')),
    revocation: observed('standard', demo),
    // A grant is one login of one browser (lib/models/session.js, `grantIdFor`).
    revocationReach: observed('grant', `${demo}; lib/helpers/revoke.js, revokeByGrantId`),
    // JWT access tokens can not be revoked at all: they are not stored. So asking for them would gain nothing.
    revocationCoversAccessToken: source(
      true,
      file('lib/helpers/revoke.js; JWT ones not at all: lib/shared/reject_structured_tokens.js'),
    ),
    revokeBeforeLeaving: source(true, file('lib/actions/revocation.js leaves the session alone')),
    logoutTokenHasExp: observed(true, `${demo}; lib/models/id_token.js: 120 s`),
    // After "No, stay signed in", too, the asking client gets its logout token.
    logoutTokenProves: observed('nothing', `${demo}; lib/actions/end_session.js, confirm`),
    // A living session without consent answers `consent_required` (prompts/consent.js).
    probeProves: observed(true, `${demo}; lib/helpers/interaction_policy/prompts/login.js`),
    sidUnguessable: source(true, file('lib/models/session.js, ensureClientContainer: nanoid')),
    // It goes with the session, and with the client's entry in it after a declined logout.
    sidReused: source(false, file('lib/models/session.js, ensureClientContainer')),
    // Any `max_age`, and `prompt=login`, make `auth_time` essential; `max_age=0` becomes `prompt=login`.
    authTime: observed('max_age', `${demo}; lib/actions/authorization/claims.js, assignClaims`),
    interactive: observed({ prompt: 'login', max_age: '0' }, demo),
  },
  offers: {
    endSession: observed(true, demo),
    revocation: source(true, file('features.revocation, off unless switched on')),
    backchannel: source(true, file('features.backchannelLogout, off unless switched on')),
    frontchannel: source(false, file('removed with version 7')),
  },
  toDo: [
    source('Switch on features.revocation and features.backchannelLogout.', file('lib/helpers/defaults.js')),
    source(
      'post_logout_redirect_uris, backchannel_logout_uri and backchannel_logout_session_required of the client are named as in the specifications.',
      file('lib/helpers/defaults.js'),
    ),
  ],
  unconfirmed: ['It authenticates people itself, unless the app around it does otherwise.'],
}
