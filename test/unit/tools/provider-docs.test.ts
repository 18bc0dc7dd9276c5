import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { generic } from '../../../packages/endsession/src/profiles/generic.ts'
import { knownProviders } from '../../../packages/endsession/src/profiles/index.ts'
import { providerPages } from '../../../tools/provider-docs.mjs'

const file = (page: string) => fileURLToPath(new URL(`../../../${page}`, import.meta.url))
const read = (page: string) => (existsSync(file(page)) ? readFileSync(file(page), 'utf8') : '')
const known = { knownProviders, generic }

describe('the pages of providers', () => {
  const pages: Map<string, string> = providerPages(known, read('docs/providers.md'))

  it('say what the profiles say; if not, run: node tools/provider-docs.mjs --write', () => {
    for (const [page, text] of pages) expect([page, read(page)]).toEqual([page, text])
    const there = readdirSync(file('docs/providers')).map((name) => `docs/providers/${name}`)
    expect(there.filter((page) => !pages.has(page))).toEqual([])
  })

  it('[A2] name the source of each fact, and each field that has none as not confirmed', () => {
    for (const { name, facts } of knownProviders) {
      const [told, rest = ''] = (pages.get(`docs/providers/${name}.md`) ?? '').split('## Not confirmed')
      for (const field of Object.keys(generic).filter((one) => one !== 'name')) {
        const fact = facts[field as keyof typeof facts]
        if (fact) expect(told).toContain(`| ${fact.from}: ${fact.where} |`)
        expect([name, field, rest.includes(`\`${field}\``)]).toEqual([name, field, fact === undefined])
      }
    }
  })

  it('will not write where the marks are gone', () => {
    expect(() => providerPages(known, 'nothing')).toThrow('has lost its marks')
  })
})
