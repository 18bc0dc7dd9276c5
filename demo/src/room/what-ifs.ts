import { isSignedIn } from '../once/replay.ts'
import { logInNow, logOutWithEndsession, type Played, type Stage } from './actions.ts'
import { enter, show } from './cast.ts'
import type { WhatIfId } from './state.ts'
import { claimOfReport } from './storeys.ts'
import * as stories from './stories.ts'

export async function playWhatIf(stage: Stage, id: WhatIfId): Promise<Played> {
  const { switches, claim } = stage
  if (switches.isSwitch(id)) {
    const on = !switches.isOn(id)
    await switches.set(id, on)
    return { story: stories.turn(id, on), claim }
  }
  if (id === 'second-device') return logInPhone(stage)
  if (id === 'end-all-devices') return endOthers(stage)
  if (id === 'admin-ends') return endAsAdmin(stage)
  return repeatLogoutToken(stage, id === 'logout-token-twice' ? 2 : 1)
}

async function logInPhone(stage: Stage): Promise<Played> {
  const claim = await logInLaptop(stage)
  stage.say('Ana’s phone logs in…')
  return { story: stories.phoneLoggedIn(await enterPhone(stage)), claim }
}

async function enterPhone({ plan, cast }: Stage): Promise<boolean> {
  const entered = (await enter(plan, cast, cast.phone, 'mail')) !== 'not'
  if (entered) cast.phoneIsThere = true
  return entered
}

/** Devices of somebody who is out everywhere would show nothing. A claim goes on where no login was needed. */
async function logInLaptop(stage: Stage): Promise<Played['claim']> {
  stage.say('Ana logs in first…')
  return (await logInNow(stage)) === 'was in' ? stage.claim : undefined
}

async function endOthers(stage: Stage): Promise<Played> {
  const { plan, cast } = stage
  const claim = await logInLaptop(stage)
  if (!(await enterPhone(stage))) return { story: stories.phoneLoggedIn(false), claim }
  stage.say('Ana ends her other devices…')
  const list = await cast.laptop.open(`${plan.urls.mail}/devices`)
  await cast.laptop.press(list, 'End all others')
  cast.endedAt = performance.now()
  const isOut = !isSignedIn(await cast.phone.open(plan.urls.mail))
  return { story: stories.othersEnded(isOut), claim }
}

async function endAsAdmin(stage: Stage): Promise<Played> {
  const { plan, running, cast } = stage
  await logInLaptop(stage)
  stage.say('An administrator ends Ana’s sessions…')
  const report = await running.ask('mail', 'endPerson', 'ana')
  cast.endedAt = performance.now()
  show(cast, await cast.laptop.open(plan.urls.mail))
  return { story: stories.endedByAdmin, claim: claimOfReport(report), thief: true }
}

/** A logout message that was sent when she logged out at Calendar comes once more, after she is in again. */
async function repeatLogoutToken(stage: Stage, times: number): Promise<Played> {
  const { plan, running, cast } = stage
  await logInLaptop(stage)
  await logOutWithEndsession(stage, 'provider')
  stage.say('Ana logs in again…')
  await logInNow(stage)
  stage.say('The old logout message comes again…')
  let status: number | undefined
  for (let time = 0; time < times; time++) status = await running.ask('provider', 'repeatLogoutToken', undefined)
  const stillIn = isSignedIn(await cast.laptop.open(plan.urls.calendar))
  return { story: stories.lateMessage(status, times, stillIn), claim: undefined }
}
