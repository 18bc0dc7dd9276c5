import { readFileSync } from 'node:fs'
import { type Layer, type Outcome, type Report, remaining } from 'endsession'
import { describe, expect, it } from 'vitest'
import {
  layer,
  layers,
  layersOf,
  makeReport,
  outcomeOf,
  packReport,
  type Reason,
  unpackReport,
  withLayers,
} from '../../packages/endsession/src/report.ts'

/** What each reason may claim. A change here is a change of what a report promises. */
const outcomes: Readonly<Record<Outcome, readonly Reason[]>> = {
  ended: [
    ...(['cookies_expired', 'record_ended', 'ended_before', 'unknown_cookie', 'revoked', 'no_refresh_token'] as const),
    ...([
      'access_token_revoked',
      'no_access_token',
      'access_tokens_expired',
      'probe_login_required',
      'no_upstream',
    ] as const),
  ],
  requested: ['revoked_after_return', 'peers_told_by_provider', 'sent_to_provider', 'came_back', 'upstream_parameter'],
  unknown: ['record_gone', 'peers_not_told', 'probe_inconclusive', 'upstream_unknown', 'upstream_broker'],
  impossible: [
    ...(['no_browser', 'person_unknown', 'no_revocation_endpoint', 'no_guard_follows'] as const),
    ...(['no_end_session_endpoint', 'provider_not_configured'] as const),
  ],
  failed: [
    'store_failed',
    'revocation_failed',
    'access_token_not_revoked',
    'probe_still_signed_in',
    'provider_unreachable',
  ],
  skipped: [
    'no_session',
    'signed_in_since',
    'revocation_reaches_farther',
    'store_failed_first',
    'browser_not_sent',
    'outside_scope',
  ],
}

const everyLayer = (reason: Reason) =>
  Object.fromEntries(layers.map((name) => [name, layer(reason)])) as Record<Layer, Report['layers']['app']>

describe('reasons', () => {
  for (const [outcome, reasons] of Object.entries(outcomes))
    it.each(reasons)(`[L19 A2] ${outcome}: %s`, (reason) => {
      expect(outcomeOf(reason)).toBe(outcome)
      expect(layer(reason)).toMatchObject({ outcome, reason })
      expect(layer(reason).evidence).toMatch(/^[A-Z].*\.$/)
    })
})

const written = [
  ...readFileSync(new URL('../../docs/report.md', import.meta.url), 'utf8').matchAll(
    /^\| `(\w+)` \| (\w+) \| [^|]+ \| ([^|]+?) \|$/gm,
  ),
]

describe('docs/report.md', () => {
  it('[L19] has a row for what the tests above know', () => {
    const known = Object.values(outcomes).flat()
    expect(written.map(([, reason]) => reason)).toEqual(expect.arrayContaining(known))
  })

  it.each(written.map(([, reason, outcome, sentence]) => [reason, outcome, sentence] as const))(
    '[L19] says of %s what a report says',
    (reason, outcome, sentence) => {
      const row = layer(reason as Reason)
      expect([row.outcome, row.evidence]).toEqual([outcome, sentence?.replace(/ \*\(.*\)\*$/, '')])
    },
  )
})

describe('a layer of several parts', () => {
  const weakestFirst: Reason[] = [
    'revocation_failed',
    'no_revocation_endpoint',
    'record_gone',
    'revoked_after_return',
    'revocation_reaches_farther',
    'revoked',
  ]
  const pairs = weakestFirst.flatMap((weaker, place) =>
    weakestFirst.slice(place + 1).map((stronger) => [weaker, stronger] as const),
  )
  it.each(pairs)('[L19] %s is weaker than %s, in either order', (weaker, stronger) => {
    expect(
      layer([
        ['a', weaker],
        ['b', stronger],
      ]).reason,
    ).toBe(weaker)
    expect(
      layer([
        ['b', stronger],
        ['a', weaker],
      ]).reason,
    ).toBe(weaker)
  })

  it('[L19] names its parts, each kind once; none is no proof', () => {
    expect(
      layer([
        ['a', 'revoked'],
        ['b', 'revocation_failed'],
      ]).parts,
    ).toHaveLength(2)
    const one = [{ what: 'a', outcome: 'ended', reason: 'revoked' }]
    expect(layer([['a', 'revoked']])).toEqual({ ...layer('revoked'), parts: one })
    expect(
      layer([
        ['a', 'revoked'],
        ['a', 'revoked'],
      ]).parts,
    ).toEqual(one)
    expect(layer([]).outcome).not.toBe('ended')
  })

  it('[L19 A2] is no better after its time in a cookie, however many parts there were', () => {
    const many = Array.from(
      { length: 40 },
      (_, place) => [`service-${place}`, place === 39 ? 'revocation_failed' : 'revoked'] as const,
    )
    const report = makeReport('everywhere', 1, { ...everyLayer('record_ended'), tokens: layer(many) })
    expect(report.layers.tokens.outcome).toBe('failed')
    const back = unpackReport(JSON.parse(JSON.stringify(packReport(report))))
    expect(back.layers.tokens).toMatchObject({ outcome: 'failed', reason: 'revocation_failed' })
    expect(back.layers.tokens.parts?.length).toBeLessThanOrEqual(8)
    expect(JSON.stringify(packReport(report)).length).toBeLessThan(800)
  })
})

describe('a report', () => {
  it('[L19] of scope app covers four layers, of the others all seven', () => {
    expect(layersOf('app')).toEqual(['browser', 'app', 'tokens', 'services'])
    expect(layersOf('provider')).toEqual(layers)
    expect(layersOf('everywhere')).toEqual(layers)
    const report = makeReport('app', 1, everyLayer('record_ended'))
    expect(layers.filter((name) => report.layers[name].outcome === 'ended')).toEqual(layersOf('app'))
    for (const name of ['peers', 'provider', 'upstream'] as const)
      expect(report.layers[name].reason).toBe('outside_scope')
  })

  it.each(['failed', 'impossible', 'unknown', 'requested', 'skipped'] as const)(
    '[L19] remaining lists what is %s, within the scope',
    (outcome) => {
      const reason = outcomes[outcome][0] as Reason
      for (const name of layers) {
        const rows = { ...everyLayer('record_ended'), [name]: layer(reason) }
        expect(remaining(makeReport('provider', 1, rows))).toEqual([name])
        expect(remaining(makeReport('app', 1, rows))).toEqual(layersOf('app').includes(name) ? [name] : [])
      }
      expect(remaining(makeReport('everywhere', 1, everyLayer('record_ended')))).toEqual([])
    },
  )

  it('[L19] told anew keeps its scope: a row outside it cannot be claimed', () => {
    const report = makeReport('app', 1, everyLayer('record_ended'))
    expect(withLayers(report, { provider: layer('probe_login_required') })).toEqual(report)
    const wide = makeReport('provider', 1, everyLayer('sent_to_provider'))
    expect(withLayers(wide, { provider: layer('came_back') }).layers.provider.reason).toBe('came_back')
    expect(wide.layers.provider.reason).toBe('sent_to_provider')
  })

  it('[L19] is the same after its time in a cookie', () => {
    const tokens = layer([
      ['refresh token', 'revoked'],
      ['access token', 'access_token_not_revoked'],
    ])
    const report = makeReport('everywhere', 1_800_000_000, {
      ...everyLayer('sent_to_provider'),
      tokens,
      services: layer('no_guard_follows', 1_800_003_600),
    })
    expect(unpackReport(JSON.parse(JSON.stringify(packReport(report))))).toEqual(report)
  })
})
