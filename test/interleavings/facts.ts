/** What happened, as an onlooker sees it: who asked when for what, and when the answer was there. Ticks order it all. */
import type { Report, Scope } from 'endsession'

export interface SessionFact {
  readonly name: string
  readonly id: string
  readonly cookie: string
  readonly jar: string
  readonly sub: string
  readonly sid: string
  /** `iat` and `auth_time` of its ID token. */
  readonly signedInAt: number
  readonly authTime: number
  /** When its login began; when the browser came back from the provider; when it had the cookie. */
  readonly begin: number
  readonly callback: number
  readonly ack: number
  /** The store's clock. */
  readonly openedAfter: number
  readonly openedBefore: number
  /** The live session that its browser had when the login began. */
  readonly startedWith?: string
}

export type EndFact = {
  readonly begin: number
  /** Absent while nobody has confirmed it. */
  ack?: number
  /** The store's clock. */
  readonly beginAt: number
  ackAt?: number
} & (
  | { readonly kind: 'logout'; scope: Scope; readonly target: SessionFact; report?: Report; plan?: string | undefined }
  | { readonly kind: 'sid'; readonly sid: string; readonly iat: number }
  | { readonly kind: 'sub'; readonly sub: string; readonly iat: number }
  | { readonly kind: 'replaced'; readonly target: SessionFact }
)

export interface CheckFact {
  readonly session: SessionFact
  readonly begin: number
  readonly ack: number
  readonly ackAt: number
  readonly alive: boolean
}

export interface Facts {
  readonly sessions: SessionFact[]
  readonly ends: EndFact[]
  readonly checks: CheckFact[]
}

export interface OracleLimits {
  readonly absoluteSeconds: number
  readonly idleSeconds: number
  readonly endedSeconds: number
  /** How far the provider's clock is ahead of the store's. */
  readonly skew: number
}

/** An end after which this session must not serve: confirmed by that tick. */
function hasKilled(end: EndFact, session: SessionFact, tick: number): boolean {
  if (end.ack === undefined || end.ack > tick) return false
  switch (end.kind) {
    case 'replaced':
      return end.target === session
    case 'sid':
      return end.sid === session.sid && session.signedInAt <= end.iat + 60
    case 'sub':
      return end.sub === session.sub && session.signedInAt <= end.iat
    case 'logout': {
      if (end.target === session) return true
      if (!reaches(end, session)) return false
      // Late answers to logins from before; and, the first time, those that were there already.
      const first = end.report?.layers.app.reason === 'record_ended'
      return session.signedInAt <= end.target.signedInAt || (first && session.ack < end.begin)
    }
  }
}

/** An end that may have taken this session, confirmed or not. */
function mayHaveKilled(end: EndFact, session: SessionFact, { skew }: OracleLimits, now: number): boolean {
  switch (end.kind) {
    case 'replaced':
      return end.target === session
    case 'sid':
      return end.sid === session.sid && session.signedInAt <= end.iat + 60
    case 'sub':
      return end.sub === session.sub && session.signedInAt <= end.iat
    case 'logout':
      return (
        end.target === session ||
        (reaches(end, session) && session.signedInAt <= Math.ceil(((end.ack && end.ackAt) ?? now) + skew) + 1)
      )
  }
}

function reaches(end: EndFact & { readonly kind: 'logout' }, session: SessionFact): boolean {
  if (end.scope === 'app') return end.target === session
  return end.target.sid === session.sid || (end.scope === 'everywhere' && end.target.sub === session.sub)
}

/** What the facts break, in words; nothing when they hold. Knows no store and no mark. */
export function violations({ sessions, ends, checks }: Facts, limits: OracleLimits): readonly string[] {
  const found: string[] = []
  const say = (rule: string, text: string) => void found.push(`${rule}: ${text}`)

  for (const { session, begin, ack, ackAt, alive } of checks) {
    const killer = ends.find((end) => hasKilled(end, session, begin))
    if (alive && killer) say('A3', `${session.name} serves after its end was confirmed (${killer.kind})`)
    if (alive && ackAt >= session.openedBefore + limits.absoluteSeconds && begin > session.ack)
      say('A3', `${session.name} serves after its time`)
    const reason = ends.some((end) => end.begin < ack && mayHaveKilled(end, session, limits, ackAt))
    const expired = ackAt - session.openedAfter >= limits.idleSeconds
    if (!alive && !reason && !expired) say('A4', `${session.name} is refused though nothing reached it`)
    const earlier = checks.find((other) => other.session === session && !other.alive && other.ack < begin)
    if (alive && earlier) say('A3', `${session.name} came back to life`)
  }
  for (const session of sessions) {
    const before = ends.find(
      (end) =>
        end.kind === 'logout' &&
        end.target.id === session.startedWith &&
        end.ack !== undefined &&
        end.ack < session.callback &&
        end.report?.layers.app.reason === 'record_ended',
    )
    if (before) say('A3', `${session.name} was opened by a login that began with a session that has ended since`)
    for (const end of ends) {
      if (
        end.kind !== 'logout' ||
        end.scope === 'app' ||
        end.ack === undefined ||
        end.ack > session.begin ||
        !reaches(end, session)
      )
        continue
      // A second click asks as of the first end, whichever that was.
      const first = Math.min(
        ...ends
          .filter((other) => mayHaveKilled(other, end.target, limits, Number.POSITIVE_INFINITY))
          .map(({ beginAt }) => beginAt),
      )
      const asOf = end.target.signedInAt + Math.floor(first - end.target.openedBefore)
      if (session.authTime <= asOf)
        say('A3', `${session.name} was opened without the login screen that the logout asked for`)
    }
  }
  const logouts = ends.filter((end) => end.kind === 'logout').filter((end) => end.plan !== undefined)
  for (const one of logouts)
    for (const other of logouts) {
      const soon = Math.abs((other.ackAt ?? 0) - (one.ackAt ?? 0)) < limits.endedSeconds
      if (one.target === other.target && soon && one.plan !== other.plan)
        say('A13', `two logouts of ${one.target.name} got two plans:\n  ${one.plan}\n  ${other.plan}`)
    }
  return [...new Set(found)]
}
