// What a session check and a back-channel logout cost, beside what people use today. `npm run bench -- --help`
import { parseArgs } from 'node:util'
import { backchannelContenders } from './backchannel.mjs'
import { checkContenders } from './checks.mjs'
import { benchGuard, guardAsText } from './guard.mjs'
import { measure } from './measure.mjs'
import { asText, compare } from './report.mjs'

const help = `npm run bench -- [--json] [--quick] [--only check|backchannel|guard]

Runs everything in this process, in rounds that take turns, and prints ratios: they say more about the code than about
the machine. A target that is missed is marked; the exit code is 0 all the same.

  --json    one JSON object on stdout, nothing else
  --quick   a third of the rounds
  --only    one of the three parts
  --help    this text`

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    only: { type: 'string' },
    help: { type: 'boolean' },
  },
})
if (values.help) {
  console.log(help)
} else {
  const say = (line) => process.stderr.write(`${line}\n`)
  const rounds = values.quick ? 5 : 11
  const parts = [
    ['check', 'Session checks', checkContenders],
    ['backchannel', 'Back-channel logouts', backchannelContenders],
  ].filter(([name]) => values.only === undefined || values.only === name)
  const results = []
  for (const [name, title, make] of parts) {
    say(`${title}: preparing`)
    const { contenders, targets, notes, close } = await make(say)
    const measured = await measure(contenders, { rounds, roundMilliseconds: 150, mostMilliseconds: 25_000, say })
    await close()
    results.push(compare({ name, title, notes, measured, targets }))
  }
  const guard = values.only === undefined || values.only === 'guard' ? await benchGuard(say) : undefined
  const node = process.versions.node
  if (values.json) console.log(JSON.stringify({ node, parts: results, guard }, undefined, 2))
  else console.log([asText(results, node), ...(guard ? [guardAsText(guard)] : [])].join('\n'))
}
