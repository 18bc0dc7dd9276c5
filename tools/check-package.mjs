// Packs the package as it would be published, and tries that very tarball: its shape, its types, and its use in a project
// of its own, from ES modules and from CommonJS, under every TypeScript that is supported. Installs into a temporary folder.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const folder = join(root, 'packages/endsession')
const uses = join(root, 'test/package')
const compilers = { ts5: '5.9', ts6: '6', ts7: '7' }

/** What may be in the tarball: compiled files that have a source, and the four papers. */
export function unwanted(paths, hasSource) {
  return paths.flatMap((path) => {
    if (['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'].includes(path)) return []
    const source = /^dist\/(.+?)(\.d\.ts|\.js)$/.exec(path)
    if (!source) return [`${path} does not belong into the package: see "files" in its package.json`]
    if (!hasSource(`src/${source[1]}.ts`))
      return [`${path} has no source any more: remove packages/endsession/dist and build again`]
    return []
  })
}

function fail(what) {
  console.log(`Package: ${what}`)
  process.exit(1)
}

/** Runs a program; on failure shows what it said and ends the check. */
function run(what, command, args, cwd, advice) {
  const begin = Date.now()
  const done = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  })
  if (done.status !== 0) {
    console.log(`${done.stdout}${done.stderr}`)
    fail(`${what} failed. ${advice}`)
  }
  console.log(`  ${what}: well (${((Date.now() - begin) / 1000).toFixed(1)} s)`)
  return done.stdout
}

const node = (what, args, cwd, advice) => run(what, process.execPath, args, cwd, advice)
const bin = (name) => join(root, 'node_modules', name)

function check(work) {
  const { name, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  node('build', [bin('typescript/bin/tsc'), '-b', folder, join(folder, 'src/browser')], root, 'Fix the errors above.')
  const packed = run(
    'npm pack',
    'npm',
    ['pack', '--json', '--silent', '--pack-destination', work],
    folder,
    'Its words are above.',
  )
  const [{ filename, files }] = JSON.parse(packed)
  const paths = files.map((file) => file.path)
  const problems = unwanted(paths, (path) => existsSync(join(folder, path)))
  for (const paper of ['README.md', 'LICENSE'])
    if (!paths.includes(paper)) problems.push(`${paper} is missing in the package`)
  if (problems.length > 0) fail(problems.join('\n  '))

  const tarball = join(work, filename)
  node('publint', [bin('publint/src/cli.js'), 'run', tarball, '--strict'], root, 'Its advice is above.')
  node(
    'attw',
    [bin('@arethetypeswrong/cli/dist/index.js'), tarball, '--profile', 'esm-only'],
    root,
    'See the table above.',
  )

  const entries = Object.keys(exports)
    .filter((path) => path !== './package.json')
    .map((path) => name + path.slice(1))
  smoke(join(work, 'project'), tarball, name, entries)
}

/** A project that knows the package only by its tarball. */
function smoke(project, tarball, name, entries) {
  cpSync(uses, project, { recursive: true })
  const versionOf = (place, dependency) =>
    JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')).devDependencies[dependency]
  const peers = ['next', 'next-auth', 'react', 'react-dom', '@types/react'].map((peer) => [
    peer,
    versionOf(folder, peer),
  ])
  const dependencies = {
    [name]: `file:${tarball}`,
    '@types/node': versionOf(root, '@types/node'),
    '@types/express': '5',
    ...Object.fromEntries(peers),
  }
  for (const [alias, version] of Object.entries(compilers)) dependencies[alias] = `npm:typescript@${version}`
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }, null, 2))
  run(
    'npm install of the tarball',
    'npm',
    ['install', '--no-audit', '--no-fund', '--loglevel=error'],
    project,
    'It needs the network.',
  )
  const advice = 'The packed package cannot be used like this; the entry is named above.'
  node('import of every entry', ['imports.mjs', ...entries], project, advice)
  node('require of every entry from CommonJS', ['requires.cjs', ...entries], project, advice)
  for (const alias of Object.keys(compilers)) {
    const { version, bin: bins } = JSON.parse(
      readFileSync(join(project, 'node_modules', alias, 'package.json'), 'utf8'),
    )
    for (const resolution of ['nodenext', 'bundler', 'next']) {
      const compiler = join(project, 'node_modules', alias, bins.tsc)
      const config = `tsconfig.${resolution}.json`
      node(
        `TypeScript ${version}, ${resolution}`,
        [compiler, '-p', config],
        project,
        `Look at ${config} and at the types that are exported.`,
      )
    }
  }
}

function main() {
  const work = mkdtempSync(join(tmpdir(), 'endsession-package-'))
  process.on('exit', () => rmSync(work, { recursive: true, force: true }))
  console.log('Package: packed and tried as users get it')
  check(work)
  console.log('Package: well.')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
