import type { RequestListener } from 'node:http'
import type { Answers, SwitchName } from '../messages.ts'
import type { Plan } from '../plan.ts'

type Switches = Record<SwitchName, boolean>

/** How Example ID behaves; the control room changes it while it runs. */
export function makeSwitches(plan: Plan): {
  readonly switches: Readonly<Switches>
  readonly setSwitch: NonNullable<Answers['setSwitch']>
} {
  const switches: Switches = {
    down: false,
    slow: false,
    asks: plan.providerAsks,
    upstreamStays: plan.upstreamStays,
  }
  return {
    switches,
    setSwitch({ name, on }) {
      switches[name] = on
      return undefined
    },
  }
}

/** Servers of the apps give up after three seconds, a person after some more. */
const slowSeconds = { calls: 5, pages: 1 } as const

/** Down: each connection breaks off. Slow: everything takes its time. */
export function listenWithTrouble(listener: RequestListener, switches: Readonly<Switches>): RequestListener {
  return (request, response) => {
    if (switches.down) {
      request.socket.destroy()
      return
    }
    if (!switches.slow) {
      listener(request, response)
      return
    }
    const isCall = /^\/(token|jwks|\.well-known)/.test(request.url ?? '')
    setTimeout(
      () => {
        if (!request.destroyed) listener(request, response)
      },
      slowSeconds[isCall ? 'calls' : 'pages'] * 1000,
    )
  }
}

/** The last logout token for this address, kept so that it can come late, or twice. */
export function rememberLogoutToken(
  send: typeof fetch,
  address: string,
): { readonly fetch: typeof fetch; readonly repeat: NonNullable<Answers['repeatLogoutToken']> } {
  let last: RequestInit | undefined
  return {
    fetch(input, init) {
      if (String(input) === address) last = { ...init, signal: null }
      return send(input, init)
    },
    async repeat() {
      if (!last) return undefined
      const answer = await send(address, { ...last, signal: AbortSignal.timeout(5000) })
      await answer.body?.cancel()
      return answer.status
    },
  }
}
