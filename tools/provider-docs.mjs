// Writes the pages of docs/providers, and the table in docs/providers.md, from the profiles; without `--write` it checks that
// they are up to date. Reads the build.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const overview = 'docs/providers.md'
const folder = 'docs/providers'
const [begin, end] = ['<!-- profiles: written by tools/provider-docs.mjs -->', '<!-- /profiles -->']

const offers = {
  endSession: 'a logout (`end_session_endpoint`)',
  revocation: 'revocation (RFC 7009)',
  backchannel: 'back-channel logout',
  frontchannel: 'front-channel logout',
}

/** Every page that is written here, by its path: `profiles` is what packages/endsession/src/profiles exports. */
export function providerPages({ knownProviders, generic }, written) {
  const pages = new Map(knownProviders.map((known) => [`${folder}/${known.name}.md`, pageOf(known, generic)]))
  const before = written.split(begin)[0]
  const after = written.split(end)[1]
  if (after === undefined) throw new Error(`${overview} has lost its marks: ${begin} and ${end}`)
  pages.set(overview, `${before}${begin}\n${tableOf(knownProviders)}${end}${after}`)
  return pages
}

function tableOf(knownProviders) {
  const rows = knownProviders.map(
    (known) =>
      `| [${known.title}](providers/${known.name}.md) | \`${known.name}\` | ${issuersOf(known)} | ${logoutOf(known)} |`,
  )
  return [
    '| provider | `profile.name` | chosen by the issuer | its logout |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

function issuersOf({ issuers }) {
  return issuers.map((issuer) => `\`${issuer.replace(/\/$/, '')}\``).join(', ')
}

function logoutOf({ offers: { endSession }, facts, withoutOpenid }) {
  if (withoutOpenid) return 'none; no OpenID'
  if (endSession) return endSession.value ? 'yes' : 'none'
  return facts.endSessionUrl ? 'yes' : 'as discovery says'
}

function pageOf(known, generic) {
  const { name, title, issuers, facts, withoutOpenid, offers: offered, toDo, unconfirmed } = known
  const chosen =
    issuers.length > 0 ? `An issuer at ${issuersOf({ issuers })} chooses it, or` : 'It lives at any address:'
  const unknown = Object.keys(generic).filter((field) => field !== 'name' && !(field in facts))
  const fields = Object.entries(facts).map(
    ([field, fact]) => `| \`${field}\` | ${textOf(fact.value)} | ${sourceOf(fact)} |`,
  )
  return [
    `# ${title}`,
    '',
    `<!-- Written by tools/provider-docs.mjs from packages/endsession/src/profiles: change it there. -->`,
    '',
    `${chosen} \`profile: { name: '${name}' }\` does. See [Providers](../providers.md) for what to register, and [the`,
    'fields](../profiles.md) for what each of them decides.',
    '',
    '| it has | | known from |',
    '| --- | --- | --- |',
    ...Object.entries(offers).map(([offer, what]) => offerRow(what, offered[offer])),
    '',
    ...(withoutOpenid ? plainPart(withoutOpenid) : []),
    ...(fields.length > 0
      ? ['| field | value | known from |', '| --- | --- | --- |', ...fields, '']
      : ['No field is known to differ from `generic`.', '']),
    ...(toDo.length > 0 ? ['## What to do there', '', ...toDo.map(toDoItem), ''] : []),
    '## Not confirmed',
    '',
    `These keep the value of \`generic\`: ${unknown.map((field) => `\`${field}\``).join(', ')}.`,
    ...(unconfirmed.length > 0
      ? ['', 'Said of it, but not confirmed, and not relied on:', '', ...unconfirmed.map((said) => `- ${said}`)]
      : []),
    '',
  ].join('\n')
}

const ends = { as_client: "with the client's secret", as_person: 'with the token itself' }

/** What it has in place of discovery and ID tokens. */
function plainPart({ issuer, endpoints, scope, sendsIss, pkce, claims, ends: call }) {
  const taken = Object.entries(claims).map(([claim, member]) => `\`${claim}\` (${member})`)
  return [
    'It speaks OAuth 2.0 without OpenID: no ID token says who has signed in, its user endpoint does, asked with the access token that',
    'our code and secret got. `iss` of its sessions is ' +
      (issuer ? `\`${issuer}\`, which \`issuer\` may leave out.` : 'what `issuer` says.'),
    '',
    '| in place of discovery | | known from |',
    '| --- | --- | --- |',
    ...Object.entries(endpoints).map(([what, fact]) => `| \`${what}\` | \`${fact.value}\` | ${sourceOf(fact)} |`),
    `| scope, unless set | ${scope.value ? `\`${scope.value}\`` : 'none'} | ${sourceOf(scope)} |`,
    `| says who answers (\`iss\`) | ${yesOrNo(sendsIss)} | ${sourceOf(sendsIss)} |`,
    `| PKCE is sent | ${yesOrNo(pkce)} | ${sourceOf(pkce)} |`,
    ...(call ? [`| a call that ends an access token | ${ends[call.value]} | ${sourceOf(call)} |`] : []),
    '',
    `Claims besides \`sub\`, from the members of the user endpoint's answer: ${taken.join(', ')}.`,
    '',
  ]
}

function yesOrNo({ value }) {
  return value ? 'yes' : 'no'
}

function offerRow(what, fact) {
  return fact ? `| ${what} | ${yesOrNo(fact)} | ${sourceOf(fact)} |` : `| ${what} | as discovery says | |`
}

function toDoItem({ value, from, where }) {
  return `- ${value.replaceAll(/\{(\w+)\}/g, (_, address) => `\`${addressOf(address)}\``)} (${from}: ${where})`
}

function addressOf(name) {
  const route = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return `{baseUrl}{basePath}/${route}`
}

function sourceOf({ from, where }) {
  return `${from}: ${where}`
}

function textOf(value) {
  if (typeof value !== 'object') return `\`${value}\``
  return Object.entries(value)
    .map(([name, text]) => `\`${name}=${text}\``)
    .join(', ')
}

async function main() {
  const built = (name) => import(join(root, 'packages/endsession/dist/profiles', name))
  const [{ knownProviders }, { generic }] = await Promise.all([built('index.js'), built('generic.js')])
  const read = (page) => (existsSync(join(root, page)) ? readFileSync(join(root, page), 'utf8') : '')
  const pages = providerPages({ knownProviders, generic }, read(overview))
  const there = existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => `${folder}/${name}`) : []
  const left = there.filter((page) => !pages.has(page))
  const old = [...pages].filter(([page, text]) => read(page) !== text)
  if (process.argv.includes('--write')) {
    mkdirSync(join(root, folder), { recursive: true })
    for (const page of left) rmSync(join(root, page))
    for (const [page, text] of old) writeFileSync(join(root, page), text)
    console.log(`Providers: ${pages.size} pages, ${old.length} written, ${left.length} removed.`)
    return
  }
  for (const page of [...old.map(([page]) => page), ...left])
    console.log(`${page}:1: does not say what the profiles say; run: node tools/provider-docs.mjs --write`)
  if (old.length + left.length > 0) process.exitCode = 1
  else console.log(`Providers: ${pages.size} pages as the profiles are.`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
