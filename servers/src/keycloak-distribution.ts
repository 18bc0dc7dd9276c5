/** Keycloak's own distribution: from Maven Central, checked, made ready once, and kept outside of the repository. */
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { unzip } from './unzip.ts'

/** Pinned: compose.yaml in examples/keycloak names the same version. */
export const keycloakVersion = '26.7.3'
const sha256 = '27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f'
const copyGoal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'

export type Say = (line: string) => void

const home = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
const cache = join(home, 'endsession')
const folder = join(cache, `keycloak-${keycloakVersion}-${sha256.slice(0, 12)}`)

export const java: string = process.env['JAVA_HOME'] ? join(process.env['JAVA_HOME'], 'bin', 'java') : 'java'

/** What stands in the way of Java itself, in one sentence with the command that helps. */
function whyNoJava(): string | undefined {
  const help = 'Keycloak runs on Java 17 or newer: `apt-get install openjdk-17-jre-headless maven`'
  try {
    // `openjdk 17.0.15 2025-04-15`, on stdout.
    const said = execFileSync(java, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const major = Number(/ (\d+)/.exec(said)?.[1])
    return major >= 17 ? undefined : `this Java is too old (${said.split('\n')[0]}). ${help}`
  } catch {
    return `there is no Java. ${help}`
  }
}

/** Where Keycloak is ready to be started, or why it is not. Looks only at this machine. */
export function findKeycloak(): { readonly folder: string } | { readonly missing: string } {
  const missing = whyNoJava()
  if (missing !== undefined) return { missing }
  if (existsSync(folder)) return { folder }
  return { missing: `Keycloak ${keycloakVersion} is not here yet: \`npm run keycloak -- --fetch\`` }
}

/** Loads Keycloak unless it is here already, and answers where it is. Two at once end up with one of both. */
export async function fetchKeycloak(say: Say): Promise<string> {
  const missing = whyNoJava()
  if (missing !== undefined) throw new Error(missing)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  removeLeftOver()
  // Beside its place, so that it gets there in one step.
  const making = mkdtempSync(join(cache, 'making-'))
  const cleanUp = () => rmSync(making, { recursive: true, force: true })
  process.once('exit', cleanUp)
  try {
    say(`loading Keycloak ${keycloakVersion} from Maven Central (169 MB) …`)
    const archive = await load(making)
    say('unpacking …')
    unzip(archive, statSync(archive).size, making)
    const made = join(making, `keycloak-${keycloakVersion}`)
    say('making it ready for its database, once (about 20 s) …')
    await run(java, [...javaWords(made), 'build', '--db=dev-file'])
    put(made)
    say(`Keycloak ${keycloakVersion} is in ${folder}`)
    return folder
  } finally {
    process.off('exit', cleanUp)
    cleanUp()
  }
}

/** What a process has left behind that was killed; nobody works at it for an hour. */
function removeLeftOver(): void {
  const old = Date.now() - 3_600_000
  for (const name of readdirSync(cache).filter((name) => name.startsWith('making-'))) {
    const path = join(cache, name)
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? old) < old)
      rmSync(path, { recursive: true, force: true })
  }
}

/** Maven's copy, of which the hash is checked before anything of it is used. */
async function load(into: string): Promise<string> {
  const artifact = `org.keycloak:keycloak-quarkus-dist:${keycloakVersion}:zip`
  try {
    await run('mvn', ['-q', '-B', copyGoal, `-Dartifact=${artifact}`, `-DoutputDirectory=${into}`])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error('there is no Maven, which Keycloak is loaded with: `apt-get install maven`')
  }
  const archive = join(into, `keycloak-quarkus-dist-${keycloakVersion}.zip`)
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(archive)) hash.update(chunk as Buffer)
  if (hash.digest('hex') !== sha256) throw new Error('what Maven has loaded is not the Keycloak that is pinned here')
  return archive
}

function put(made: string): void {
  try {
    renameSync(made, folder)
  } catch (error) {
    // Another process was faster: what it has put there is the same.
    if (!existsSync(folder)) throw error
  }
}

/** What bin/kc.sh would say to Java, with `home` for its files, and made for a short life on a small machine. */
export function javaWords(home: string): readonly string[] {
  const opened = ['java.util', 'java.util.concurrent', 'java.security', 'java.lang']
  return [
    ...['-Xms64m', '-Xmx512m', '-XX:MaxMetaspaceSize=256m', '-XX:+ExitOnOutOfMemoryError'],
    ...[
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-Dfile.encoding=UTF-8',
      '-Djava.security.egd=file:/dev/urandom',
    ],
    ...opened.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
    ...['-Duser.language=en', '-Duser.country=US', '-Dpicocli.disable.closures=true'],
    ...[`-Dkc.home.dir=${home}`, `-Djboss.server.config.dir=${join(home, 'conf')}`],
    '-Djava.util.logging.manager=org.jboss.logmanager.LogManager',
    '-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory',
    ...['-cp', join(home, 'lib', 'quarkus-run.jar'), 'io.quarkus.bootstrap.runner.QuarkusEntryPoint'],
  ]
}

/** Rejects with the last lines that the program has said. */
function run(program: string, words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    const hear = (chunk: Buffer) => {
      said = (said + chunk).slice(-4000)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${program} has failed:\n${said.trimEnd().split('\n').slice(-15).join('\n')}`))
    })
  })
}
