// Compares what the package exports, with types, against test/api.txt. `--write` rewrites that file.
// A difference is a decision about the public API: it goes into the CHANGELOG.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed })

/**
 * The text of the API: `entries` are `{ name, file }` of the public names and their .d.ts files.
 * Per entry: every export with its declaration, then the types that these mention but that cannot be imported from any entry,
 * since a change to one of those is a change of the API all the same.
 */
export function describeApi(entries, folder) {
  const options = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
    skipLibCheck: true,
  }
  const program = ts.createProgram({ rootNames: entries.map(({ file }) => file), options })
  const checker = program.getTypeChecker()
  const real = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)
  const isOurs = (node) => !relative(folder, node.getSourceFile().fileName).startsWith('..')
  const sections = entries.map(({ name, file }) => {
    const source = program.getSourceFile(file)
    const module = source && checker.getSymbolAtLocation(source)
    const exported = module ? checker.getExportsOfModule(module) : []
    return { name, source, exported: exported.map((symbol) => ({ name: symbol.name, symbol: real(symbol) })) }
  })
  const named = new Set(sections.flatMap(({ exported }) => exported.map(({ symbol }) => symbol)))

  // What the declarations mention, as far as it is ours and has no public name.
  const hidden = new Map()
  const mention = (node) => {
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node)
      const target = symbol && real(symbol)
      const declaration = target?.declarations?.find(isNamedDeclaration)
      if (declaration && isOurs(declaration) && !named.has(target) && !hidden.has(target)) {
        hidden.set(target, target.name)
        target.declarations.forEach(mention)
      }
    }
    ts.forEachChild(node, mention)
  }

  const text = []
  for (const { name, source, exported } of sections) {
    text.push(`## ${name}`, '')
    for (const { name: as, symbol } of sorted(exported)) {
      text.push(...describe(as, symbol))
      for (const declaration of symbol.declarations ?? []) if (isOurs(declaration)) mention(declaration)
    }
    for (const statement of source?.statements ?? []) {
      if (ts.isModuleDeclaration(statement)) text.push(print(statement))
    }
    text.push('')
  }
  text.push('## mentioned above, but without a public name', '')
  for (const { name, symbol } of sorted([...hidden].map(([symbol, name]) => ({ name, symbol }))))
    text.push(...describe(name, symbol))
  return `${text.join('\n').trimEnd()}\n`
}

const sorted = (list) => [...list].sort((a, b) => (a.name < b.name ? -1 : 1))

const isNamedDeclaration = (node) =>
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isClassDeclaration(node) ||
  ts.isFunctionDeclaration(node) ||
  ts.isVariableDeclaration(node)

function describe(name, symbol) {
  const declarations = (symbol.declarations ?? []).map((declaration) =>
    print(ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration),
  )
  const lines = [...new Set(declarations)].sort()
  return symbol.name === name ? lines : [`// ${symbol.name} as ${name}`, ...lines]
}

/** One declaration without its comments and modifiers, and with one spelling of spaces and quotes. */
function print(node) {
  const text = printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
  return text
    .replace(/^(export )?(declare )?/, '')
    .replace(/"/g, "'")
    .replace(/^( {4})+/gm, (indent) => '  '.repeat(indent.length / 4))
}

/** What was removed and what is new, line by line, with the entry that it stands in. */
export function differences(before, after) {
  const lines = (text) => {
    let section = ''
    let head = ''
    return text
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => {
        if (line.startsWith('## ')) section = line.slice(3)
        if (/^\S/.test(line) && !/^[})\]]/.test(line)) head = line.replace(/\s*\{.*$/, '')
        return [`${section}: ${line.startsWith(' ') ? `${head} … ${line.trim()}` : line}`]
      })
  }
  const [old, now] = [lines(before), lines(after)]
  const count = (list) => list.reduce((map, line) => map.set(line, (map.get(line) ?? 0) + 1), new Map())
  const [had, has] = [count(old), count(now)]
  return [
    ...[...had].filter(([line, times]) => times > (has.get(line) ?? 0)).map(([line]) => `- ${line}`),
    ...[...has].filter(([line, times]) => times > (had.get(line) ?? 0)).map(([line]) => `+ ${line}`),
  ]
}

function main() {
  const folder = join(root, 'packages/endsession')
  const { name, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const entries = Object.entries(exports)
    .filter(([, target]) => target.types)
    .map(([path, target]) => ({ name: name + path.slice(1), file: join(folder, target.types) }))
  const missing = entries.filter(({ file }) => !existsSync(file))
  if (missing.length > 0) {
    for (const { name: entry, file } of missing)
      console.log(`${entry}: ${relative(root, file)} is not there. Run \`npm run build\` first.`)
    process.exitCode = 1
    return
  }
  const snapshot = join(root, 'test/api.txt')
  const now = describeApi(entries, join(folder, 'dist'))
  if (process.argv.includes('--write')) {
    writeFileSync(snapshot, now)
    console.log('API: test/api.txt is written. Read its diff, and say in the CHANGELOG what users will see.')
    return
  }
  const before = existsSync(snapshot) ? readFileSync(snapshot, 'utf8') : ''
  if (before === now) {
    console.log(`API: as in test/api.txt, ${entries.length} entries.`)
    return
  }
  const changes = differences(before, now)
  console.log(changes.length > 0 ? changes.join('\n') : 'Only the order of test/api.txt differs.')
  console.log('API: the lines above differ from test/api.txt (- was there, + is there now).')
  console.log('If that is meant, run `npm run check:api -- --write`, and say in the CHANGELOG what users will see.')
  process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
