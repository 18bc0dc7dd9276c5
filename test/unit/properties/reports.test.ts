import type { LayerReport, Reason, Report, Scope } from 'endsession'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  layer,
  layers,
  makeReport,
  packReport,
  unpackReport,
  withLayers,
} from '../../../packages/endsession/src/report.ts'
import { holds } from './holds.ts'

const reasons = [
  ...[
    'cookies_expired',
    'record_ended',
    'ended_before',
    'unknown_cookie',
    'person_unknown',
    'store_failed',
    'revoked',
    'no_refresh_token',
  ],
  ...[
    'revoked_after_return',
    'revocation_reaches_farther',
    'no_revocation_endpoint',
    'revocation_failed',
    'access_token_not_revoked',
  ],
  ...[
    'no_guard_follows',
    'peers_told_by_provider',
    'sent_to_provider',
    'came_back',
    'probe_login_required',
    'upstream_unknown',
    'outside_scope',
  ],
] as Reason[]
const weakestFirst = ['failed', 'impossible', 'unknown', 'requested', 'skipped', 'ended']
const rank = ({ outcome }: LayerReport) => weakestFirst.indexOf(outcome)

const reason = () => fc.constantFrom(...reasons)
const until = () => fc.option(fc.nat(4_000_000_000), { nil: undefined })
const parts = (maxLength: number) =>
  fc.array(fc.tuple(fc.constantFrom('refresh token', 'access token'), reason()), { maxLength })
const row = (most: number) =>
  fc.oneof(
    fc.tuple(reason(), until()).map(([because, until]) => layer(because, until)),
    fc.tuple(parts(most), until()).map(([because, until]) => layer(because, until)),
  )
const report = (most: number): fc.Arbitrary<Report> =>
  fc
    .tuple(
      fc.constantFrom<Scope>('app', 'provider', 'everywhere'),
      fc.nat(4_000_000_000),
      fc.array(row(most), { minLength: 7, maxLength: 7 }),
    )
    .map(([scope, at, rows]) =>
      makeReport(scope, at, Object.fromEntries(layers.map((name, place) => [name, rows[place]])) as Report['layers']),
    )

const throughCookie = (report: Report): Report => unpackReport(JSON.parse(JSON.stringify(packReport(report))))

describe('reports in a cookie', () => {
  it('[L12 L19] come out as they went in', async () => {
    await holds(
      fc.property(report(8), (report) => {
        expect(throughCookie(report)).toEqual(report)
      }),
    )
  })

  it('[A2 L19] with any number of parts, no layer comes out better than it went in', async () => {
    await holds(
      fc.property(report(40), (report) => {
        const out = throughCookie(report)
        expect([out.scope, out.at]).toEqual([report.scope, report.at])
        for (const name of layers) expect(rank(out.layers[name]), name).toBe(rank(report.layers[name]))
      }),
      500,
    )
  })

  it('[L19] show the weakest of their parts, and nothing of what is out of scope', async () => {
    await holds(
      fc.property(report(12), fc.constantFrom(...layers), row(12), (report, name, told) => {
        for (const { parts = [], outcome } of Object.values(report.layers))
          for (const part of parts)
            expect(weakestFirst.indexOf(outcome)).toBeLessThanOrEqual(weakestFirst.indexOf(part.outcome))
        const again = withLayers(report, { [name]: told })
        const inScope = report.scope !== 'app' || ['browser', 'app', 'tokens', 'services'].includes(name)
        expect(again.layers[name]).toEqual(inScope ? told : layer('outside_scope'))
      }),
    )
  })
})
