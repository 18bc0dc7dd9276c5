import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { describeApi, differences } from '../../../tools/check-api.mjs'

const folder = mkdtempSync(join(tmpdir(), 'endsession-api-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function apiOf(index: string): string {
  writeFileSync(join(folder, 'index.d.ts'), index)
  writeFileSync(
    join(folder, 'inner.d.ts'),
    'export interface Hidden { a: Deeper }\nexport type Deeper = 1\nexport type Unused = 2\n',
  )
  return describeApi([{ name: 'pkg', file: join(folder, 'index.d.ts') }], folder)
}

describe('the text of the public API', () => {
  it('lists exports by name, without comments, and what they mention but do not export', () => {
    const text = apiOf(
      '/** A comment. */\nexport declare function b(how: import("./inner.d.ts").Hidden): "x";\nexport declare const a: number;\n',
    )
    expect(text.split('\n')).toEqual([
      '## pkg',
      '',
      'const a: number;',
      "function b(how: import('./inner.d.ts').Hidden): 'x';",
      '',
      '## mentioned above, but without a public name',
      '',
      'type Deeper = 1;',
      'interface Hidden {',
      '  a: Deeper;',
      '}',
      '',
    ])
  })

  it('says what was removed and what is new, and where', () => {
    const before = apiOf('export interface Options { a?: string; b?: number }\n')
    const after = apiOf('export interface Options { a?: string; b?: string }\n')
    expect(differences(before, after)).toEqual([
      '- pkg: interface Options … b?: number;',
      '+ pkg: interface Options … b?: string;',
    ])
  })
})
