import { layer, makeReport } from '../../packages/endsession/src/report.ts'
import type { Page, PageSetting } from '../../packages/endsession/src/web/page.ts'
import { defaultTexts } from '../../packages/endsession/src/web/texts.ts'

/** The library's own pages, one of each kind. */

const long = 'a-very-long-name-for-a-mail-application.department.of.a.subsidiary.example.com'

export function setting(longNames = false): PageSetting {
  return { texts: defaultTexts, app: longNames ? long : 'mail.example.com', basePath: '/auth' }
}

const provider = 'id.example.com'
const to = '/auth/logout'

const report = makeReport('provider', 1_800_000_000, {
  browser: layer('cookies_expired'),
  app: layer('record_ended'),
  tokens: layer([
    ['refresh token', 'revoked'],
    ['access token', 'access_token_not_revoked'],
  ]),
  services: layer(
    [
      ['guard billing', 'guard_silent'],
      ['guard api', 'guard_confirmed'],
    ],
    1_800_003_600,
  ),
  peers: layer('peers_told_by_provider'),
  provider: layer('probe_login_required'),
  upstream: layer('upstream_unknown'),
})

const failed = makeReport('app', 1_800_000_000, {
  ...report.layers,
  app: layer('store_failed'),
  tokens: layer('store_failed_first'),
  services: layer('no_guard_follows'),
})

export const pages: Readonly<Record<string, Page>> = {
  confirm: {
    title: 'confirmTitle',
    sentence: 'confirmEverywhere',
    provider,
    action: { kind: 'form', text: 'confirmButton', method: 'post', to, fields: [['scope', 'everywhere']] },
  },
  leaving: {
    title: 'leavingTitle',
    sentence: 'leavingSentence',
    provider,
    // As far as the tests go, nothing moves on by itself.
    action: {
      kind: 'form',
      text: 'leavingButton',
      method: 'get',
      to,
      fields: [],
      autoSeconds: 3600,
      fallback: '/wait',
    },
    report,
  },
  signedOut: {
    title: 'signedOutTitle',
    sentence: 'signedOutEnded',
    provider,
    action: { kind: 'link', text: 'signInButton', href: '/' },
    report,
  },
  failed: {
    title: 'failedTitle',
    sentence: 'failedSentence',
    action: { kind: 'form', text: 'failedButton', method: 'post', to, fields: [], autoSeconds: 3600 },
    report: failed,
  },
  notSignedIn: {
    title: 'notSignedInTitle',
    sentence: 'notSignedInSentence',
    action: { kind: 'link', text: 'signInButton', href: '/' },
  },
  choose: {
    title: 'chooseTitle',
    sentence: 'chooseSentence',
    action: {
      kind: 'choice',
      links: [
        { text: provider, href: '/auth/login?provider=example' },
        { text: `login.${long}`, href: '/auth/login?provider=other' },
      ],
    },
  },
  loginFailed: {
    title: 'loginFailedTitle',
    sentence: 'loginFailedSentence',
    action: { kind: 'link', text: 'retryButton', href: '/auth/login' },
  },
  fresh: {
    title: 'freshTitle',
    sentence: 'freshSentence',
    provider,
    action: { kind: 'form', text: 'signInButton', method: 'get', to: '/auth/login', fields: [] },
  },
}
