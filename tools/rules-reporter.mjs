// A vitest reporter: after the tests, the table of rules and tests. Tests name the rules of docs/rules.md that they carry
// in their title or in that of a `describe` around them, as in `[A1 S7]`, and the people's needs as `need 12`.
// A full run fails when a rule has no passing test, or when a test names a rule that does not exist. Then which store has
// passed the store contract, and what was left out: with NOTHING_LEFT_OUT=1 the run fails if a command could have changed that.
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
 * Answers the table's rows, the line of needs, the problems that make a full run fail, and the rules of tests that were
 * all left out for want of something.
 */
export function summarise(rules, tests) {
  const fresh = () => ({ passed: 0, failed: 0, skipped: 0, lacks: 0, files: new Map() })
  const rows = new Map(rules.map((rule) => [rule.id, { ...rule, ...fresh() }]))
  const needs = new Set()
  const problems = []
  const without = []
  const untold = []
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
      if (test.state === 'skipped' && isLack(test.note)) row.lacks += 1
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
    const files = [...row.files].map(([file, count]) => `${shorten(file)} (${count})`)
    const text = `  ${row.id.padEnd(4)}${(counts.join(', ') || 'NO TEST').padEnd(22)}  ${files.join(', ')}`.trimEnd()
    table.push({ text, tests: row.files.size })
    // Where a browser or a server is missing, this machine cannot tell; another one can.
    if (row.passed === 0 && !row.later) (row.lacks > 0 && row.failed === 0 ? untold : without).push(row.id)
  }
  if (without.length > 0) {
    problems.push(
      `Rules without a passing test: ${without.join(', ')}. Write one that names the rule, as in [${without[0]}].`,
    )
  }
  const covered = [...needs].sort((a, b) => a - b).join(', ') || 'none'
  return { table, needs: `Needs covered by a passing test: ${covered}`, problems, untold }
}

/** The `describe` right around the store contract names the store; whose clock the cases use makes no other store. */
const contractTitle = /(?:^|> )([^>]+?)(?:, [^,>]*\b(?:clock|time)\b[^,>]*)? > the store contract > /

/** How each store has done in the store contract, in the order of their tests; no lines if none was asked for. */
export function contractTable(tests) {
  const stores = new Map()
  for (const { title, state } of tests) {
    const [, store] = contractTitle.exec(title) ?? []
    if (!store) continue
    const counts = stores.get(store) ?? { passed: 0, failed: 0, skipped: 0 }
    counts[state] += 1
    stores.set(store, counts)
  }
  if (stores.size === 0) return []
  const width = Math.max(...[...stores.keys()].map((store) => store.length))
  const line = (name, ...columns) => `  ${name.padEnd(width)}${columns.map((column) => column.padStart(10)).join('')}`
  const rows = [...stores].map(([store, { passed, failed, skipped }]) =>
    line(store, String(passed), String(failed), String(skipped)),
  )
  return [line('store contract', 'passed', 'failed', 'left out'), ...rows]
}

/**
 * Skipped tests, those of one reason together: a note of `context.skip`, or the `leftOut` in the meta of a test or suite.
 * `missing`: reasons that name a command, in backticks, and so are about something that this machine could have.
 */
export function leftOut(tests) {
  const groups = new Map()
  for (const test of tests) {
    if (test.state !== 'skipped') continue
    const reason = test.note ?? 'no reason given'
    groups.set(reason, [...(groups.get(reason) ?? []), test])
  }
  const lines = [...groups].map(([reason, group]) => {
    if (group.length === 1) return `left out: "${group[0].title}" of ${group[0].file}: ${reason}`
    const files = [...new Set(group.map(({ file }) => shorten(file)))]
    return `left out: ${group.length} tests of ${files.join(', ')}: ${reason}`
  })
  return { lines, missing: [...groups.keys()].filter(isLack) }
}

function isLack(reason) {
  return reason !== undefined && /`[^`]+`/.test(reason)
}

function shorten(file) {
  return file.replace(/^test\//, '').replace(/\.test\.tsx?$/, '')
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
        return {
          title: test.fullName,
          file: fileOf(module),
          state: state === 'pending' ? 'skipped' : state,
          note: note ?? test.meta().leftOut,
        }
      }),
    )
    const rules = parseRules(readFileSync(rulesFile, 'utf8'))
    const { table, needs, problems, untold } = summarise(rules, tests)
    const partial = await this.whyPartial(testModules)
    const rows = table.filter((row) => !partial || row.tests > 0).map((row) => row.text)
    // A run that was narrowed by name skips all the others: no news.
    const skipped = this.vitest.config.testNamePattern ? { lines: [], missing: [] } : leftOut(tests)
    console.log(['\nThe rules of docs/rules.md and the tests that carry them:', ...rows, needs].join('\n'))
    if (partial) {
      console.log(`Not every rule was asked for: ${partial}. A plain \`npm test\` checks them all.`)
    } else if (problems.length > 0) {
      console.log(`\nThe tests do not carry the rules:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
      process.exitCode = 1
    } else {
      const left = untold.length > 0 ? ` and ${untold.join(', ')}, whose tests were left out here` : ''
      console.log(`Every rule has a passing test, but for those marked later${left}.`)
    }
    for (const lines of [contractTable(tests), skipped.lines])
      if (lines.length > 0) console.log(`\n${lines.join('\n')}`)
    if (process.env.NOTHING_LEFT_OUT && skipped.missing.length > 0) {
      console.log('\nNOTHING_LEFT_OUT is set, and tests were left out for want of something that a command installs.')
      process.exitCode = 1
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
