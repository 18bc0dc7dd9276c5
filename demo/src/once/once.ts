import type { Wishes } from '../arguments.ts'
import { describeEndsession, describeUsual, judge, toJson } from './result.ts'
import { playRound, type Stage } from './round.ts'
import { drawTable } from './table.ts'

/** The usual logout beside endsession's, each tried by a thief afterwards. `output` is for stdout, and all of it. */
export async function runOnce(
  stage: Stage,
  { json }: Pick<Wishes, 'json'>,
): Promise<{ readonly output: string; readonly passed: boolean; readonly verdict: string }> {
  stage.say('the usual logout:')
  const usual = await playRound('usual', stage)
  stage.say('the logout with endsession:')
  const { sights, report } = await playRound('endsession', stage)
  if (!report) throw new Error('Mail made no report of the logout')

  const result = { usual: describeUsual(usual.sights), endsession: describeEndsession(report, sights) }
  return { output: json ? toJson(result) : drawTable(result), ...judge(result) }
}
