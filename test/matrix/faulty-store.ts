import type { Store } from 'endsession'

/** A store whose calls are told, and can be made to fail while it runs. */
export interface FaultyStore {
  readonly store: Store
  /** Before a call: whatever it throws or waits for, the call throws or waits for. */
  readonly before: { [Method in keyof Store]?: (...args: Parameters<Store[Method]>) => unknown }
  /** In place of an answer. */
  readonly answers: { [Method in keyof Store]?: unknown }
  /** Called as each call begins and as it has been answered: `end`, `end answered`. */
  tell: (step: string) => void
}

export function faultyStore(inner: Store): FaultyStore {
  const faulty: FaultyStore = { store: {} as Store, before: {}, answers: {}, tell: () => {} }
  const { before, answers } = faulty as unknown as Record<string, Record<string, (...args: unknown[]) => unknown>>
  for (const [name, method] of Object.entries(inner) as [string, (...args: unknown[]) => unknown][]) {
    const watched = async (...args: unknown[]) => {
      faulty.tell(name)
      await before?.[name]?.(...args)
      const answer = await method(...args)
      faulty.tell(`${name} answered`)
      return answers && name in answers ? answers[name] : answer
    }
    const passes = name === 'reached' || name === 'feed'
    Object.assign(faulty.store, { [name]: passes ? method : watched })
  }
  return faulty
}

export const fails = (): never => {
  throw new Error('the disk is full')
}

export const hangs = (): Promise<never> => new Promise(() => {})
