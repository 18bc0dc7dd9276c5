import { describe, expect, it } from 'vitest'
import { blocksOf, brokenLinks, missingFiles, namesOf, slugsOf } from '../../../tools/check-docs.mjs'

const page = [
  '# Title',
  '',
  '```ts',
  'const a = 1',
  '```',
  'prose',
  '```ts continued',
  'a + 1',
  '```',
  '```sh',
  'npm i',
  '```',
].join('\n')

describe('the check of the documentation', () => {
  it('takes code blocks out with their line numbers, continued ones together', () => {
    const { blocks, problems } = blocksOf(page)
    expect(problems).toEqual([])
    expect(blocks).toHaveLength(1)
    expect(blocks[0]?.code.split('\n').slice(0, 8)).toEqual(['', '', '', 'const a = 1', '', '', '', 'a + 1'])
  })

  it.each([
    ['a block that is not to be checked', '```ts ignore\n1\n```', 'every block is checked'],
    ['a language of another name', '```typescript\n1\n```', 'so that the block is checked'],
    ['a continuation of nothing', '```ts continued\n1\n```', 'could continue'],
    ['a fence that is never closed', '```ts\n1\n', 'never closed'],
  ])('refuses %s', (_what, markdown, said) => {
    expect(
      blocksOf(markdown)
        .problems.map(({ what }) => what)
        .join(),
    ).toContain(said)
  })

  it('finds links that lead nowhere', () => {
    const headings = (file: string) => (file === 'docs/errors.md' ? ['err-store'] : undefined)
    const markdown =
      '[a](errors.md) [b](errors.md#err-store) [c](https://x.test)\n[d](missing.md)\n[e](errors.md#nothing)\n`[f](code.md)`'
    const problems = brokenLinks('docs/events.md', markdown, headings)
    expect(problems.map(({ line }) => line)).toEqual([2, 3])
  })

  it('finds files that are named and not there', () => {
    const there = (path: string) => path === 'test/unit/here.test.ts'
    const markdown = 'shown by `test/unit/here.test.ts`\nand by `test/unit/gone.test.ts`, see `other/thing`'
    expect(missingFiles(markdown, there).map(({ line }) => line)).toEqual([2])
  })

  it('names headings as links do', () => {
    expect(slugsOf('# A `code`, and more!\n```sh\n# not one\n```\n## B')).toEqual(['a-code-and-more', 'b'])
  })

  it('reads the names of a union, and of the types of events', () => {
    expect(namesOf("export type Code =\n  | 'A'\n  | 'B'\n\nconst c = 'C'", 'Code')).toEqual(['A', 'B'])
    const events =
      "export type Event =\n  | { readonly type: 'a.b'; readonly how: 'x' }\n  /** c */\n  | { readonly type: 'c.d' | 'e.f' }\n\nexport type Emit = 'g'"
    expect(namesOf(events, 'Event')).toEqual(['a.b', 'c.d', 'e.f'])
  })
})
