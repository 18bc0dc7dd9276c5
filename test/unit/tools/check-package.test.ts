import { expect, it } from 'vitest'
import { unwanted } from '../../../tools/check-package.mjs'

it('wants compiled files of living sources and the papers in the package, and nothing else', () => {
  const paths = [
    'package.json',
    'README.md',
    'dist/a.js',
    'dist/a.d.ts',
    'dist/gone.js',
    'dist/.tsbuildinfo',
    'secret.env',
  ]
  const problems = unwanted(paths, (path: string) => path === 'src/a.ts')
  expect(problems.map((problem: string) => problem.split(' ')[0])).toEqual([
    'dist/gone.js',
    'dist/.tsbuildinfo',
    'secret.env',
  ])
})
