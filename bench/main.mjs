// What a session check, a logout and a guard cost, beside what people use today and on each store. `npm run bench -- --help`
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { authjsContenders } from './authjs.mjs'
import { backchannelContenders } from './backchannel.mjs'
import { checkContenders } from './checks.mjs'
import { benchGuard, describeGuard } from './guard.mjs'
import { measure } from './measure.mjs'
import { describeSize, measureRedisSize } from './redis-size.mjs'
import { asMarkdown, asText, compare } from './report.mjs'
import { storeParts } from './stores.mjs'

const names = ['check', 'authjs', 'backchannel', 'guard', 'stores', 'size']
const resultsFile = new URL('RESULTS.md', import.meta.url)

const help = `npm run bench -- [--json] [--quick] [--write] [--only ${names.join('|')}]

Runs everything in rounds that take turns, and prints ratios: they say more about the code than about the machine.
A target that is missed is marked; the exit code is 0 all the same. Redis and Postgres are started where they are
installed, on loopback, in folders of their own, and left out elsewhere. About nine minutes; a third of that with --quick.

  --json    one JSON object on stdout, nothing else
  --quick   a third of the rounds, and no more than 100 000 sessions in Redis
  --write   writes bench/RESULTS.md as well
  --only    one of the six parts
  --help    this text`

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    write: { type: 'boolean' },
    only: { type: 'string' },
    help: { type: 'boolean' },
  },
})
const say = (line) => process.stderr.write(`${line}\n`)
const wanted = (name) => values.only === undefined || values.only === name

if (values.help) {
  console.log(help)
} else if (values.only !== undefined && !names.includes(values.only)) {
  say(`--only ${values.only}: is one of ${names.join(', ')}`)
  process.exitCode = 2
} else {
  const results = await run()
  if (values.write) writeFileSync(resultsFile, asMarkdown(results))
  console.log(values.json ? JSON.stringify(results, undefined, 2) : asText(results))
}

async function run() {
  const parts = []
  const turns = { rounds: values.quick ? 5 : 11, roundMilliseconds: 150, mostMilliseconds: 40_000, say }
  const take = async ({ name, title, notes, targets, contenders }) => {
    say(title)
    parts.push(compare({ name, title, notes, targets, measured: await measure(contenders, turns) }))
  }
  for (const [name, title, make] of [
    ['check', 'Session checks', checkContenders],
    ['authjs', 'Auth.js 5, wrapped and plain', authjsContenders],
    ['backchannel', 'Back-channel logouts', backchannelContenders],
  ]) {
    if (!wanted(name)) continue
    const { close, ...part } = await make(say)
    await take({ ...part, name, title })
    await close()
  }
  if (wanted('stores')) {
    const { parts: made, close } = await storeParts(say)
    for (const part of made) await take(part)
    await close()
  }
  const guard = wanted('guard') ? describeGuard(await benchGuard(say)) : undefined
  const sizes = [1_000, 10_000, 100_000, ...(values.quick ? [] : [1_000_000])]
  const size = wanted('size') ? describeSize(await measureRedisSize(say, sizes)) : undefined
  return { node: process.versions.node, quick: values.quick === true, parts, texts: [guard, size].filter(Boolean) }
}
