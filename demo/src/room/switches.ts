import type { SwitchName } from '../messages.ts'
import type { Plan } from '../plan.ts'
import type { Running } from '../start.ts'
import type { WhatIf, WhatIfId } from './state.ts'

/** What can go wrong, on and off. */
export interface Switches {
  isOn(id: WhatIfId): boolean
  isSwitch(id: WhatIfId): boolean
  set(id: WhatIfId, on: boolean): Promise<void>
  /** As they were at the beginning. */
  reset(): Promise<void>
}

const atProvider: Readonly<Partial<Record<WhatIfId, SwitchName>>> = {
  'provider-down': 'down',
  'provider-slow': 'slow',
  decline: 'asks',
  'upstream-stays': 'upstreamStays',
}

const switchIds: readonly WhatIfId[] = ['provider-down', 'provider-slow', 'decline', 'guard-stopped', 'upstream-stays']

export function makeSwitches(plan: Plan, running: Running): Switches {
  const first: readonly WhatIfId[] = [
    ...(plan.providerAsks ? (['decline'] as const) : []),
    ...(plan.upstreamStays ? (['upstream-stays'] as const) : []),
  ]
  const on = new Set<WhatIfId>(first)

  async function set(id: WhatIfId, wanted: boolean): Promise<void> {
    if (wanted === on.has(id)) return
    const name = atProvider[id]
    if (name) await running.ask('provider', 'setSwitch', { name, on: wanted })
    else if (wanted) running.pause('api')
    else running.resume('api')
    if (wanted) on.add(id)
    else on.delete(id)
  }

  return {
    isOn: (id) => on.has(id),
    isSwitch: (id) => switchIds.includes(id),
    set,
    async reset() {
      for (const id of switchIds) await set(id, first.includes(id))
    },
  }
}

const catalogue: readonly (readonly [id: WhatIfId, name: string, about: string])[] = [
  [
    'second-device',
    'Ana’s phone logs in',
    'A second device: a logout on the laptop leaves it alone, unless it is meant to reach it.',
  ],
  [
    'end-all-devices',
    'End all other devices',
    'From the laptop’s list of devices: the phone is out, the laptop stays.',
  ],
  ['admin-ends', 'An administrator ends her', 'All her sessions at Mail, without any of her browsers taking part.'],
  ['provider-down', 'Example ID is down', 'Every connection to it breaks off. Mail’s own session ends all the same.'],
  [
    'provider-slow',
    'Example ID is slow',
    'Servers wait five seconds for it, pages one. Nobody stays logged in because of that.',
  ],
  [
    'decline',
    '“No, stay signed in”',
    'Example ID asks before it logs her out, and she says no. The report must not say that it ended.',
  ],
  [
    'logout-token-late',
    'A logout message comes late',
    'She has logged in again since: the late message may end only what is older than itself.',
  ],
  [
    'logout-token-twice',
    'A logout message comes twice',
    'The same message to Calendar, two more times: the same answer, and nothing newer ends.',
  ],
  [
    'guard-stopped',
    'The API stands still',
    'It can neither confirm nor refuse anything, and the report must not say that it did.',
  ],
  [
    'upstream-stays',
    'Acme is not told',
    'Acme’s session lives on. endsession says the same as ever, “unknown”: it cannot see the difference.',
  ],
]

export const nameOfWhatIf = (id: WhatIfId): string => catalogue.find(([known]) => known === id)?.[1] ?? id

export function isWhatIf(id: string): id is WhatIfId {
  return catalogue.some(([known]) => known === id)
}

/** `closed`: why nothing can be pressed at all. */
export function describeWhatIfs(plan: Plan, switches: Switches, closed: string | undefined): readonly WhatIf[] {
  return catalogue.map(([id, name, about]) => ({
    id,
    name,
    about,
    kind: switches.isSwitch(id) ? 'switch' : 'act',
    on: switches.isOn(id),
    unavailable: closed ?? whyNot(plan, id),
  }))
}

/** What Keycloak does not do when it is told to. */
const notWithKeycloak: readonly WhatIfId[] = [
  'provider-down',
  'provider-slow',
  'decline',
  'logout-token-late',
  'logout-token-twice',
]

export function whyNot({ provider }: Plan, id: WhatIfId): string | undefined {
  const standsStill = id === 'guard-stopped' && process.platform === 'win32'
  if (standsStill) return 'This system cannot stop a process and let it go on.'
  const isOwn = provider === 'keycloak' && notWithKeycloak.includes(id)
  return isOwn ? 'Only the demo’s own provider can be told to do that. Start without --provider keycloak.' : undefined
}
