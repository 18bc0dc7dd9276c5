import type { Profile, ProviderOptions } from 'endsession'
import type { FakeProviderBehaviours } from 'endsession/testing'
import { origin } from './setting.ts'

/** How one provider behaves, what is set for it in the options, and what a logout there sends and claims. */
export interface Choice {
  readonly behaves: FakeProviderBehaviours
  readonly set?: Partial<Profile>
  /** It speaks OAuth 2.0 alone: what its options are beside its profile. */
  readonly plain?: Pick<ProviderOptions, 'issuer' | 'endpoints'>
  /** The parameters of the visit to its logout; nothing: there is no visit. */
  readonly sends?: string
  /** `outcome reason` of these rows once the browser is back, or has stayed here. */
  readonly tokens: string
  readonly peers: string
  readonly provider: string
  readonly upstream: string
}

const standard = 'id_token_hint client_id post_logout_redirect_uri state'
const visited = { tokens: 'ended revoked', peers: 'requested peers_told_by_provider', provider: 'requested came_back' }
const alone = { ...visited, peers: 'unknown peers_not_told' }
const none = { peers: 'impossible no_end_session_endpoint', provider: 'impossible no_end_session_endpoint' }
const unknown = 'unknown upstream_unknown'
const irrevocable = 'impossible no_revocation_endpoint'
const person = 'skipped revocation_reaches_farther'
const quiet = { backchannel_logout_supported: undefined, frontchannel_logout_supported: undefined }
const plain = {
  withoutOpenid: true,
  responseIss: false,
  omitRefreshToken: true,
  noEndSession: true,
  metadata: quiet,
}
const onlyFrontchannel = { backchannel_logout_supported: undefined, frontchannel_logout_supported: true }

/** The choice for each profile. Where a fact is not confirmed, the fake takes the less friendly reading. */
export const choices: Readonly<Record<string, Choice>> = {
  generic: { behaves: {}, sends: standard, ...visited, upstream: unknown },
  adfs: {
    behaves: { noRevocation: true, metadata: onlyFrontchannel },
    sends: standard,
    ...visited,
    tokens: irrevocable,
    upstream: unknown,
  },
  apple: {
    behaves: { noEndSession: true, omitSid: true, metadata: quiet },
    ...none,
    tokens: 'ended revoked',
    upstream: unknown,
  },
  auth0: { behaves: { logoutTokenTyp: 'JWT' }, sends: standard, ...visited, tokens: person, upstream: unknown },
  'auth0-v2-logout': {
    behaves: {
      noEndSession: true,
      redirectParameter: 'returnTo',
      omitState: true,
      refusesHint: true,
      refusesPost: true,
    },
    sends: 'client_id returnTo',
    ...visited,
    tokens: person,
    upstream: unknown,
  },
  authelia: {
    behaves: { noEndSession: true, omitSid: true, metadata: quiet },
    ...none,
    tokens: 'ended revoked',
    upstream: unknown,
  },
  authentik: {
    behaves: { keepsSession: true, logoutTokenWithoutExp: true, logoutTokenTyp: 'JWT' },
    sends: standard,
    ...visited,
    upstream: unknown,
  },
  'azure-ad-b2c': {
    behaves: { noRevocation: true, refusesPost: true, metadata: quiet },
    sends: standard,
    ...alone,
    tokens: irrevocable,
    upstream: unknown,
  },
  casdoor: { behaves: { refusesPost: true, metadata: quiet }, sends: standard, ...alone, upstream: unknown },
  cognito: {
    behaves: {
      noEndSession: true,
      omitSid: true,
      omitState: true,
      redirectParameter: 'logout_uri',
      refusesHint: true,
      refusesPost: true,
      wantsClientId: true,
      metadata: quiet,
    },
    set: { endSessionUrl: 'https://login.id.example/logout' },
    sends: 'client_id logout_uri',
    ...alone,
    upstream: unknown,
  },
  descope: { behaves: {}, sends: standard, ...visited, upstream: unknown },
  dex: {
    behaves: { noRevocation: true },
    sends: standard,
    ...visited,
    tokens: irrevocable,
    upstream: 'unknown upstream_broker',
  },
  discord: {
    behaves: { ...plain, issuer: 'https://discord.com', omitRefreshToken: false },
    plain: {},
    ...none,
    tokens: person,
    upstream: unknown,
  },
  duende: { behaves: {}, sends: standard, ...visited, upstream: unknown },
  entra: {
    behaves: { noRevocation: true, omitAuthTime: true, omitSid: true, metadata: onlyFrontchannel },
    sends: 'id_token_hint client_id logout_hint post_logout_redirect_uri state',
    ...visited,
    tokens: irrevocable,
    upstream: unknown,
  },
  facebook: {
    behaves: { ...plain, issuer: 'https://www.facebook.com' },
    plain: {},
    ...none,
    tokens: person,
    upstream: unknown,
  },
  fusionauth: {
    behaves: { noRevocation: true, refusesExpiredHint: true, refusesPost: true, metadata: onlyFrontchannel },
    sends: standard,
    ...visited,
    tokens: irrevocable,
    upstream: unknown,
  },
  github: {
    behaves: {
      ...plain,
      issuer: 'https://github.com/login/oauth',
      responseIss: true,
      errorStatus: 200,
      expiresIn: null,
    },
    plain: {},
    ...none,
    // Its parts say that the access token has ended, too.
    tokens: 'ended no_refresh_token',
    upstream: unknown,
  },
  gitlab: {
    behaves: { noEndSession: true, omitSid: true, metadata: quiet },
    ...none,
    tokens: 'ended revoked',
    upstream: unknown,
  },
  google: {
    behaves: { noEndSession: true, omitSid: true, omitAuthTime: true, metadata: quiet },
    ...none,
    tokens: person,
    upstream: unknown,
  },
  hydra: {
    behaves: { wantsHint: true, logoutTokenWithoutExp: true },
    sends: standard,
    ...visited,
    upstream: unknown,
  },
  kanidm: {
    behaves: { noEndSession: true, omitSid: true, metadata: quiet },
    ...none,
    tokens: 'ended revoked',
    upstream: unknown,
  },
  keycloak: { behaves: {}, sends: standard, ...visited, upstream: 'unknown upstream_broker' },
  linkedin: {
    behaves: { ...plain, issuer: 'https://www.linkedin.com/oauth', noRevocation: true },
    plain: {},
    ...none,
    tokens: irrevocable,
    upstream: unknown,
  },
  'login-gov': {
    behaves: { noRevocation: true, omitSid: true, refusesHint: true, wantsClientId: true, metadata: quiet },
    sends: 'client_id post_logout_redirect_uri state',
    ...alone,
    tokens: irrevocable,
    upstream: unknown,
  },
  logto: { behaves: { refusesPost: true }, sends: standard, ...visited, upstream: unknown },
  oauth: {
    behaves: { ...plain, omitRefreshToken: false },
    plain: {
      issuer: 'https://id.example',
      endpoints: {
        authorization_endpoint: 'https://id.example/authorize',
        token_endpoint: 'https://id.example/token',
        userinfo_endpoint: 'https://id.example/user',
        revocation_endpoint: 'https://id.example/revoke',
      },
    },
    ...none,
    tokens: 'ended revoked',
    upstream: unknown,
  },
  'oidc-provider': { behaves: { refusesPost: true }, sends: standard, ...visited, upstream: unknown },
  okta: {
    behaves: { wantsHint: true, omitSid: true, metadata: onlyFrontchannel },
    sends: standard,
    ...visited,
    upstream: unknown,
  },
  onelogin: { behaves: { wantsHint: true }, sends: standard, ...visited, upstream: unknown },
  pingfederate: { behaves: {}, sends: standard, ...visited, upstream: unknown },
  pingone: {
    behaves: { refusesExpiredHint: true, refusesPost: true, metadata: quiet },
    sends: standard,
    ...alone,
    upstream: unknown,
  },
  salesforce: {
    behaves: {
      omitState: true,
      redirectParameter: 'none',
      refusesHint: true,
      refusesPost: true,
      refusesState: true,
      returnsTo: `${origin}/auth/logged-out`,
      metadata: onlyFrontchannel,
    },
    sends: 'client_id',
    ...visited,
    upstream: unknown,
  },
  slack: {
    behaves: { noEndSession: true, noRevocation: true, omitSid: true, metadata: quiet },
    ...none,
    tokens: irrevocable,
    upstream: unknown,
  },
  wso2: { behaves: { logoutTokenTyp: 'JWT' }, sends: standard, ...visited, upstream: unknown },
  zitadel: {
    behaves: { metadata: { frontchannel_logout_supported: undefined } },
    sends: standard,
    ...visited,
    upstream: unknown,
  },
}
