import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const example = fileURLToPath(new URL('../../examples/next-authjs', import.meta.url))
/** Git does not look there. As deep as the examples are, so that what the app says of folders above it holds. */
const builds = fileURLToPath(new URL('../../.demo', import.meta.url))
const packages = createRequire(join(example, 'package.json'))
const oldSeconds = 86_400
const linesAtMost = 20

/** The Next.js app, built. Answers its folder: the one from the last time as long as nothing has changed that goes into it. */
export async function buildNext(say: (line: string) => void, signal: AbortSignal): Promise<string> {
  const program = findNext()
  const sources = listSources(example)
  const folder = join(builds, `next-${hashOf(sources)}`)
  if (isBuilt(folder)) {
    say('the Next.js app was built before')
    return folder
  }
  say('building the Next.js app (once; some ten seconds, or a minute) …')
  mkdirSync(builds, { recursive: true })
  removeOld()
  const unfinished = mkdtempSync(join(builds, 'unfinished-'))
  try {
    for (const file of sources) cpSync(file, join(unfinished, relative(example, file)))
    await build(program, unfinished, say, signal)
    // What it keeps for the next build, which will be somewhere else: four fifths of it all.
    rmSync(join(unfinished, '.next', 'cache'), { recursive: true, force: true })
    publish(unfinished, folder)
    return folder
  } finally {
    rmSync(unfinished, { recursive: true, force: true, maxRetries: 5 })
  }
}

function findNext(): string {
  try {
    return packages.resolve('next/dist/bin/next')
  } catch {
    throw new Error('--next needs Next.js, and it is not installed: `npm ci`')
  }
}

/** What git knows of the app: neither what was built there, nor what Next.js writes beside it. */
function listSources(folder: string): readonly string[] {
  const written = /^(\.next|node_modules|next-env\.d\.ts|.*\.tsbuildinfo|.*\.db(-.*)?)$/
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !written.test(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? listSources(path) : [path]
    })
    .sort()
}

/** Of the app, of the library that goes into it, and of the versions of what else does. */
function hashOf(sources: readonly string[]): string {
  const library = fileURLToPath(new URL('.', import.meta.resolve('endsession')))
  const built = readdirSync(library, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(library, name))
    .sort()
  const versions = ['next', 'next-auth', 'react'].map((name) => packages.resolve(`${name}/package.json`))
  const hash = createHash('sha256')
  for (const file of [...sources, ...built, ...versions]) {
    hash.update(file).update('\0').update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex').slice(0, 20)
}

function isBuilt(folder: string): boolean {
  return existsSync(join(folder, '.next', 'BUILD_ID'))
}

/** With nothing in its environment but what a program needs to run. It ends with this process, whatever ended that. */
async function build(program: string, folder: string, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  const { PATH = '', HOME = '', TMPDIR, SystemRoot } = process.env
  const child = fork(program, ['build'], {
    cwd: folder,
    env: {
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      PATH,
      HOME,
      ...(TMPDIR && { TMPDIR }),
      ...(SystemRoot && { SystemRoot }),
    },
    execArgv: ['--import', new URL('./with-parent.js', import.meta.url).href],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    signal,
  })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      if (/^\s*(✓|Creating|Collecting|Finalizing)/.test(line)) say(`  ${line.trim()}`)
    })
  }
  // Whoever stops us has it killed: then it is over when it is gone, as ever.
  child.on('error', () => {})
  const [code] = await once(child, 'close')
  if (code === 0 && isBuilt(folder)) return
  throw new Error(`the Next.js app could not be built:\n${lines.slice(-linesAtMost).join('\n')}`)
}

/** Complete or not at all: two demos may build at once. */
function publish(unfinished: string, folder: string): void {
  try {
    renameSync(unfinished, folder)
  } catch (error) {
    if (!isBuilt(folder)) throw error
  }
}

function removeOld(): void {
  for (const name of readdirSync(builds)) {
    const folder = join(builds, name)
    // Another demo may be removing it, too.
    const { mtimeMs = 0 } = statSync(folder, { throwIfNoEntry: false }) ?? {}
    const isOld = (Date.now() - mtimeMs) / 1000 > oldSeconds
    if (/^(next|unfinished)-/.test(name) && isOld) rmSync(folder, { recursive: true, force: true })
  }
}
