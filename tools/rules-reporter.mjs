// A vitest reporter: after the tests, the table of rules and tests. Tests name the rules of docs/rules.md that they carry
// in their title or in that of a `describe` around them, as in `[A1 S7]`, and the people's needs as `need 12`.
// A full run fails when a rule has no passing test, or when a test names a rule that does not exist.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

const rulesFile = new URL('../docs/rules.md', import.meta.url)
const needCount = 35

/** `- **A1** text` or `- **F6** *(later: services)* text`. */
export function parseRules(markdown) {
  const lines = [...markdown.matchAll(/^- \*\*([A-Z]\d{1,2})\*\*(?: \*\(later: ([^)]+)\)\*)?/gm)]
  return lines.map(([, id, later]) => ({ id, later }))
}

/** What a title names. A bracket that begins like a rule but cannot be read is a mistake, and is said. */
export function parseTitle(title) {
  const rules = new Set()
  const unreadable = []
  for (const [bracket, inside] of title.matchAll(/\[([A-Z]\d{1,2}\b[^\]]*)\]/g)) {
    for (const word of inside.split(/[\s,]+/)) {
      if (/^[A-Z]\d{1,2}$/.test(word)) rules.add(word)
      else if (!/^(needs?|and|\d+|)$/.test(word)) unreadable.push(bracket)
    }
  }
  const needs = new Set()
  for (const [, list] of title.matchAll(/\bneeds? (\d+(?:(?:, ?| and |, and )\d+)*)/g)) {
    for (const number of list.match(/\d+/g)) needs.add(Number(number))
  }
  return { rules, needs, unreadable }
}

/**
 * `tests`: title (with those of the suites around it), file, state and note of each test.
 * Answers the table's rows, the line of needs, and the problems that make a full run fail.
 */
export function summarise(rules, tests) {
  const rows = new Map(rules.map((rule) => [rule.id, { ...rule, passed: 0, failed: 0, skipped: 0, files: new Map() }]))
  const needs = new Set()
  const problems = []
  const without = []
  for (const test of tests) {
    const cited = parseTitle(test.title)
    for (const bracket of cited.unreadable)
      problems.push(`${test.file}: cannot read ${bracket} in "${test.title}"; write [A1 S7].`)
    for (const id of cited.rules) {
      const row = rows.get(id)
      if (!row) {
        problems.push(`${test.file}: "${test.title}" names rule ${id}, which docs/rules.md does not have.`)
        continue
      }
      row[test.state] += 1
      row.files.set(test.file, (row.files.get(test.file) ?? 0) + 1)
    }
    if (test.state === 'passed') for (const need of cited.needs) needs.add(need)
  }
  for (const need of needs)
    if (need < 1 || need > needCount) problems.push(`A test names need ${need}; they are 1 to ${needCount}.`)

  const table = []
  for (const row of rows.values()) {
    const counts = ['passed', 'failed', 'skipped']
      .filter((state) => row[state] > 0)
      .map((state) => `${row[state]} ${state}`)
    if (row.later) counts.push(`later: ${row.later}`)
    const files = [...row.files].map(
      ([file, count]) => `${file.replace(/^test\//, '').replace(/\.test\.ts$/, '')} (${count})`,
    )
    const text = `  ${row.id.padEnd(4)}${(counts.join(', ') || 'NO TEST').padEnd(22)}  ${files.join(', ')}`.trimEnd()
    table.push({ text, tests: row.files.size })
    if (row.passed === 0 && !row.later) without.push(row.id)
  }
  if (without.length > 0) {
    problems.push(
      `Rules without a passing test: ${without.join(', ')}. Write one that names the rule, as in [${without[0]}].`,
    )
  }
  const covered = [...needs].sort((a, b) => a - b).join(', ') || 'none'
  return { table, needs: `Needs covered by a passing test: ${covered}`, problems }
}

/** Skipped tests, with their reasons; those of one file and one reason together. */
export function leftOut(tests) {
  const groups = new Map()
  for (const test of tests) {
    if (test.state !== 'skipped') continue
    const reason = test.note ?? 'no reason given'
    const key = `${test.file}: ${reason}`
    groups.set(key, [...(groups.get(key) ?? []), test.title])
  }
  return [...groups].map(
    ([key, titles]) => `left out: ${titles.length === 1 ? `"${titles[0]}"` : `${titles.length} tests`} of ${key}`,
  )
}

/** Errors outside of tests: a file that does not load, a hook that throws. Each counts as a failure. */
function countErrors(testModules) {
  let count = 0
  for (const module of testModules) {
    count += module.errors().length
    for (const suite of module.children.allSuites()) count += suite.errors().length
  }
  return count
}

export default class RulesReporter {
  onInit(vitest) {
    this.vitest = vitest
  }

  async onTestRunEnd(testModules, unhandledErrors) {
    const fileOf = (module) => relative(this.vitest.config.root, module.moduleId)
    const tests = testModules.flatMap((module) =>
      [...module.children.allTests()].map((test) => {
        const { state, note } = test.result()
        return { title: test.fullName, file: fileOf(module), state: state === 'pending' ? 'skipped' : state, note }
      }),
    )
    const rules = parseRules(readFileSync(rulesFile, 'utf8'))
    const { table, needs, problems } = summarise(rules, tests)
    const partial = await this.whyPartial(testModules)
    const rows = table.filter((row) => !partial || row.tests > 0).map((row) => row.text)
    // A run that was narrowed by name skips all the others: no news.
    const skipped = this.vitest.config.testNamePattern ? [] : leftOut(tests)
    console.log(['\nThe rules of docs/rules.md and the tests that carry them:', ...rows, needs, ...skipped].join('\n'))
    if (partial) {
      console.log(`Not every rule was asked for: ${partial}. A plain \`npm test\` checks them all.`)
    } else if (problems.length > 0) {
      console.log(`\nThe tests do not carry the rules:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
      process.exitCode = 1
    } else {
      console.log('Every rule has a passing test, but for those marked later.')
    }
    const count = (state) => tests.filter((test) => test.state === state).length
    const failed = count('failed') + countErrors(testModules) + unhandledErrors.length
    console.log(`\n${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`)
  }

  /** Only a run of every test can say that a rule has none. */
  async whyPartial(testModules) {
    if (this.vitest.config.testNamePattern) return 'this run was narrowed by a test name'
    const ran = new Set(testModules.map((module) => module.moduleId))
    const all = await this.vitest.globTestSpecifications()
    const missing = all.filter((specification) => !ran.has(specification.moduleId)).length
    return missing > 0 ? `this run left out ${missing} of ${all.length} test files` : undefined
  }
}
