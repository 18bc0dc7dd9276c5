// Checks the order of the library's parts: who may import whom, and that only runtime.ts touches the outside world.
// The tables come first; the rest applies them to the syntax tree of each file.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/**
 * The layers of packages/endsession/src, from the ground up. A file imports from its own layer and from those above it in
 * this list (that is: below it in the building), types included. A name that ends in `/` is a folder.
 * - `only`: imports from these layers and its own, and from no other.
 * - `alone`: its files do not import each other.
 * - `leaf`: nobody else imports it; users do, by name.
 * - `apart`: runs elsewhere, in a world of its own: of other layers it has types only, and `outsideWorld` is not for it.
 */
const layers = [
  { name: 'base', files: ['words.ts', 'errors.ts', 'events.ts', 'runtime.ts'] },
  { name: 'profiles', files: ['profiles/'] },
  { name: 'protocol', files: ['protocol/'] },
  { name: 'session', files: ['session/'] },
  { name: 'report', files: ['report.ts'] },
  { name: 'web', files: ['web/'] },
  {
    name: 'options',
    files: ['host.ts', 'options.ts', 'option-checks.ts', 'resolve-options.ts', 'resolve-providers.ts'],
  },
  { name: 'app', files: ['app.ts'] },
  // What several flows share: the other files that stand directly in src.
  { name: 'steps', files: [], others: true },
  { name: 'flows', files: ['flows/'], alone: true },
  { name: 'guard', files: ['guard/'], only: ['base', 'profiles', 'protocol', 'session'] },
  { name: 'index', files: ['index.ts', 'create.ts', 'api.ts', 'routes.ts', 'unauthenticated.ts'] },
  { name: 'stores', files: ['stores/'], only: ['base', 'session'], leaf: true },
  { name: 'adapters', files: ['adapters/'], leaf: true },
  { name: 'testing', files: ['testing/'], leaf: true },
  { name: 'browser', files: ['browser/'], only: ['base'], leaf: true, apart: true },
]

/**
 * Packages whose code the library runs; `types` only lends its types, `late` is also imported, inside of functions: whoever
 * does not call them need not have it. Node built-ins have their own rule.
 */
const packages = [
  { name: 'jose' },
  { name: 'oauth4webapi' },
  { name: 'express', types: true, in: 'adapters' },
  { name: 'next-auth', types: true, in: 'adapters' },
  { name: 'next-auth/jwt', types: true, late: true, in: 'adapters' },
  { name: 'next/headers.js', types: true, late: true, in: 'adapters' },
  { name: 'next/navigation.js', types: true, late: true, in: 'adapters' },
  { name: 'react', in: 'browser' },
]

/** Node built-ins: runtime.ts runs node:crypto; these others are for one layer each. Types are free in adapters. */
const builtins = [
  { name: 'node:crypto', in: 'runtime.ts' },
  { name: 'node:assert', in: 'testing/' },
  { name: 'node:assert/strict', in: 'testing/' },
]

/** The outside world. `runtime.ts` has all of it; everyone else asks the runtime. */
const outsideWorld = {
  Date: 'the runtime, or the store, for the time',
  performance: 'runtime.monotonic()',
  crypto: 'runtime.randomBytes(), or a function of runtime.ts',
  fetch: 'runtime.fetch',
  setTimeout: 'sleep, within or every of runtime.ts',
  setInterval: 'every of runtime.ts',
  setImmediate: 'sleep of runtime.ts',
  process: 'an option: the library reads no environment',
  console: 'an event: the library logs nothing',
  globalThis: 'the runtime',
  'Math.random': 'runtime.randomBytes()',
  'AbortSignal.timeout': 'deadline of runtime.ts',
}

/**
 * The store contract looks for the `describe` and `it` of the test runner in use; Next.js loads a module several times in
 * one process, and what has to be one hangs on `globalThis`.
 */
const exempt = {
  'testing/store-contract.ts': ['globalThis'],
  'adapters/auth-js/shared.ts': ['globalThis'],
}

const longest = 300
/** Folders that stand outside of the package and import it by its name, as users do. */
const outsiders = ['demo', 'examples', 'bench', 'servers']

const stands = (file, name) => (name.endsWith('/') ? file.startsWith(name) : file === name)

function layerOf(file) {
  const named = layers.find(({ files }) => files.some((name) => stands(file, name)))
  return named ?? (file.includes('/') ? undefined : layers.find(({ others }) => others))
}

/** Problems of one file of the library; `file` is its path below `src`, with forward slashes. */
export function checkFile(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const problems = []
  const layer = layerOf(file)
  const say = (node, what) =>
    problems.push({ line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, what })
  if (!layer) say(source, `${file} is in no layer: move it, or give it a place in the table of tools/check-layers.mjs`)
  if (!/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*\.tsx?$/.test(file))
    say(source, 'file and folder names are kebab-case')
  if (/(^|\/)(utils?|helpers?|common|misc)(\/|\.ts)/.test(file))
    say(source, 'name the file after what it does: no utils, no helpers')
  const lines = text.replace(/\n$/, '').split('\n').length
  if (lines > longest)
    problems.push({ line: longest + 1, what: `${lines} lines: a file over ${longest} is two ideas; split it` })

  const visit = (node, inFunction) => {
    const target = importTarget(node)
    if (target) {
      const what = checkImport(file, layer, { ...target, late: target.late === true && inFunction })
      if (what) say(node, what)
    }
    const isFree = file === 'runtime.ts' || layer?.apart
    const what = checkForm(file, node, inFunction) ?? (isFree ? undefined : checkGlobal(file, node))
    if (what) say(node, what)
    // Types run nothing: only their imports count.
    ts.forEachChild(node, (child) => visit(child, inFunction || ts.isFunctionLike(node)))
  }
  visit(source, false)
  return problems
}

/** What a node imports from, and whether it is for its types only. */
function importTarget(node) {
  const literal = (expression) =>
    expression && ts.isStringLiteralLike(expression) ? expression.text : '(an expression)'
  if (ts.isImportDeclaration(node))
    return { from: literal(node.moduleSpecifier), types: node.importClause?.isTypeOnly === true }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier)
    return { from: literal(node.moduleSpecifier), types: node.isTypeOnly }
  if (ts.isImportTypeNode(node)) return { from: literal(node.argument.literal), types: true }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return { from: literal(node.arguments[0]), types: false, late: true }
  return undefined
}

function checkImport(file, layer, { from, types, late }) {
  if (from.startsWith('node:')) {
    const place = builtins.filter(({ name }) => name === from).map((builtin) => builtin.in)
    if (place.some((name) => stands(file, name))) return undefined
    if (types && layer?.name === 'adapters') return undefined
    return `${from} is a Node built-in: only runtime.ts runs one, so that the library works everywhere; use a function of runtime.ts`
  }
  if (!from.startsWith('.')) {
    const known = packages.find(({ name }) => name === from)
    if (!known) return `${from} is no dependency of the library; it has two: jose and oauth4webapi`
    const lent = types || (known.late && late)
    if (known.types && !(lent && layer?.name === known.in))
      return `${from} lends its types to ${known.in} only: use \`import type\` there`
    if (known.in && layer?.name !== known.in) return `${from} is for ${known.in} only`
    return undefined
  }
  if (!from.endsWith('.ts')) return `${from}: write the import with its .ts ending`
  const target = posix.join(posix.dirname(file), from)
  if (target.startsWith('..')) return `${from} is outside of the package's src`
  const other = layerOf(target)
  if (!layer || !other) return other ? undefined : `${target} is in no layer of tools/check-layers.mjs`
  if (other === layer)
    return layer.alone ? `${layer.name} do not import each other: move what both need to a lower layer` : undefined
  const allowed = layer.only
    ? layer.only.includes(other.name)
    : !other.leaf && layers.indexOf(other) < layers.indexOf(layer)
  if (allowed && layer.apart && !types) return `${layer.name} runs elsewhere: of ${target} it may have types only`
  if (allowed) return undefined
  return `${layer.name} may not import ${other.name} (${target}): imports point down only; move what is needed to a lower layer, or hand it in`
}

function checkForm(file, node, inFunction) {
  if (ts.isExportAssignment(node) || (ts.isExportSpecifier(node) && node.name.text === 'default'))
    return 'no default exports: give it a name'
  if (node.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword))
    return 'no default exports: give it a name'
  if (ts.isClassLike(node) && file !== 'errors.ts')
    return 'no classes outside errors.ts: use a function that returns an object'
  if (
    ts.isVariableStatement(node) &&
    ts.isSourceFile(node.parent) &&
    !(node.declarationList.flags & ts.NodeFlags.Const)
  ) {
    return 'no module-level state: a module may be loaded twice in one process; keep it in what createEndSession makes'
  }
  if (isEmptyCollection(node))
    return 'no module-level state: an empty collection here is filled later; keep it in what createEndSession makes'
  if (!inFunction && (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier))) {
    return 'no top-level await: CommonJS could not require the package'
  }
  return undefined
}

/** `const seen = new Map()` at the top of a module. */
function isEmptyCollection(node) {
  if (!ts.isNewExpression(node) || node.arguments?.length > 0) return false
  if (!/^(Map|Set|WeakMap|WeakSet)$/.test(node.expression.getText())) return false
  return ts.isVariableDeclaration(node.parent) && ts.isSourceFile(node.parent.parent.parent.parent)
}

function checkGlobal(file, node) {
  if (ts.isPropertyAccessExpression(node)) {
    // `globalThis.Response` is fine, and the only way where a framework's own Response hides it.
    const name = node.getText().replace(/^globalThis\??\./, '')
    return Object.hasOwn(outsideWorld, name) ? refuse(name) : undefined
  }
  if (!ts.isIdentifier(node) || !Object.hasOwn(outsideWorld, node.text) || !isUse(node)) return undefined
  if (exempt[file]?.includes(node.text)) return undefined
  return node.text === 'globalThis' && ts.isPropertyAccessExpression(node.parent) ? undefined : refuse(node.text)
}

const refuse = (name) => `${name} is for runtime.ts only: use ${outsideWorld[name]}`

/** Does this identifier stand for a value, rather than name a property, a declaration or a type? */
function isUse(node) {
  const parent = node.parent
  if (ts.isShorthandPropertyAssignment(parent)) return true
  if (ts.isTypeNode(parent) || ts.isQualifiedName(parent) || ts.isTypeParameterDeclaration(parent)) return false
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false
  if (ts.isBindingElement(parent)) return parent.initializer === node
  return parent.name !== node
}

/** Problems of a file of one of the outsiders: no way into the package but its name. */
export function checkOutsider(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const problems = []
  const visit = (node) => {
    const from = importTarget(node)?.from
    if (from?.startsWith('.') && posix.join(posix.dirname(file), from).startsWith('packages/')) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
      problems.push({ line: line + 1, what: `${from} reaches into the package: import it by its name, as users do` })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return problems
}

function* filesBelow(folder, ending) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path, ending)
    else if (ending.test(entry.name)) yield path
  }
}

function main() {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..')
  const src = join(root, 'packages/endsession/src')
  const slashed = (from, path) => relative(from, path).split(sep).join('/')
  let count = 0
  let files = 0
  const report = (path, problems) => {
    files += 1
    for (const { line, what } of problems) console.log(`${slashed(root, path)}:${line}: ${what}`)
    count += problems.length
  }
  for (const path of filesBelow(src, /\.tsx?$/)) report(path, checkFile(slashed(src, path), readFileSync(path, 'utf8')))
  for (const folder of outsiders) {
    for (const path of filesBelow(join(root, folder), /\.[cm]?[jt]sx?$/)) {
      report(path, checkOutsider(slashed(root, path), readFileSync(path, 'utf8')))
    }
  }
  console.log(count === 0 ? `Layers: ${files} files in order.` : `Layers: ${count} problems in ${files} files.`)
  if (count > 0) process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
