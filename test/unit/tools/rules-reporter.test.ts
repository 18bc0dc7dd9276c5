import { describe, expect, it } from 'vitest'
import { contractTable, leftOut, parseRules, parseTitle, summarise } from '../../../tools/rules-reporter.mjs'

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
})

describe('a rule whose only tests need what this machine does not have', () => {
  const lack = 'no server here; `get it` gets one'

  it('is named, and no reason to fail', () => {
    const { problems, untold } = summarise(rules, [test('[A1] one'), test('[S12] two', 'skipped', lack)])
    expect({ problems, untold }).toEqual({ problems: [], untold: ['S12'] })
  })

  it('fails all the same when another of its tests fails', () => {
    const tests = [test('[A1] one'), test('[S12] two', 'skipped', lack), test('[S12] three', 'failed')]
    expect(summarise(rules, tests).problems.join()).toContain('without a passing test: S12')
  })
})

describe('what was left out', () => {
  const lack = 'no server here; `get it` gets one'

  it('is listed with the reason, once for all the tests that have it', () => {
    const elsewhere = { ...test('three', 'skipped', lack), file: 'test/browser/y.test.ts' }
    const tests = [
      test('zero'),
      test('one', 'skipped', 'this Node has no node:sqlite'),
      test('two', 'skipped', lack),
      test('two and a half', 'skipped', lack),
      elsewhere,
    ]
    expect(leftOut(tests).lines).toEqual([
      'left out: "one" of test/unit/x.test.ts: this Node has no node:sqlite',
      `left out: 3 tests of unit/x, browser/y: ${lack}`,
    ])
  })

  it('is missing where a command could have changed it, and only there', () => {
    const tests = [test('one', 'skipped', 'this Node has no node:sqlite'), test('two', 'skipped', lack)]
    expect(leftOut(tests).missing).toEqual([lack])
    expect(leftOut([test('one', 'skipped')]).missing).toEqual([])
  })
})

describe('the table of stores', () => {
  it('counts each store’s contract, with its clock moved and in real time', () => {
    const moved = 'sqlite store on libsql, a clock that is moved > the store contract > marks >'
    expect(
      contractTable([
        test('memory store, real time > the store contract > time > expires'),
        test(`${moved} one`),
        test(`${moved} two`, 'failed'),
        test('sqlite store on libsql, real time > the store contract > feed > three'),
        test('a server > redis store, several partitions, its own clock > the store contract > feed > x', 'skipped'),
        test('sqlite store on libsql > says what is wrong'),
      ]),
    ).toEqual([
      '  store contract                     passed    failed  left out',
      '  memory store                            1         0         0',
      '  sqlite store on libsql                  2         1         0',
      '  redis store, several partitions         0         0         1',
    ])
  })

  it('is not printed where no store was asked for', () => {
    expect(contractTable([test('one')])).toEqual([])
  })
})
