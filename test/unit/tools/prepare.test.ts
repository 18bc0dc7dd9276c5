import { describe, expect, it } from 'vitest'
import { isNodeNewEnough, whyInstall } from '../../../tools/prepare.mjs'

const lock = (version: string, more: object = {}) => ({
  packages: { '': {}, 'node_modules/a': { version, integrity: `sha512-${version}`, ...more } },
})

describe('getting a clone ready', () => {
  it.each([
    ['18.20.0', false],
    ['20.18.9', false],
    ['20.19.0', true],
    ['22.1.0', true],
    ['24.0.0', true],
  ])('Node %s: %s', (version, enough) => {
    expect(isNodeNewEnough(version)).toBe(enough)
  })

  it.each([
    ['nothing is installed', lock('1.0.0'), undefined, 'nothing is installed yet'],
    ['a package is missing', lock('1.0.0'), { packages: {} }, 'node_modules/a is missing'],
    ['another version is there', lock('1.1.0'), lock('1.0.0'), 'node_modules/a is another version'],
    [
      'an optional package of another system is missing',
      lock('1.0.0', { optional: true }),
      { packages: {} },
      undefined,
    ],
    ['everything is there', lock('1.0.0'), lock('1.0.0'), undefined],
  ])('when %s', (_what, wanted, installed, why) => {
    expect(whyInstall(wanted, installed)).toBe(why)
  })
})
