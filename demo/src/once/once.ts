import type { Plan } from '../plan.ts'
import type { Running } from '../start.ts'
import { describeEndsession, describeUsual, judge } from './result.ts'
import { playRound } from './round.ts'
import { drawTable } from './table.ts'

/** The usual logout beside endsession's, each tried by a thief afterwards. `output` is for stdout, and all of it. */
export async function runOnce(
  plan: Plan,
  running: Running,
  json: boolean,
  say: (line: string) => void,
): Promise<{ readonly output: string; readonly passed: boolean; readonly verdict: string }> {
  say('the usual logout:')
  const usual = await playRound('usual', plan, running, say)
  say('the logout with endsession:')
  const { sights, report } = await playRound('endsession', plan, running, say)
  if (!report) throw new Error('Mail made no report of the logout')

  const result = { usual: describeUsual(usual.sights), endsession: describeEndsession(report, sights) }
  return { output: json ? JSON.stringify(result, null, 2) : drawTable(result), ...judge(result) }
}
