import { memoryStore } from 'endsession'
import { expect, it, vi } from 'vitest'
import { anything } from './plays.ts'
import { seededChoices } from './scheduler.ts'
import { makeStage } from './stage.ts'
vi.mock(import('../../packages/endsession/src/protocol/keys.ts'), async (original) => (await import('./unsigned.ts')).unverified(await original()))
vi.mock(import('../../packages/endsession/src/testing/fake-keys.ts'), async (original) => (await import('./unsigned.ts')).unsigned(await original()))
it('try', async () => {
  const stage = await makeStage()
  const t = Date.now()
  let steps = 0, bad = 0, sessions = 0
  for (let seed = Number(process.env.FROM ?? 1); seed <= Number(process.env.TO ?? 1000); seed++) {
    const o = await stage.play((now) => { const s = memoryStore({ now }); return [s, s] }, seededChoices(seed), anything)
    steps += o.trace.length; sessions += o.sessions
    if (seed % 100 === 0) console.log(seed, Date.now() - t)
    if (o.violations.length && bad++ < 3) console.log(seed, o.violations, o.trace.join('\n'))
  }
  console.log(Date.now() - t, 'ms', steps, 'steps', sessions, 'sessions', bad, 'bad')
  await stage.close()
}, 120000)
