// `npm run keycloak`: a Keycloak with the realms of examples/keycloak, for as long as this runs. What it says goes to stderr.
import { parseArgs } from 'node:util'
import { fetchKeycloak, startKeycloak } from 'endsession-servers/keycloak'

const help = `Usage: npm run keycloak -- [options]

Loads Keycloak, unless it is here already, and runs it on this machine only, with the
realms of examples/keycloak, until Ctrl-C. What happens in it is gone at the end.

  --port <number>   where it listens (default 8080)
  --fetch           only load it, and make it ready to start
  --help            this text

Needs Java 17 or newer, and Maven to load it (169 MB, from Maven Central). It is kept in
$XDG_CACHE_HOME/endsession, or ~/.cache/endsession. The realms take their addresses and
secrets from the environment; what they take is in examples/keycloak/README.md.
`

const signals = ['SIGINT', 'SIGTERM']
const say = (line) => process.stderr.write(`keycloak: ${line}\n`)

function readArguments() {
  const options = { port: { type: 'string', default: '8080' }, fetch: { type: 'boolean' }, help: { type: 'boolean' } }
  const { values } = parseArgs({ options })
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`--port ${values.port}: is a number from 1 to 65535`)
  return { ...values, port }
}

/** What the realm files may be told, and nothing else of the environment. */
function readVariables() {
  const names = /^(MAIL|CALENDAR|API|ACME)_(URL|BACKCHANNEL_URL|LOGOUT_URL|SECRET)$/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name)))
}

async function main() {
  const { port, fetch, help: wantsHelp } = readArguments()
  if (wantsHelp) return void process.stderr.write(help)
  // What is only half made goes with this process.
  const stop = () => process.exit(130)
  for (const signal of signals) process.on(signal, stop)
  if (fetch) return void (await fetchKeycloak(say))
  const wishes = { port, variables: readVariables(), say }
  const server = await startKeycloak(wishes)
  for (const line of [
    `issuer          ${server.issuer}`,
    `behind it       ${server.upstreamIssuer}`,
    `admin console   ${server.url}/admin  (${server.adminName} / ${server.adminPassword})`,
    'people          ana / ana-demo, ben / ben-demo',
    'Ctrl-C ends it.',
  ])
    say(line)
  await new Promise((resolve) => {
    for (const signal of signals) process.off(signal, stop).once(signal, resolve)
  })
  await server.close()
}

main().catch((error) => {
  say(error.message)
  process.exitCode = 1
})
