import type { Layer } from 'endsession'
import { parse } from 'node-html-parser'
import { byLayer } from '../once/result.ts'
import { send } from '../once/send.ts'
import type { Plan } from '../plan.ts'
import type { Running } from '../start.ts'
import { type AllFound, type Found, tryEveryDoor } from './auditor.ts'
import type { Cast } from './cast.ts'
import type { Control } from './control.ts'
import type { Seen } from './exchange.ts'
import type { Claim } from './storeys.ts'

/** Goes round the doors, and remembers which of them it has ever seen open. */
export interface Inspector {
  /** Nothing: there is nothing to try yet, or it is not what it was when the round began. */
  goRound(cast: Cast, claim: Claim | undefined, watch?: (seen: Seen) => void): Promise<AllFound | undefined>
  /** A new beginning: nothing was seen open yet. */
  forget(): void
}

export function createInspector(plan: Plan, running: Running, control: Control): Inspector {
  const seenOpen = new Set<Layer>()
  return {
    async goRound(cast, claim, watch) {
      const { copies, laptop } = cast
      if (copies.length === 0) return undefined
      const [found, phone] = await Promise.all([
        tryEveryDoor({ plan, running, laptop, copies, control: control.token, watch }),
        cast.phoneIsThere ? lookAtPhone(plan, cast) : undefined,
      ])
      if (copies !== cast.copies) return undefined
      const all = phone ? { ...found, browser: addPhone(found.browser, phone, claim) } : found
      for (const [layer, { observed }] of Object.entries(all)) if (observed === 'alive') seenOpen.add(layer as Layer)
      return byLayer((layer) => (seenOpen.has(layer) ? all[layer] : neverOpen(all[layer])))
    },
    forget: () => seenOpen.clear(),
  }
}

/** As in any experiment: what never worked cannot be shown to have stopped. */
function neverOpen(found: Found): Found {
  return found.observed === 'over' ? { observed: 'not seen', how: `${found.how}; it never was open` } : found
}

interface Phone {
  readonly signedIn: boolean
  readonly title: string
}

async function lookAtPhone(plan: Plan, { phone }: Cast): Promise<Phone | undefined> {
  const cookie = await phone.cookies(plan.urls.mail)
  const headers = { cookie, accept: 'text/html' }
  const answer = await send(new URL(plan.urls.mail), { headers, deadlineSeconds: 2 }).catch(() => undefined)
  if (answer?.status !== 200) return undefined
  const page = parse(answer.text)
  const title = page.querySelector('h1')?.text.trim() ?? ''
  return { signedIn: page.querySelector('[data-signed-in]') !== null, title }
}

/** A logout of one device says nothing about the other. */
function addPhone(laptop: Found, { signedIn, title }: Phone, claim: Claim | undefined): Found {
  const counts = signedIn && claim?.scope === 'everywhere'
  return { ...laptop, ...(counts && { observed: 'alive' as const }), how: `${laptop.how}; her phone: “${title}”` }
}
