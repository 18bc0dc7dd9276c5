/** An nginx of one's own, with TLS: on a free loopback port, in a folder of its own, ended by its process id. */
import { execFileSync, spawn } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { findFreePort } from './free-port.ts'
import { watch } from './watch.ts'

const host = '127.0.0.1'
// Debian keeps it where only root looks for programs.
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'].filter(Boolean)
const find = (name: string) => folders.map((folder) => join(folder, name)).find(existsSync)
const [program, openssl] = [find('nginx'), find('openssl')]

/** For a `describe` that needs the server: where there is none it is left out, and says how to get one. */
export const neededNginx: { readonly skip?: boolean; readonly meta?: { readonly leftOut: string } } =
  program && openssl ? {} : { skip: true, meta: { leftOut: 'no nginx or openssl: `apt-get install nginx openssl`' } }

export interface NginxSite {
  /** Under `.localhost`. */
  readonly name: string
  /** Loopback ports of what it stands in front of, in turn. */
  readonly to: readonly number[]
  /** Lines for its `server`. Without them everything that can be left out is as nginx has it: its buffers, say. */
  readonly settings?: string
}

export interface NginxServer {
  /** Of all its sites: they are told apart by name. */
  readonly port: number
  /** A file: the certificate of the authority that vouches for the sites, made for this server alone. */
  readonly authority: string
  /** Of the sites' key, SHA-256 in base64: who trusts that one alone needs no authority. */
  readonly pin: string
  /** What it has written down of the requests to a site. */
  accesses(name: string): string
  errors(): string
  /** Ends it and removes its folder. */
  close(): Promise<void>
}

export async function startNginx(sites: readonly NginxSite[]): Promise<NginxServer> {
  if (!program) throw new Error('there is no nginx')
  const folder = mkdtempSync(join(tmpdir(), 'endsession-nginx-'))
  // Started by root it works as somebody else, who has to get at its own files here.
  chmodSync(folder, 0o711)
  const names = sites.map(({ name }) => name)
  const pin = makeCertificates(folder, names)
  const port = await findFreePort()
  const read = (file: string) => (existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : '')
  writeFileSync(join(folder, 'nginx.conf'), configure(sites, port))
  const words = ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log']
  // A Ctrl-C is for whoever started it.
  const child = spawn(program, words, { cwd: folder, detached: true, stdio: 'ignore' })
  const pid = child.pid as number
  const watcher = watch(pid, 'TERM', folder)
  let alive = true
  const ended = new Promise<void>((resolve) => {
    child.on('exit', () => {
      alive = false
      watcher.kill('SIGKILL')
      resolve()
    })
  })
  while (!(await answers(port))) {
    if (!alive) throw new Error(`nginx ended by itself: ${read('error.log')}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    port,
    authority: join(folder, 'authority.pem'),
    pin,
    accesses: (name) => read(`${name}.log`),
    errors: () => read('error.log'),
    async close() {
      if (alive) process.kill(pid, 'SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Ordinary, and short: names, ports, certificates, and the two headers that everybody sets. */
function configure(sites: readonly NginxSite[], port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`)
  return `daemon off;
worker_processes 1;
pid nginx.pid;
events { worker_connections 768; }
http {
  ${temporary.join('\n  ')}
  ssl_certificate sites.pem;
  ssl_certificate_key sites.key;
${sites.map((site, at) => configureSite(site, `site${at}`, port)).join('')}}
`
}

function configureSite({ name, to, settings = '' }: NginxSite, upstream: string, port: number): string {
  return `  upstream ${upstream} { ${to.map((one) => `server ${host}:${one};`).join(' ')} }
  server {
    listen ${host}:${port} ssl;
    server_name ${name};
    access_log ${name}.log;
    ${settings}
    location / {
      proxy_pass http://${upstream};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
`
}

/** An authority, and one certificate by it for all names. Answers the pin of its key. */
function makeCertificates(folder: string, names: readonly string[]): string {
  if (!openssl) throw new Error('there is no openssl')
  const make = (...words: string[]) =>
    execFileSync(openssl, ['req', '-config', 'openssl.conf', '-x509', '-days', '2', '-nodes', ...newKey, ...words], {
      cwd: folder,
      stdio: 'pipe',
    })
  writeFileSync(join(folder, 'openssl.conf'), describeCertificates(names))
  make('-extensions', 'authority', '-subj', '/CN=Tests', '-keyout', 'authority.key', '-out', 'authority.pem')
  const by = ['-CA', 'authority.pem', '-CAkey', 'authority.key']
  make('-extensions', 'sites', '-subj', `/CN=${names[0]}`, ...by, '-keyout', 'sites.key', '-out', 'sites.pem')
  const { publicKey } = new X509Certificate(readFileSync(join(folder, 'sites.pem')))
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']

function describeCertificates(names: readonly string[]): string {
  return `[req]
distinguished_name = subject
[subject]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[sites]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = ${names.map((name) => `DNS:${name}`).join(', ')}
`
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
