import { leaveJobs } from '../once/jobs.ts'
import type { Plan } from '../plan.ts'
import { epochNow } from '../servers/serve.ts'
import type { Running } from '../start.ts'
import * as actions from './actions.ts'
import type { AllFound } from './auditor.ts'
import { type Cast, makeCast } from './cast.ts'
import { makeControl } from './control.ts'
import { sessionAt } from './copies.ts'
import { describeExchange, type Filmed, type Seen } from './exchange.ts'
import { makeFilm } from './film.ts'
import { hearServers } from './heard.ts'
import { createInspector } from './inspector.ts'
import type { Press, Room, RoomState } from './state.ts'
import { type Claim, describeHeadline, describeStoreys } from './storeys.ts'
import * as stories from './stories.ts'
import { describeWhatIfs, makeSwitches, nameOfWhatIf, whyNot } from './switches.ts'
import { playWhatIf } from './what-ifs.ts'

/** What the room knows, and its page shows. */
interface Memory {
  readonly step: RoomState['step']
  readonly busy: string | undefined
  readonly story: string
  readonly claim: Claim | undefined
  readonly sights: AllFound | undefined
  readonly backIn: boolean
  readonly problem: string | undefined
}

interface Work {
  readonly stop: AbortController
  readonly done: Promise<void>
}

/** With a provider that is slow a login takes some twenty seconds. */
const actionSeconds = 90
const roundSeconds = 2
/** The film does not go back farther. */
const actsAtMost = 100

const blank: Memory = {
  step: 0,
  busy: undefined,
  story: stories.opening,
  claim: undefined,
  sights: undefined,
  backIn: false,
  problem: undefined,
}

export function createRoom(plan: Plan, running: Running): Room {
  const closed = plan.auth.apps === 'disabled' ? stories.disabled : undefined
  const film = makeFilm()
  const switches = makeSwitches(plan, running)
  const watchers = new Set<(state: RoomState) => void>()
  let memory: Memory = closed ? { ...blank, story: closed } : blank
  let revision = 0
  /** What was being done since when. */
  let acts: readonly { readonly from: number; readonly title: string }[] = []
  let work: Work | undefined
  let going = false
  /** What Ben does is nobody's business. */
  let hidden = { from: 0, to: 0 }

  const heard = hearServers(plan, running, (filmed) => {
    const isBens = filmed.startedAt >= hidden.from && filmed.startedAt <= hidden.to
    if (!isBens) record(filmed)
  })
  const control = makeControl(plan, heard)
  const inspector = createInspector(plan, running, control)
  const watch = (seen: Seen) => {
    const filmed = describeExchange(plan, seen)
    if (filmed) record(filmed)
  }
  const makeNewCast = () =>
    makeCast({ plan, watch: (from, traffic) => watch({ from, ...traffic }), signal: () => work?.stop.signal })
  let cast: Cast = makeNewCast()

  /** What began before the first button was pressed belongs to nothing that is shown. */
  function record(filmed: Filmed): void {
    const act = acts.findLast(({ from }) => from <= filmed.startedAt)
    if (act) film.add(filmed, act.title)
    change({})
  }

  function describe(): RoomState {
    const { step, busy, story, claim, sights, backIn, problem } = memory
    const storeys = describeStoreys(claim, sights, plan.next !== undefined)
    return {
      revision,
      step,
      busy,
      headline: closed ? 'Nothing to log out' : describeHeadline(storeys, backIn),
      story,
      storeys,
      film: film.exchanges(),
      whatIfs: describeWhatIfs(plan, switches, closed),
      screen: cast.screen,
      problem,
    }
  }

  function change(news: Partial<Memory>): void {
    memory = { ...memory, ...news }
    revision += 1
    if (watchers.size === 0) return
    const state = describe()
    for (const changed of watchers) changed(state)
  }

  function begin(press: Press): void {
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(), actionSeconds * 1000)
    const done = play(press)
      .catch((error: Error) => {
        const why = stop.signal.aborted ? 'It took too long and was given up.' : error.message
        change({ problem: `That did not work. ${why}` })
      })
      .finally(() => {
        clearTimeout(timer)
        work = undefined
        // What servers do now, nobody here has asked for.
        if (acts.length > 0) acts = [...acts, { from: epochNow(), title: 'Meanwhile' }].slice(-actsAtMost)
        change({ busy: undefined })
      })
    work = { stop, done }
  }

  async function play(press: Press): Promise<void> {
    if ('reset' in press) return beginAnew()
    const why = 'whatIf' in press ? whyNot(plan, press.whatIf) : undefined
    if (why) return change({ problem: why })
    change({ busy: 'One moment…', problem: undefined })
    await hideBen()
    acts = [...acts, { from: epochNow(), title: titleOf(press) }]
    const { claim } = memory
    const say = (busy: string) => change({ busy })
    const lookAround = async () => {
      inspector.forget()
      const sights = await inspector.goRound(cast, undefined)
      if (sights) change({ sights, claim: undefined, backIn: false })
    }
    const played = await act({ plan, running, cast, heard, switches, claim, say, lookAround }, press)
    const step = 'button' in press ? press.button : memory.step
    change({ busy: 'The auditor tries every door…', step })
    const sights = await inspector.goRound(cast, played.claim, played.thief ? watch : undefined)
    const { story, backIn = false } = played
    change({ story, claim: played.claim, backIn, ...(sights && { sights }) })
  }

  /** The auditor needs somebody whom no logout concerns. Without him it says what it cannot tell. */
  async function hideBen(): Promise<void> {
    const from = epochNow()
    hidden = { from, to: Number.POSITIVE_INFINITY }
    await control.refresh().catch(() => {})
    hidden = { from, to: epochNow() }
  }

  async function beginAnew(): Promise<void> {
    const busy = 'Everything begins anew…'
    const old = cast
    acts = []
    // The marks of what has ended outlive this room's memory.
    cast = { ...makeNewCast(), endedAt: old.endedAt }
    film.clear()
    inspector.forget()
    change({ ...blank, busy, story: stories.reset })
    await switches.reset()
    for (const app of ['mail', 'calendar'] as const) await running.ask(app, 'forgetPerson', 'ana')
    if (plan.next !== undefined) await leaveJobs(plan, old.laptop).catch(() => {})
    for (const at of ['provider', 'acme'] as const) {
      for (const browser of [old.laptop, old.phone]) {
        const id = await sessionAt(browser, plan.urls[at])
        if (id !== undefined) await running.ask(at, 'forgetSession', id)
      }
    }
  }

  async function goRoundAgain(): Promise<void> {
    if (work || closed) return
    const sights = await inspector.goRound(cast, memory.claim)
    const changed = sights && JSON.stringify(sights) !== JSON.stringify(memory.sights)
    // What was seen while something was being done may be neither before nor after it.
    if (changed && !work) change({ sights })
  }

  /** One round after the other, as long as somebody looks. */
  async function keepGoingRound(): Promise<void> {
    if (going) return
    going = true
    while (watchers.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, roundSeconds * 1000))
      await goRoundAgain().catch(() => {})
    }
    going = false
  }

  return {
    state: describe,
    press(press) {
      if (closed) return true
      if (work && !('reset' in press)) return false
      if (!work) {
        begin(press)
        return true
      }
      // A new beginning does not wait for what is in the way.
      work.stop.abort()
      void work.done.then(() => !work && begin(press))
      return true
    },
    watch(changed) {
      watchers.add(changed)
      void keepGoingRound()
      return () => watchers.delete(changed)
    },
  }
}

function act(stage: actions.Stage, press: Exclude<Press, { reset: true }>): Promise<actions.Played> {
  if ('whatIf' in press) return playWhatIf(stage, press.whatIf)
  if (press.button === 1) return actions.logInAsAna(stage)
  if (press.button === 2) return actions.logOutTheUsualWay(stage)
  if (press.button === 4) return actions.logOutWithEndsession(stage, press.scope)
  return actions.tryToGetBackIn(stage)
}

const titles = {
  1: '1 Log in as Ana',
  2: '2 Log out the usual way',
  3: '3 Try to get back in',
  4: '4 Log out with endsession',
  5: '5 Try to get back in',
} as const

function titleOf(press: Exclude<Press, { reset: true }>): string {
  if ('whatIf' in press) return `What if… ${nameOfWhatIf(press.whatIf)}`
  return press.button === 4 ? `${titles[4]} (${press.scope})` : titles[press.button]
}
