import { describe, expect, it } from 'vitest'
import { type Findings, failedReport, reportOf } from '../../packages/endsession/src/logout-report.ts'
import { generic } from '../../packages/endsession/src/profiles/generic.ts'
import type { Profile } from '../../packages/endsession/src/profiles/profile.ts'
import type { Provider } from '../../packages/endsession/src/protocol/provider.ts'
import type { EndedRecord } from '../../packages/endsession/src/session/store.ts'

const at = 1_800_000_000
const record = (more: Partial<EndedRecord> = {}) =>
  ({ id: '0.own', repeated: false, tokens: [], ...more }) as unknown as EndedRecord
const providerWith = (profile: Partial<Profile>) =>
  ({ config: { profile: { ...generic, ...profile } } }) as unknown as Provider

const good: Findings = {
  scope: 'provider',
  at,
  id: '0.own',
  own: record(),
  records: [record()],
  newer: false,
  revocation: [['refresh token', 'revoked']],
  confirmations: [],
  provider: providerWith({ upstream: 'none' }),
  departure: 'leaving',
  hosted: false,
}
const rowsOf = (findings: Partial<Findings>, tellsOthers = true) =>
  Object.fromEntries(
    Object.entries(reportOf({ ...good, ...findings }, tellsOthers).layers).map(([name, { outcome, reason }]) => [
      name,
      `${outcome} ${reason}`,
    ]),
  )

describe('reportOf', () => {
  const cases: [what: string, findings: Partial<Findings>, rows: Record<string, string>][] = [
    [
      'an end of this very call',
      {},
      { browser: 'ended cookies_expired', app: 'ended record_ended', tokens: 'ended revoked' },
    ],
    ['one that came before', { own: record({ repeated: true }) }, { app: 'ended ended_before' }],
    ['sessions that began since', { own: record({ repeated: true }), newer: true }, { app: 'skipped signed_in_since' }],
    [
      'no cookie',
      { id: undefined, own: undefined, records: [] },
      { app: 'skipped no_session', tokens: 'skipped no_session', services: 'skipped no_session' },
    ],
    [
      'a cookie that the store does not know',
      { own: undefined, records: [], revocation: [] },
      { app: 'ended unknown_cookie', tokens: 'unknown record_gone', services: 'unknown record_gone' },
    ],
    [
      'the same, everywhere',
      { scope: 'everywhere', own: undefined, records: [] },
      { app: 'impossible person_unknown' },
    ],
    [
      'a token that was not revoked',
      {
        revocation: [
          ['refresh token', 'revoked'],
          ['refresh token', 'revocation_failed'],
        ],
      },
      { tokens: 'failed revocation_failed' },
    ],
    ['no part at all', { revocation: [] }, { tokens: 'skipped no_session' }],
    ['no access token', {}, { services: 'ended no_access_token' }],
    [
      'an access token that has expired',
      { records: [record({ tokens: [{ hash: 'h', expiresAt: at }] })] },
      { services: 'ended access_tokens_expired' },
    ],
    [
      'one that lives for a second',
      { records: [record({ tokens: [{ hash: 'h', expiresAt: at + 0.5 }] })] },
      { services: 'impossible no_guard_follows' },
    ],
    [
      "another session's that lives",
      {
        records: [
          record({ tokens: [{ hash: 'h', expiresAt: at - 9 }] }),
          record({ id: '0.other', tokens: [{ hash: 'i', expiresAt: at + 9 }] }),
        ],
      },
      { services: 'impossible no_guard_follows' },
    ],
    ['leaving', {}, { provider: 'requested sent_to_provider', peers: 'requested peers_told_by_provider' }],
    [
      'a provider without a logout',
      { departure: 'no_end_session_endpoint' },
      { provider: 'impossible no_end_session_endpoint', peers: 'impossible no_end_session_endpoint' },
    ],
    [
      'one that is down',
      { departure: 'provider_unreachable' },
      { provider: 'failed provider_unreachable', peers: 'failed provider_unreachable' },
    ],
    [
      'one that is not there',
      { departure: 'provider_not_configured', provider: undefined },
      {
        provider: 'impossible provider_not_configured',
        peers: 'impossible provider_not_configured',
        upstream: 'unknown upstream_unknown',
      },
    ],
    [
      'scope app',
      { scope: 'app', departure: 'outside_scope' },
      { provider: 'skipped outside_scope', peers: 'skipped outside_scope', upstream: 'skipped outside_scope' },
    ],
    ['nothing behind the provider', {}, { upstream: 'ended no_upstream' }],
    [
      'something unknown',
      { provider: providerWith({ upstream: 'unknown' }) },
      { upstream: 'unknown upstream_unknown' },
    ],
    ['a broker', { provider: providerWith({ upstream: 'broker' }) }, { upstream: 'unknown upstream_broker' }],
    [
      'a parameter for it',
      { provider: providerWith({ upstream: 'parameter', extraParameters: { federated: '' } }) },
      { upstream: 'requested upstream_parameter' },
    ],
    [
      'a parameter that the profile does not name',
      { provider: providerWith({ upstream: 'parameter' }) },
      { upstream: 'unknown upstream_unknown' },
    ],
    [
      'a parameter that nobody sends',
      { provider: providerWith({ upstream: 'parameter' }), departure: 'provider_unreachable' },
      { upstream: 'unknown upstream_unknown' },
    ],
  ]
  it.each(cases)('[L19 A2] %s', (_, findings, rows) => {
    expect(rowsOf(findings)).toMatchObject(rows)
  })

  it('[L19] peers are asked for only by a provider that tells them', () => {
    expect(rowsOf({}, false)['peers']).toBe('unknown peers_not_told')
  })

  it('[L19] services: until the last access token of any of the sessions has expired', () => {
    const tokens = [
      { hash: 'a', expiresAt: at + 10.2 },
      { hash: 'b', expiresAt: at - 5 },
    ]
    const records = [record({ tokens }), record({ id: '0.other', tokens: [{ hash: 'c', expiresAt: at + 7 }] })]
    expect(reportOf({ ...good, records }, true).layers.services).toMatchObject({
      outcome: 'impossible',
      until: at + 11,
    })
  })

  it('[A2 L19] nothing but the browser has ended when the store has not confirmed', () => {
    for (const scope of ['app', 'provider', 'everywhere'] as const) {
      const { layers } = failedReport(scope, at)
      expect(
        Object.entries(layers)
          .filter(([, { outcome }]) => outcome === 'ended')
          .map(([name]) => name),
      ).toEqual(['browser'])
      expect(layers.app).toMatchObject({ outcome: 'failed', reason: 'store_failed' })
    }
  })
})
