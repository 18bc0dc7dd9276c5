// Runs before `npm start` and `npm test`: makes a fresh clone ready, and costs next to nothing when it is ready already.
// Node built-ins only, since nothing may be installed yet. Talks on stderr only: stdout belongs to the command after it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const startedAt = Date.now()
const say = (text) => process.stderr.write(`prepare: ${text}\n`)

/** Node 20 before 20.19 cannot `require` an ES module; see `engines` in package.json. */
export function isNodeNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > 20 || (major === 20 && minor >= 19)
}

/**
 * Why `npm ci` is needed, or nothing. `wanted` is package-lock.json; `installed` is what npm notes at the end of an
 * install (node_modules/.package-lock.json), so that an install that was cut short counts as none.
 * A missing optional package is no reason: those of other systems are never installed.
 */
export function whyInstall(wanted, installed) {
  if (!installed) return 'nothing is installed yet'
  for (const [path, entry] of Object.entries(wanted.packages)) {
    if (path === '') continue
    const found = installed.packages[path]
    if (!found && !entry.optional && !entry.devOptional) return `${path} is missing`
    if (found && (found.version !== entry.version || found.integrity !== entry.integrity))
      return `${path} is another version`
  }
  return undefined
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'))
  } catch {
    return undefined
  }
}

/** Runs a Node program with its stdout on our stderr; ends this process when it fails. */
function run(what, args, advice) {
  const begin = Date.now()
  // `npm start --silent` passes its own silence down; errors of an install must be seen.
  const env = { ...process.env, npm_config_loglevel: 'error' }
  const done = spawnSync(process.execPath, args, { cwd: root, env, stdio: ['ignore', 2, 2] })
  const seconds = ((Date.now() - begin) / 1000).toFixed(1)
  if (done.status === 0) return say(`${what}: done in ${seconds} s`)
  say(`${what}: failed after ${seconds} s. ${advice}`)
  process.exit(1)
}

/** npm's own entry file: given by npm when it runs us, else beside this Node. */
function npmCli() {
  const candidates = [
    process.env.npm_execpath,
    join(process.execPath, '../../lib/node_modules/npm/bin/npm-cli.js'),
    join(process.execPath, '../node_modules/npm/bin/npm-cli.js'),
  ]
  const found = candidates.find((path) => path?.endsWith('npm-cli.js') && existsSync(path))
  if (found) return found
  say('npm was not found. Run `npm ci` yourself, then try again.')
  process.exit(1)
}

const isAlive = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/**
 * Two commands started at once must not install over each other: one works, the other waits.
 * The lock is a folder outside node_modules, which `npm ci` removes. A lock whose process is gone is taken over.
 */
function takeLock() {
  const lock = join(tmpdir(), `endsession-prepare-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`)
  const owner = join(lock, 'pid')
  let waits = 0
  for (;;) {
    try {
      mkdirSync(lock)
      writeFileSync(owner, String(process.pid))
      process.on('exit', () => rmSync(lock, { recursive: true, force: true }))
      for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const pid = existsSync(owner) ? Number(readFileSync(owner, 'utf8')) : 0
    // Without a pid the other one is between its two steps, unless that lasts.
    if ((pid > 0 && !isAlive(pid)) || (pid === 0 && waits > 50)) {
      rmSync(lock, { recursive: true, force: true })
      continue
    }
    if (waits === 0) say(`another one (process ${pid || 'unknown'}) is at work here: waiting for it`)
    if (++waits > 6000) {
      say(`waited 10 minutes. If nothing is running any more, remove ${lock} and try again.`)
      process.exit(1)
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  }
}

function prepare() {
  if (!isNodeNewEnough(process.versions.node)) {
    say(`Node.js 20.19 or newer is needed; this is ${process.versions.node}. Install a newer one and try again.`)
    process.exit(1)
  }
  takeLock()
  const wanted = readJson('package-lock.json')
  if (!wanted) {
    say('package-lock.json is missing or unreadable. Restore it with `git checkout package-lock.json`.')
    process.exit(1)
  }
  const compiler = 'node_modules/typescript/bin/tsc'
  const installed = existsSync(join(root, compiler)) ? readJson('node_modules/.package-lock.json') : undefined
  const why = whyInstall(wanted, installed)
  if (why) {
    say(`npm ci, because ${why} (about half a minute)`)
    run(
      'npm ci',
      [npmCli(), 'ci', '--include=dev', '--no-audit', '--no-fund'],
      'Its own words are above; on a fresh clone it needs the network.',
    )
  }
  run('tsc -b', [compiler, '-b'], 'The errors above are in the code: fix them and try again.')
  say(`ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) prepare()
