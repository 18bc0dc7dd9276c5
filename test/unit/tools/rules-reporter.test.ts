import { describe, expect, it } from 'vitest'
import { leftOut, parseRules, parseTitle, summarise } from '../../../tools/rules-reporter.mjs'

const rules = parseRules('- **A1** Local first.\n- **F6** *(later: services)* The feed.\n- **S12** A store.\n')
const test = (title: string, state = 'passed', note?: string) => ({ title, file: 'test/unit/x.test.ts', state, note })

describe('the table of rules and tests', () => {
  it('reads rules, and which are for later', () => {
    expect(rules).toEqual([
      { id: 'A1', later: undefined },
      { id: 'F6', later: 'services' },
      { id: 'S12', later: undefined },
    ])
  })

  it('reads rules and needs out of a title, the suites around it included', () => {
    const cited = parseTitle('store [S5 S6] > end [A13], need 4 > keeps needs 7, 9 and 12')
    expect([...cited.rules]).toEqual(['S5', 'S6', 'A13'])
    expect([...cited.needs]).toEqual([4, 7, 9, 12])
  })

  it('is content when every rule but the later ones has a passing test', () => {
    expect(summarise(rules, [test('[A1 S12] both')]).problems).toEqual([])
  })

  it.each([
    ['no test', [test('[A1] one')], 'without a passing test: S12'],
    ['only a skipped test', [test('[A1] one'), test('[S12] two', 'skipped')], 'without a passing test: S12'],
    ['an unknown rule', [test('[A1 S12 Z9] one')], 'names rule Z9'],
    ['a bracket that cannot be read', [test('[A1-S12] one')], 'cannot read'],
    ['a need that is none', [test('[A1 S12] need 36')], 'need 36'],
  ])('complains about %s', (_what, tests, said) => {
    expect(summarise(rules, tests).problems.join('\n')).toContain(said)
  })

  it('lists what was left out, with the reason', () => {
    expect(leftOut([test('one', 'skipped', 'this Node has no node:sqlite')])).toEqual([
      'left out: "one" of test/unit/x.test.ts: this Node has no node:sqlite',
    ])
  })
})
