import { describe, expect, it } from 'vitest'
import { checkFile, checkOutsider } from '../../../tools/check-layers.mjs'

const said = (file: string, text: string) => checkFile(file, text).map(({ line, what }) => `${line}: ${what}`)

describe('the check of layers and globals', () => {
  it.each([
    ['a lower layer', 'flows/logout.ts', "import { createSealer } from '../session/sealing.ts'"],
    ['its own layer', 'protocol/login.ts', "import { discover } from './discovery.ts'"],
    ['a dependency', 'protocol/jwks.ts', "import { jwtVerify } from 'jose'"],
    [
      'the types of a Node built-in, in an adapter',
      'adapters/node.ts',
      "import type { IncomingMessage } from 'node:http'",
    ],
    ['the types of express, in an adapter', 'adapters/express.ts', "import type { RequestHandler } from 'express'"],
    ['session and base, in a store', 'stores/sqlite.ts', "import type { Store } from '../session/store.ts'"],
    ['node:assert, in testing', 'testing/index.ts', "import assert from 'node:assert/strict'"],
    [
      'names that only look like globals',
      'flows/login.ts',
      'export const a = (r: { fetch: typeof fetch }) => r.fetch("x").then(({ process: p }) => p)',
    ],
    [
      'everything, in runtime.ts',
      'runtime.ts',
      "import { createHash } from 'node:crypto'\nexport const now = () => Date.now()",
    ],
    ['a global that is no outside world', 'adapters/express.ts', 'export const a = () => new globalThis.Response()'],
    [
      'the world of a browser, and types from the base, in browser',
      'browser/index.ts',
      "import { useRef } from 'react'\nimport type { Scope } from '../words.ts'\nexport const a = () => fetch('/')",
    ],
    ['a constant set', 'errors.ts', "export const known = new Set(['a'])\nexport class Oops extends Error {}"],
  ])('allows %s', (_what, file, text) => {
    expect(said(file, text)).toEqual([])
  })

  it.each([
    [
      'an import upwards',
      'protocol/login.ts',
      "import { b } from '../session/cookie.ts'",
      'protocol may not import session',
    ],
    ['code of the library in browser', 'browser/index.ts', "import { a } from '../errors.ts'", 'may have types only'],
    ['react elsewhere', 'flows/login.ts', "import { useRef } from 'react'", 'react is for browser only'],
    [
      'a type import upwards',
      'session/store.ts',
      "import type { Options } from '../options.ts'",
      'session may not import options',
    ],
    [
      'an import type node upwards',
      'errors.ts',
      "export type A = import('./session/store.ts').Store",
      'base may not import session',
    ],
    [
      'a dynamic import upwards',
      'words.ts',
      "export const a = () => import('./index.ts')",
      'base may not import index',
    ],
    ['a re-export upwards', 'profiles/index.ts', "export * from '../flows/logout.ts'", 'profiles may not import flows'],
    ['a flow in what flows share', 'settle.ts', "import { a } from './flows/login.ts'", 'steps may not import flows'],
    ['a flow in a flow', 'flows/logout.ts', "import { a } from './login.ts'", 'flows do not import each other'],
    [
      'protocol in a store',
      'stores/sqlite.ts',
      "import { a } from '../protocol/login.ts'",
      'stores may not import protocol',
    ],
    ['a store in the core', 'index.ts', "import { a } from './stores/sqlite.ts'", 'index may not import stores'],
    [
      'testing in an adapter',
      'adapters/node.ts',
      "import { a } from '../testing/index.ts'",
      'adapters may not import testing',
    ],
    [
      'a way out of the package',
      'index.ts',
      "import { a } from '../../../demo/src/a.ts'",
      "outside of the package's src",
    ],
    ['a package that is none of ours', 'protocol/login.ts', "import got from 'got'", 'no dependency of the library'],
    ['the code of express', 'adapters/express.ts', "import express from 'express'", 'lends its types'],
    ['Next.js at once', 'adapters/next-auth/a.ts', "import { headers } from 'next/headers.js'", 'lends its types'],
    ['Next.js in a flow', 'flows/a.ts', "const f = () => import('next/headers.js')", 'lends its types'],
    ['a Node built-in', 'session/sealing.ts', "import { createHash } from 'node:crypto'", 'Node built-in'],
    [
      'a Node built-in run by an adapter',
      'adapters/node.ts',
      "import { Readable } from 'node:stream'",
      'Node built-in',
    ],
    ['an import without its ending', 'index.ts', "import { a } from './app'", 'with its .ts ending'],
    ['a file in no layer', 'extra/new.ts', 'export const a = 1', 'in no layer'],
    ['the clock', 'flows/login.ts', 'export const a = () => Date.now()', 'Date is for runtime.ts only'],
    ['a new Date', 'flows/login.ts', 'export const a = () => new Date()', 'Date is for runtime.ts only'],
    ['randomness', 'flows/login.ts', 'export const a = () => Math.random()', 'Math.random is for runtime.ts only'],
    ['web crypto', 'flows/login.ts', 'export const a = () => crypto.randomUUID()', 'crypto is for runtime.ts only'],
    ['fetch', 'flows/login.ts', "export const a = () => fetch('https://x.test')", 'fetch is for runtime.ts only'],
    ['fetch handed on', 'flows/login.ts', 'export const a = () => ({ fetch })', 'fetch is for runtime.ts only'],
    ['fetch as a default', 'flows/login.ts', 'export const a = ({ f = fetch }) => f', 'fetch is for runtime.ts only'],
    ['a way around', 'flows/login.ts', "export const a = () => globalThis.fetch('x')", 'fetch is for runtime.ts only'],
    ['a longer way around', 'flows/login.ts', 'export const a = () => globalThis.Math.random()', 'Math.random is for'],
    [
      'a hidden way around',
      'flows/login.ts',
      "export const a = () => globalThis['fetch']",
      'globalThis is for runtime.ts only',
    ],
    ['the environment', 'options.ts', 'export const a = () => process.env.SECRET', 'process is for runtime.ts only'],
    ['the console', 'app.ts', "export const a = () => console.log('x')", 'console is for runtime.ts only'],
    ['a timer', 'app.ts', 'export const a = () => setTimeout(a, 1)', 'setTimeout is for runtime.ts only'],
    ['an interval', 'app.ts', 'export const a = () => setInterval(a, 1)', 'setInterval is for runtime.ts only'],
    ['a stop watch', 'app.ts', 'export const a = () => performance.now()', 'performance is for runtime.ts only'],
    [
      'a deadline of its own',
      'app.ts',
      'export const a = () => AbortSignal.timeout(1)',
      'AbortSignal.timeout is for runtime.ts only',
    ],
    ['a default export', 'app.ts', 'export default 1', 'no default exports'],
    ['a default function', 'app.ts', 'export default function a() {}', 'no default exports'],
    ['a renamed default', 'app.ts', 'const a = 1\nexport { a as default }', 'no default exports'],
    ['a class', 'app.ts', 'export class A {}', 'no classes'],
    ['an exported let', 'app.ts', 'export let a = 1', 'no module-level state'],
    ['a module-level let', 'app.ts', 'let a = 1\nexport const b = () => (a += 1)', 'no module-level state'],
    [
      'a module-level map',
      'app.ts',
      'const seen = new Map<string, number>()\nexport const b = () => seen',
      'no module-level state',
    ],
    ['top-level await', 'app.ts', 'export const a = await Promise.resolve(1)', 'no top-level await'],
    ['a long file', 'app.ts', 'export const a = 1\n'.replace('1', `[\n${'1,\n'.repeat(300)}]`), '302 lines'],
    ['a drawer of utilities', 'session/utils.ts', 'export const a = 1', 'no utils'],
    ['a name in another case', 'session/memoryStore.ts', 'export const a = 1', 'kebab-case'],
  ])('refuses %s, once', (_what, file, text, sentence) => {
    const problems = said(file, text)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(sentence)
  })

  it('names the line', () => {
    expect(said('app.ts', 'export const a = 1\n\nexport default a')[0]).toMatch(/^3: /)
  })

  it('lets demo, examples and bench in by the name of the package only', () => {
    expect(checkOutsider('demo/src/app.ts', "import { createEndSession } from 'endsession'")).toEqual([])
    const problems = checkOutsider('demo/src/app.ts', "import { a } from '../../packages/endsession/src/index.ts'")
    expect(problems).toHaveLength(1)
    expect(problems[0]?.what).toContain('import it by its name')
  })
})
