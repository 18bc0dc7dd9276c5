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
export function providerPages({ knownProviders, withoutOpenid, generic }, written) {
  const pages = new Map(knownProviders.map((known) => [`${folder}/${known.name}.md`, pageOf(known, generic)]))
  const before = written.split(begin)[0]
  const after = written.split(end)[1]
  if (after === undefined) throw new Error(`${overview} has lost its marks: ${begin} and ${end}`)
  pages.set(overview, `${before}${begin}\n${tableOf(knownProviders, withoutOpenid)}${end}${after}`)
  return pages
}

function tableOf(knownProviders, withoutOpenid) {
  const rows = knownProviders.map(
    (known) =>
      `| [${known.title}](providers/${known.name}.md) | \`${known.name}\` | ${issuersOf(known)} | ${logoutOf(known)} |`,
  )
  const others = withoutOpenid.map(({ title, why }) => `| ${title} | | | no login here: ${why.value} |`)
  return [
    '| provider | `profile.name` | chosen by the issuer | its logout |',
    '| --- | --- | --- | --- |',
    ...rows,
    ...others,
    '',
  ].join('\n')
}

function issuersOf({ issuers }) {
  return issuers.map((issuer) => `\`${issuer.replace(/\/$/, '')}\``).join(', ')
}

function logoutOf({ offers: { endSession }, facts }) {
  if (endSession) return endSession.value ? 'yes' : 'none'
  return facts.endSessionUrl ? 'yes' : 'as discovery says'
}

function pageOf({ name, title, issuers, facts, offers: offered, toDo, unconfirmed }, generic) {
  const chosen =
    issuers.length > 0 ? `An issuer at ${issuersOf({ issuers })} chooses it, or` : 'It lives at any address:'
  const unknown = Object.keys(generic).filter((field) => field !== 'name' && !(field in facts))
  const known = Object.entries(facts).map(
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
    ...(known.length > 0
      ? ['| field | value | known from |', '| --- | --- | --- |', ...known, '']
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

function offerRow(what, fact) {
  return fact ? `| ${what} | ${fact.value ? 'yes' : 'no'} | ${sourceOf(fact)} |` : `| ${what} | as discovery says | |`
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
  const [{ knownProviders }, { withoutOpenid }, { generic }] = await Promise.all([
    built('index.js'),
    built('without-openid.js'),
    built('generic.js'),
  ])
  const read = (page) => (existsSync(join(root, page)) ? readFileSync(join(root, page), 'utf8') : '')
  const pages = providerPages({ knownProviders, withoutOpenid, generic }, read(overview))
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
