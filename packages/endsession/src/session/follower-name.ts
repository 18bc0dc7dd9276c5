/** A guard's instance as followers are listed: which guard, which process, and what its silence means. */
export interface FollowerName {
  readonly guard: string
  readonly instance: string
  /** After so many seconds of silence it refuses everything; absent where it may go on without the feed. */
  readonly refusesAfter?: number
}

export function followerName(guard: string, instance: string, refusesAfter: number | undefined): string {
  return [guard, instance, ...(refusesAfter === undefined ? [] : [refusesAfter])].join('/')
}

export function readFollowerName(name: string): FollowerName {
  const [guard = '', instance = '', seconds] = name.split('/')
  return { guard, instance, ...(seconds !== undefined && { refusesAfter: Number(seconds) }) }
}
