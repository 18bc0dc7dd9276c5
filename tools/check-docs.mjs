// Checks the documentation: every ```ts, ```tsx and ```js block compiles against the built package, as a user would have
// it; links lead somewhere; pages stay short; and the pages of errors and events name every one of them.
// A block is a module of its own; ```ts continued goes on with the block before it.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const longestPage = 120
const languages = ['ts', 'tsx', 'js']

/**
 * The code blocks of a page, and the problems of its fences. Each block keeps its line numbers: what is not code is blank,
 * so that the compiler's line is the page's line.
 */
export function blocksOf(markdown) {
  const lines = markdown.split('\n')
  const blocks = []
  const problems = []
  let open
  for (const [index, line] of lines.entries()) {
    const fence = /^( {0,3})(`{3,}|~{3,})\s*(.*)$/.exec(line)
    if (open) {
      if (fence?.[2].startsWith(open.fence) && fence[3] === '') open = undefined
      else open.block?.lines.push([index, line])
      continue
    }
    if (!fence) continue
    const [language, ...words] = fence[3].trim().split(/\s+/)
    open = { fence: fence[2], line: index + 1 }
    if (['typescript', 'javascript', 'mjs', 'jsx', 'mts'].includes(language)) {
      problems.push({
        line: index + 1,
        what: `\`${language}\`: write one of ${languages.join(', ')}, so that the block is checked`,
      })
    }
    if (!languages.includes(language)) continue
    const previous = blocks.at(-1)
    const unknown = words.filter((word) => word !== 'continued')
    if (unknown.length > 0)
      problems.push({
        line: index + 1,
        what: `\`${words.join(' ')}\`: every block is checked; only \`continued\` may follow`,
      })
    if (words.includes('continued') && previous?.language === language) open.block = previous
    else {
      if (words.includes('continued'))
        problems.push({ line: index + 1, what: `no ${language} block before it that it could continue` })
      open.block = { language, line: index + 1, lines: [] }
      blocks.push(open.block)
    }
  }
  if (open) problems.push({ line: open.line, what: 'this fence is never closed' })
  return { blocks: blocks.map(({ language, line, lines: code }) => ({ language, line, code: padded(code) })), problems }
}

function padded(lines) {
  const text = []
  for (const [index, line] of lines) text[index] = line
  // A block is a module even when it imports nothing; the mark stands after its last line.
  return `${Array.from(text, (line) => line ?? '').join('\n')}\nexport {}\n`
}

/** Links to files, and to headings of files, that are not there. Links to the web are not followed. */
export function brokenLinks(page, markdown, headingsOf) {
  const problems = []
  let fenced = false
  for (const [index, line] of markdown.split('\n').entries()) {
    if (/^ {0,3}(```|~~~)/.test(line)) fenced = !fenced
    if (fenced) continue
    for (const [, target] of line.replace(/`[^`]*`/g, '').matchAll(/\]\(<?([^)\s>]+)>?[^)]*\)/g)) {
      if (/^[a-z][a-z+.-]*:/i.test(target)) continue
      const [path, heading] = target.split('#')
      const file = path === '' ? page : join(dirname(page), decodeURIComponent(path))
      const headings = headingsOf(file)
      if (!headings) problems.push({ line: index + 1, what: `the link ${target} leads nowhere` })
      else if (heading && headings !== true && !headings.includes(heading))
        problems.push({ line: index + 1, what: `${file} has no heading #${heading}` })
    }
  }
  return problems
}

/** Files of ours that a page names in `code`, and that are not there: a test that is said to show something, say. */
export function missingFiles(markdown, exists) {
  const problems = []
  for (const [index, line] of markdown.split('\n').entries()) {
    for (const [, path] of line.matchAll(/`((?:test|tools|packages|docs|demo|examples|bench)\/[\w./-]+)`/g)) {
      if (!exists(path)) problems.push({ line: index + 1, what: `${path} is not there` })
    }
  }
  return problems
}

/** A page's headings, as links name them. */
export function slugsOf(markdown) {
  const prose = markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
  return [...prose.matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  )
}

/** The string literals of a union type, or of the `type` fields of a union of objects. */
export function namesOf(source, name) {
  const names = []
  const literals = (type) => {
    if (ts.isUnionTypeNode(type)) type.types.forEach(literals)
    else if (ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal)) names.push(type.literal.text)
    else if (ts.isTypeLiteralNode(type))
      for (const member of type.members) if (member.name?.getText() === 'type') literals(member.type)
  }
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true)
  for (const statement of file.statements)
    if (ts.isTypeAliasDeclaration(statement) && statement.name.text === name) literals(statement.type)
  return names
}

const isThere = (path) => existsSync(join(root, path))

function headingsOf(file) {
  const path = join(root, file)
  if (!existsSync(path)) return undefined
  return file.endsWith('.md') ? slugsOf(readFileSync(path, 'utf8')) : true
}

const optionsOfBlocks = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    jsx: 'react-jsx',
    strict: true,
    exactOptionalPropertyTypes: true,
    allowJs: true,
    checkJs: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  },
  include: ['*'],
}

/** Type-checks all blocks of all pages in one run of the compiler. */
function compile(pages, say) {
  const folder = join(root, 'tools/.cache/docs')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const sources = new Map()
  for (const { page, blocks } of pages) {
    for (const { language, line, code } of blocks) {
      const name = `${page.replace(/[^A-Za-z0-9]+/g, '-')}-${line}.${language}`
      sources.set(name, page)
      writeFileSync(join(folder, name), code)
    }
  }
  if (sources.size === 0) return 0
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }\n')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(optionsOfBlocks, null, 2))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const done = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  })
  let said = 0
  for (const line of `${done.stdout}${done.stderr}`.split('\n').filter(Boolean)) {
    const [, name, at, what] = /^(\S+?)\((\d+),\d+\): (.*)$/.exec(line) ?? []
    if (sources.has(name)) {
      say(sources.get(name), Number(at), what)
      said += 1
    } else console.log(`    ${line}`)
  }
  if (done.status !== 0 && said === 0) say('tools/check-docs.mjs', 1, 'the compiler failed; its own words are above')
  return sources.size
}

function main() {
  let count = 0
  const say = (page, line, what) => {
    count += 1
    console.log(`${page}:${line}: ${what}`)
  }
  if (!existsSync(join(root, 'packages/endsession/dist/index.d.ts')))
    say('packages/endsession', 1, 'is not built: run `npm run build` first')
  const docs = existsSync(join(root, 'docs')) ? readdirSync(join(root, 'docs'), { recursive: true }) : []
  const names = [
    'README.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...docs
      .filter((name) => name.endsWith('.md'))
      .sort()
      .map((name) => `docs/${name}`),
  ]
  const pages = []
  for (const page of names) {
    if (!existsSync(join(root, page))) {
      say(page, 1, 'this page is missing: write it')
      continue
    }
    const markdown = readFileSync(join(root, page), 'utf8')
    const lines = markdown.replace(/\n$/, '').split('\n').length
    if (page.startsWith('docs/') && lines > longestPage)
      say(page, longestPage + 1, `${lines} lines: a page has at most ${longestPage}; split it`)
    const { blocks, problems } = blocksOf(markdown)
    for (const { line, what } of [
      ...problems,
      ...brokenLinks(page, markdown, headingsOf),
      ...missingFiles(markdown, isThere),
    ])
      say(page, line, what)
    pages.push({ page, markdown, blocks })
  }
  for (const [page, source, type] of [
    ['docs/errors.md', 'errors.ts', 'ErrorCode'],
    ['docs/events.md', 'events.ts', 'Event'],
  ]) {
    const written = pages.find((one) => one.page === page)?.markdown
    const known = namesOf(readFileSync(join(root, 'packages/endsession/src', source), 'utf8'), type)
    if (known.length === 0)
      say(`packages/endsession/src/${source}`, 1, `no type ${type} found here; see tools/check-docs.mjs`)
    if (written === undefined) say(page, 1, `this page is missing: it names every ${type}: ${known.join(', ')}`)
    else
      for (const name of known)
        if (!written.includes(`\`${name}\``)) say(page, 1, `does not name \`${name}\` of ${source}`)
  }
  const blockCount = compile(pages, say)
  console.log(
    count === 0 ? `Docs: ${pages.length} pages, ${blockCount} code blocks, all well.` : `Docs: ${count} problems.`,
  )
  if (count > 0) process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
